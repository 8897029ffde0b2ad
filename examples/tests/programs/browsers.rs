//! The browsers example as a browser meets it: what it may read, and what it may send.

use std::{
    env,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

const ORIGIN: &str = "https://app.example";

struct Shop {
    program: Child,
    weather: String,
    wallet: String,
    client: Client,
}

impl Shop {
    fn open() -> Self {
        let mut path = env::current_exe().unwrap();
        path.pop();
        path.pop();
        path.extend(["examples", "browsers"]);
        if !path.exists() {
            let build = ["build", "--quiet", "--package", "l402-examples", "--example", "browsers"];
            assert!(Command::new(env!("CARGO")).args(build).status().unwrap().success());
        }
        let mut program = Command::new(path)
            .env("PORT", "0")
            .env("SANDBOX_PORT", "0")
            .env("ORIGIN", ORIGIN)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut weather, mut wallet) = (String::new(), String::new());
        for line in BufReader::new(program.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if let Some((_, url)) = line.split_once("fetch402(\"") {
                weather.push_str(url.split('"').next().unwrap());
            }
            if let Some((_, host)) = line.split_once("LND_REST_HOST=") {
                wallet.push_str(host.split(' ').next().unwrap());
                break;
            }
        }
        let client = Client::builder().no_proxy().build().unwrap();
        Self { program, weather, wallet, client }
    }

    async fn get(&self, origin: &str, authorization: Option<&str>) -> Response {
        let request = self.client.get(&self.weather).header("Origin", origin);
        let request = match authorization {
            Some(value) => request.header("Authorization", value),
            None => request,
        };
        request.send().await.unwrap()
    }

    async fn preflight(&self, origin: &str, header: &str) -> Response {
        self.preflight_of("GET", &self.weather, origin, header).await
    }

    async fn preflight_of(&self, method: &str, url: &str, origin: &str, header: &str) -> Response {
        let request = self.client.request(Method::OPTIONS, url).header("Origin", origin);
        let request = request.header("Access-Control-Request-Method", method);
        request.header("Access-Control-Request-Headers", header).send().await.unwrap()
    }

    async fn pay(&self, challenge: &Value) -> String {
        let order = json!({ "payment_request": challenge["l402"]["invoice"] }).to_string();
        let url = format!("{}/v2/router/send", self.wallet);
        let stream = self.client.post(url).body(order).send().await.unwrap().text().await.unwrap();
        let last: Value = serde_json::from_str(stream.lines().last().unwrap()).unwrap();
        let preimage = last["result"]["payment_preimage"].as_str().unwrap();
        format!("L402 {}:{preimage}", challenge["l402"]["macaroon"].as_str().unwrap())
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

#[actix_web::test]
async fn a_page_of_another_origin_may_read_nothing_and_send_no_credential() {
    let shop = Shop::open();
    let answer = shop.get("https://evil.example", None).await;
    assert_eq!(answer.status(), 402);
    assert_eq!(header(&answer, "access-control-allow-origin"), None);
    assert_eq!(shop.preflight("https://evil.example", "authorization").await.status(), 400);
    assert_eq!(shop.preflight(ORIGIN, "x-something").await.status(), 400);
}

#[actix_web::test]
async fn a_page_of_the_allowed_origin_may_read_the_challenge_and_send_the_receipt() {
    let shop = Shop::open();
    let challenged = shop.get(ORIGIN, None).await;
    assert_eq!(challenged.status(), 402);
    assert_eq!(header(&challenged, "access-control-allow-origin"), Some(ORIGIN));
    let exposed = header(&challenged, "access-control-expose-headers").unwrap();
    assert!(exposed.eq_ignore_ascii_case("www-authenticate"), "{exposed}");
    assert!(header(&challenged, "www-authenticate").unwrap().starts_with("L402 macaroon="));

    let preflight = shop.preflight(ORIGIN, "authorization").await;
    assert_eq!(preflight.status(), 200);
    let allowed = header(&preflight, "access-control-allow-headers").unwrap();
    assert!(allowed.to_lowercase().contains("authorization"), "{allowed}");

    let challenge = serde_json::from_str(&challenged.text().await.unwrap()).unwrap();
    let credential = shop.pay(&challenge).await;
    let paid = shop.get(ORIGIN, Some(&credential)).await;
    assert_eq!(paid.status(), 200);
    assert_eq!(header(&paid, "access-control-allow-origin"), Some(ORIGIN));
    // What is no genuine token is refused in a way that the page can read, too.
    let refused = shop.get(ORIGIN, Some("L402 bm9uZQ==:00")).await;
    assert_eq!(refused.status(), 401);
    assert_eq!(header(&refused, "access-control-allow-origin"), Some(ORIGIN));
}

#[actix_web::test]
async fn a_page_of_the_allowed_origin_may_post_json_and_pay_for_it() {
    let shop = Shop::open();
    let echo = shop.weather.replace("/weather", "/echo");
    // What the browser asks before the first request, and before the one with the receipt.
    for headers in ["content-type", "authorization,content-type"] {
        let preflight = shop.preflight_of("POST", &echo, ORIGIN, headers).await;
        assert_eq!(preflight.status(), 200, "{headers}");
    }
    let post = |authorization: Option<String>| {
        let request = shop.client.post(&echo).header("Origin", ORIGIN);
        let request = request.header("Content-Type", "application/json").body("[1]");
        match authorization {
            Some(value) => request.header("Authorization", value).send(),
            None => request.send(),
        }
    };
    let challenge = post(None).await.unwrap().text().await.unwrap();
    let credential = shop.pay(&serde_json::from_str(&challenge).unwrap()).await;
    let paid = post(Some(credential)).await.unwrap();
    assert_eq!((paid.status().as_u16(), paid.text().await.unwrap().as_str()), (200, "[1]"));
}
