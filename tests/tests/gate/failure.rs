//! A failure is answered as a failure: never with content, never with a price.

use std::time::{Duration, Instant};

use l402_actix::{BrokerBudget, L402Client, VerifyCache};
use l402_sandbox::{Endpoint, Fault, Sandbox};
use l402_tests::Answer;
use serde_json::json;

use super::{L402Config, Shop};

/// What the broker's own text, address and key look like; none may show in an answer.
const UPSTREAM: &str = r#"{"error":"upstream-words","message":"upstream-words"}"#;

type Named = (&'static str, fn() -> Fault);

async fn hurried_shop() -> Shop {
    let sandbox = Sandbox::start().await;
    let client = L402Client::builder(sandbox.api_key())
        .base_url(sandbox.url())
        .timeout(Duration::from_millis(400))
        .build()
        .unwrap();
    Shop::with(sandbox, move |_| L402Config::new(client.clone()).verify_cache(VerifyCache::off()))
        .await
}

/// A shop that goes on minting after the broker's 429.
async fn tireless_shop() -> Shop {
    let settings = |config: L402Config| config.broker_budget(BrokerBudget::unlimited());
    Shop::with(Sandbox::start().await, settings).await
}

/// Asks without and with a credential while the broker has the fault.
async fn answers(shop: &Shop, credential: &str, fault: impl Fn() -> Fault) -> [Answer; 2] {
    shop.sandbox.fault(fault().on(Endpoint::Mint));
    let mint = shop.api.ask("/weather").await;
    shop.sandbox.fault(fault().on(Endpoint::Verify));
    let verify = shop.api.ask_with("/weather", credential).await;
    shop.sandbox.clear_faults();
    for answer in [&mint, &verify] {
        assert!(answer.all("www-authenticate").is_empty(), "{answer:?}");
        assert_eq!(answer.header("cache-control"), "no-store");
        let shown = format!("{:?} {}", answer.headers, answer.body);
        let secrets = [shop.sandbox.api_key(), shop.sandbox.url(), "upstream-words", credential];
        for secret in secrets.into_iter().chain(credential.split([' ', ':']).skip(1)) {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
    [mint, verify]
}

#[actix_web::test]
async fn a_broker_that_fails_is_answered_502_and_the_token_is_good_afterwards() {
    let shop = hurried_shop().await;
    let credential = shop.buy("/weather").await;
    let calls = shop.calls.so_far();
    let faults: [Named; 11] = [
        ("401", || Fault::status(401).body(UPSTREAM)),
        ("403", || Fault::status(403).body(r#"{"error":"upstream-words","current_plan":"free"}"#)),
        ("404", || Fault::status(404).body(UPSTREAM)),
        ("500", || Fault::status(500).body(UPSTREAM)),
        ("502", || Fault::status(502).body(UPSTREAM)),
        ("reset", || Fault::reset().always()),
        ("garbage", Fault::garbage),
        ("truncated", Fault::truncated),
        ("oversize", Fault::oversize),
        ("redirect", || Fault::redirect("http://127.0.0.1:9/")),
        ("empty object", || Fault::json(json!({}))),
    ];
    for (what, fault) in faults {
        println!("broker: {what}");
        for answer in answers(&shop, &credential, fault).await {
            assert_eq!(answer.status, 502, "{what}: {answer:?}");
        }
        assert_eq!(shop.calls.so_far(), calls, "{what}");
    }
    assert_eq!(shop.api.ask_with("/weather", &credential).await.status, 200);
}

#[actix_web::test]
async fn a_400_on_mint_is_our_fault_and_answered_502() {
    let shop = Shop::open().await;
    shop.sandbox.fault(Fault::status(400).body(UPSTREAM).on(Endpoint::Mint));
    assert_eq!(shop.api.ask("/weather").await.status, 502);
}

#[actix_web::test]
async fn a_broker_that_is_gone_is_answered_502() {
    let sandbox = Sandbox::start().await;
    let client = sandbox.client();
    let shop = Shop::with(Sandbox::start().await, move |_| {
        L402Config::new(client.clone()).verify_cache(VerifyCache::off())
    })
    .await;
    drop(sandbox);
    assert_eq!(shop.api.ask("/weather").await.status, 502);
    assert_eq!(shop.api.ask_with("/weather", "L402 AgEL:00").await.status, 502);
    assert_eq!(shop.calls.so_far(), 0);
}

#[actix_web::test]
async fn a_broker_at_its_limit_or_away_is_answered_503_with_retry_after() {
    let shop = tireless_shop().await;
    let credential = shop.buy("/weather").await;
    for status in [429, 503] {
        for (value, expected) in [
            (Some("7"), "7"),
            (Some("0"), "1"),
            (Some("999999"), "3600"),
            (Some("Tue, 31 Dec 2999 23:59:59 GMT"), "3600"),
            (Some("soon"), "60"),
            (None, "60"),
        ] {
            let fault = || match value {
                Some(value) => Fault::status(status).header("Retry-After", value).body(UPSTREAM),
                None => Fault::status(status).body(UPSTREAM),
            };
            // A longer wait than five minutes would outlive the token of whoever has one.
            let to_a_payer = if expected == "3600" { "300" } else { expected };
            let [unpaid, paid] = answers(&shop, &credential, fault).await;
            for (answer, expected) in [(unpaid, expected), (paid, to_a_payer)] {
                assert_eq!(answer.status, 503, "{status} {value:?}");
                assert_eq!(answer.header("retry-after"), expected, "{status} {value:?}");
            }
        }
    }
    assert_eq!(shop.calls.so_far(), 0);
}

#[actix_web::test]
async fn a_broker_that_hangs_or_drips_is_answered_504_within_the_deadline() {
    let shop = hurried_shop().await;
    let credential = shop.buy("/weather").await;
    for fault in [Fault::hang as fn() -> Fault, || Fault::drip(Duration::from_millis(20))] {
        let begun = Instant::now();
        for answer in answers(&shop, &credential, fault).await {
            assert_eq!(answer.status, 504, "{answer:?}");
        }
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
    assert_eq!(shop.api.ask_with("/weather", &credential).await.status, 200);
}

/// Each call alone would end in time; together they do not, and the client waits for one deadline.
#[actix_web::test]
async fn one_deadline_covers_all_calls_of_a_request() {
    let shop = hurried_shop().await;
    shop.sandbox.fault(Fault::delay(Duration::from_millis(250)).on(Endpoint::Verify).times(2));
    let answer = shop.api.ask_with("/weather", "L402 AgEL:00").await;
    assert_eq!(answer.status, 504);
    assert!(answer.all("www-authenticate").is_empty());
}

#[actix_web::test]
async fn a_failure_while_asking_again_or_challenging_again_gives_that_failures_status() {
    let shop = tireless_shop().await;
    let sibling = shop.buy_elsewhere("/weather", 100).await;

    shop.sandbox.fault(Fault::json(json!({ "valid": false })).on(Endpoint::Verify));
    shop.sandbox.fault(Fault::status(503).header("Retry-After", "9").on(Endpoint::Verify));
    let answer = shop.api.ask_with("/weather", &sibling).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "9"));

    for (status, expected) in [(400, 502), (401, 502), (429, 503), (500, 502)] {
        shop.sandbox.fault(Fault::status(status).on(Endpoint::Mint));
        let answer = shop.api.ask_with("/forecast/berlin", &sibling).await;
        assert_eq!(answer.status, expected, "{status} while challenging again");
        assert!(answer.all("www-authenticate").is_empty());
    }

    // Genuine by the second answer, which leaves out what it is for: not to be sold another one.
    shop.sandbox.fault(Fault::json(json!({ "valid": false })).on(Endpoint::Verify));
    shop.sandbox.fault(Fault::json(json!({ "valid": true })).on(Endpoint::Verify));
    assert_eq!(shop.api.ask_with("/weather", &sibling).await.status, 502);
    assert_eq!(shop.calls.so_far(), 0);
}

#[actix_web::test]
async fn a_mint_for_something_else_than_was_asked_is_answered_502() {
    let shop = Shop::open().await;
    for (field, value) in [("resource", json!("/other")), ("priceSats", json!(1))] {
        shop.sandbox.fault(Fault::edit(move |reply| reply[field] = value.clone()));
        assert_eq!(shop.api.ask("/weather").await.status, 502, "{field}");
    }
}

#[actix_web::test]
async fn a_failure_says_not_to_pay_again() {
    let shop = Shop::open().await;
    let credential = shop.buy("/weather").await;
    for (status, code) in [(500, "Bad Gateway"), (503, "Service Unavailable")] {
        shop.sandbox.fault(Fault::status(status));
        let body = shop.api.ask_with("/weather", &credential).await.json();
        assert_eq!(body["error"], code);
        assert!(body["message"].as_str().unwrap().contains("do not pay again"), "{body}");
    }
}

#[actix_web::test]
async fn a_path_longer_than_1_kib_is_answered_414_before_a_mint() {
    let shop = Shop::open().await;
    let fits = format!("/forecast/{}", "x".repeat(1024 - "/forecast/".len()));
    assert_eq!(shop.api.ask(&fits).await.status, 402);
    let answer = shop.api.ask(&format!("{fits}x")).await;
    assert_eq!(answer.status, 414);
    assert!(answer.all("www-authenticate").is_empty());
    let answer = shop.api.ask_with(&format!("{fits}x"), "L402 AgEL:00").await;
    assert_eq!(answer.status, 414);
    assert_eq!((shop.sandbox.mints(), shop.sandbox.verifies()), (1, 0));
}
