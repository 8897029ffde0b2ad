//! An app without a logger: the first fault is told on standard error, once.

use std::{
    env,
    process::{Command, Stdio},
};

use actix_web::get;
use l402_actix::{L402Client, L402Config, l402};
use l402_sandbox::Sandbox;
use l402_tests::Api;

#[get("/weather")]
#[l402(price_sats = 100)]
async fn weather() -> &'static str {
    "sunny"
}

#[get("/without-a-price")]
#[l402]
async fn without_a_price() -> &'static str {
    "never"
}

/// Asks each route twice in a process of its own, which has no logger, and returns what that says.
fn said(case: &str) -> String {
    let mut this = Command::new(env::current_exe().unwrap());
    this.args(["--exact", "no_logger::an_app_without_a_logger", "--nocapture"]).env("CASE", case);
    let done = this.stdout(Stdio::null()).stderr(Stdio::piped()).output().unwrap();
    assert!(done.status.success());
    let said = String::from_utf8(done.stderr).unwrap();
    assert_eq!(said.matches("l402-actix: ").count(), 1, "{said}");
    assert!(said.contains("tracing_subscriber::fmt::init()"), "{said}");
    said
}

/// The child of the tests below; by itself it does nothing.
#[actix_web::test]
async fn an_app_without_a_logger() {
    let Ok(case) = env::var("CASE") else { return };
    let sandbox = Sandbox::start().await;
    let (path, client) = match case.as_str() {
        "key" => (
            "/weather",
            L402Client::builder("another-key").base_url(sandbox.url()).build().unwrap(),
        ),
        "tls" => {
            let url = sandbox.url().replace("http://", "https://");
            ("/weather", L402Client::builder("key").base_url(url).build().unwrap())
        }
        _ => ("/without-a-price", sandbox.client()),
    };
    let config = L402Config::new(client);
    let api = Api::serve(move |app| {
        app.app_data(config.clone()).service(weather).service(without_a_price);
    })
    .await;
    for _ in 0..2 {
        let status = api.get(path).send().await.unwrap().status();
        assert!(status.is_server_error(), "{status}");
    }
}

#[test]
fn a_refused_key_is_told_with_the_variable_that_it_comes_from() {
    let said = said("key");
    assert!(said.contains("/weather") && said.contains("LIGHTNING_ENABLE_API_KEY"), "{said}");
    assert!(!said.contains("another-key"), "{said}");
}

#[test]
fn https_to_a_plain_port_is_told_in_words() {
    let said = said("tls");
    assert!(said.contains("does not speak TLS") && said.contains("http://"), "{said}");
}

#[test]
fn a_route_without_a_price_is_told_by_its_pattern() {
    let said = said("price");
    assert!(said.contains("/without-a-price") && said.contains("price"), "{said}");
}
