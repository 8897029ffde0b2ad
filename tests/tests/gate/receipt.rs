//! The receipt on the answer to a payment.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use l402_actix::VerifyCache;
use l402_sandbox::{Fault, Sandbox};
use l402_tests::Answer;
use serde_json::{Value, json};

use super::{L402Config, Shop, halves, mpp::pay_by_mpp};

async fn shop(settings: impl Fn(L402Config) -> L402Config) -> Shop {
    Shop::with(Sandbox::start().await, settings).await
}

fn receipt(answer: &Answer) -> Option<Value> {
    let [value] = answer.all("payment-receipt")[..] else {
        assert!(answer.all("payment-receipt").is_empty(), "at most one");
        return None;
    };
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(value).expect("without padding")).ok()
}

#[actix_web::test]
async fn an_answer_to_a_payment_carries_its_hash_and_never_its_preimage() {
    let shop = shop(|config| config).await;
    let challenge = shop.api.ask("/weather").await;
    assert_eq!(receipt(&challenge), None);
    let token = l402_tests::pay(&shop.sandbox, &challenge.headers);
    let answer = shop.api.ask_with("/weather", &token).await;
    let receipt = receipt(&answer).expect("a receipt");
    assert_eq!(receipt["reference"], challenge.json()["l402"]["payment_hash"]);
    assert_eq!((&receipt["method"], &receipt["status"]), (&"lightning".into(), &"success".into()));
    let timestamp = receipt["timestamp"].as_str().unwrap();
    assert!(timestamp.len() == 20 && timestamp.ends_with('Z'), "{timestamp}");
    assert_eq!(receipt.get("challengeId"), None, "that is for MPP");
    assert!(!receipt.to_string().contains(halves(&token).1));
}

#[actix_web::test]
async fn the_receipt_of_an_mpp_payment_repeats_the_name_of_its_challenge() {
    let shop = shop(|config| config.mpp(true)).await;
    let challenge = shop.api.ask("/weather").await;
    let answer = shop.api.ask_with("/weather", &pay_by_mpp(&shop.sandbox, &challenge)).await;
    let receipt = receipt(&answer).expect("a receipt");
    assert_eq!(receipt["challengeId"], "1");
    assert_eq!(receipt["reference"], challenge.json()["l402"]["payment_hash"]);
}

#[actix_web::test]
async fn an_error_carries_no_receipt_whoever_answers_it() {
    let shop = shop(|config| config).await;
    let token = shop.buy("/fails").await;
    let answer = shop.api.ask_with("/fails", &token).await;
    assert_eq!((answer.status, receipt(&answer)), (500, None));
    shop.sandbox.fault(Fault::status(503));
    let answer = shop.api.ask_with("/fails", &token).await;
    assert_eq!((answer.status, receipt(&answer)), (503, None));
    shop.sandbox.fault(Fault::json(json!({ "valid": false })));
    let answer = shop.api.ask_with("/fails", &token).await;
    assert_eq!((answer.status, receipt(&answer)), (402, None));
}

#[actix_web::test]
async fn an_answer_by_a_verdict_that_stands_carries_none() {
    let shop = shop(|config| config.verify_cache(VerifyCache::new())).await;
    let token = shop.buy("/weather").await;
    assert!(receipt(&shop.api.ask_with("/weather", &token).await).is_some());
    let again = shop.api.ask_with("/weather", &token).await;
    assert_eq!((again.status, receipt(&again)), (200, None));
    assert_eq!(shop.sandbox.verifies(), 1);
}

#[actix_web::test]
async fn what_shared_caches_may_keep_carries_none() {
    let shop = shop(|config| config.shared_cache(true)).await;
    let token = shop.buy("/weather").await;
    let answer = shop.api.ask_with("/weather", &token).await;
    assert_eq!((answer.status, receipt(&answer)), (200, None));
}
