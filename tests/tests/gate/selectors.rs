//! Resources, descriptions and idempotency keys from functions of the merchant's.

use std::collections::HashMap;

use actix_web::{Error, HttpRequest, Responder, get, web};
use l402_actix::{L402Config, RequirePayment, l402};
use l402_sandbox::Sandbox;
use l402_tests::Api;

fn first_segment(request: &HttpRequest) -> String {
    request.path().split('/').nth(1).unwrap_or_default().to_owned()
}

#[get("/a/{id}")]
#[l402(price_sats = 5)]
async fn plain() -> impl Responder {
    "plain"
}

#[get("/b/{id}")]
#[l402(price_sats = 5, resource_with = first_segment, description = "B")]
async fn own_function() -> impl Responder {
    "own function"
}

#[get("/c/{id}")]
#[l402(price_sats = 5, resource = "stated")]
async fn stated() -> impl Responder {
    "stated"
}

#[get("/d/{id}")]
#[l402(price_sats = 6, resource = "stated")]
async fn dearer() -> impl Responder {
    "dearer"
}

async fn shop(settings: impl Fn(L402Config) -> L402Config) -> (Api, Sandbox) {
    let sandbox = Sandbox::start().await;
    let config = settings(L402Config::new(sandbox.client()));
    let api = Api::serve(move |app| {
        app.app_data(config.clone())
            .service(plain)
            .service(own_function)
            .service(stated)
            .service(dearer);
    })
    .await;
    (api, sandbox)
}

async fn resource(api: &Api, path: &str) -> String {
    api.ask(path).await.json()["l402"]["resource"].as_str().unwrap_or_default().to_owned()
}

#[actix_web::test]
async fn the_attributes_resource_wins_then_the_configs_function_then_the_path() {
    let (api, _sandbox) = shop(|config| config).await;
    assert_eq!(resource(&api, "/a/1").await, "/a/1");
    let (api, _sandbox) =
        shop(|config| config.resource_with(|_: &HttpRequest| "config".to_owned())).await;
    assert_eq!(resource(&api, "/a/1").await, "config");
    assert_eq!(resource(&api, "/b/1").await, "b");
    assert_eq!(resource(&api, "/c/1").await, "stated");
}

#[actix_web::test]
async fn a_token_opens_whatever_has_the_same_resource_and_nothing_else() {
    let (api, sandbox) = shop(|config| config).await;
    let credential = api.buy("/b/1", &sandbox).await;
    assert_eq!(api.ask_with("/b/2", &credential).await.status, 200);
    assert_eq!(api.ask_with("/a/1", &credential).await.status, 402);
}

async fn by_document(asked: web::Query<HashMap<String, String>>) -> Result<String, Error> {
    Ok(asked.get("doc").cloned().unwrap_or_default())
}

#[actix_web::test]
async fn a_resource_of_the_clients_choice_that_cannot_be_sold_is_its_own_mistake() {
    let (api, sandbox) = shop(|config| config.resource_with(by_document)).await;
    for (document, status) in [
        (String::new(), 400),
        ("%20".to_owned(), 400),
        ("%C2%A0%E3%80%80".to_owned(), 400),
        ("a%0Ab".to_owned(), 400),
        ("x".repeat(1025), 414),
    ] {
        let answer = api.ask(&format!("/a/1?doc={document}")).await;
        assert_eq!(answer.status, status, "{document:?}: {}", answer.body);
    }
    assert!(sandbox.requests().is_empty(), "nobody was asked for money");
    assert_eq!(resource(&api, "/a/1?doc=7").await, "7");
}

#[actix_web::test]
async fn a_blank_resource_that_is_stated_is_the_merchants_mistake() {
    let sandbox = Sandbox::start().await;
    let config = L402Config::new(sandbox.client());
    let api = Api::serve(move |app| {
        let gate = RequirePayment::sats(5).resource(" ");
        app.app_data(config.clone()).service(web::scope("/s").wrap(gate).service(plain));
    })
    .await;
    assert_eq!(api.ask("/s/a/1").await.status, 500);
    assert!(sandbox.requests().is_empty());
}

#[actix_web::test]
async fn the_attributes_description_wins_over_the_configs_function() {
    let describe = |config: L402Config| {
        config.description_with(|request| {
            (request.query_string() != "none").then(|| format!("for {}", request.path()))
        })
    };
    let (api, sandbox) = shop(describe).await;
    for path in ["/a/1", "/a/1?none", "/b/1"] {
        assert_eq!(api.ask(path).await.status, 402);
    }
    let seen = sandbox.requests();
    let descriptions: Vec<_> = seen.iter().map(|seen| seen.body["description"].as_str()).collect();
    assert_eq!(descriptions, [Some("for /a/1"), None, Some("B")]);
}

#[actix_web::test]
async fn a_merchants_idempotency_key_gives_one_invoice_for_each_resource_and_price() {
    let by_query = |config: L402Config| {
        config.idempotency_key_with(|request| {
            (!request.query_string().is_empty()).then(|| request.query_string().to_owned())
        })
    };
    let (api, sandbox) = shop(by_query).await;
    let invoice = async |path: &str| {
        api.ask(path).await.json()["l402"]["invoice"].as_str().unwrap().to_owned()
    };
    let first = invoice("/a/1?alice").await;
    assert_eq!(invoice("/a/1?alice").await, first);
    for other in ["/a/1?bob", "/a/2?alice", "/a/1", "/c/1?alice"] {
        assert_ne!(invoice(other).await, first, "{other}");
    }
    assert_ne!(invoice("/a/1").await, invoice("/a/1").await, "no key: a fresh one each time");
    assert_ne!(
        invoice("/c/1?alice").await,
        invoice("/d/1?alice").await,
        "one resource at two prices"
    );
    for seen in sandbox.requests() {
        let key = seen.header("x-idempotency-key").unwrap();
        assert!(!key.contains("alice") && !key.contains("bob"), "{key}");
    }
}
