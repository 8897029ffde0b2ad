//! What a mint may meet: a key that is used, a plan, a wallet that is missing, an invoice over
//! something else.

use l402_actix::L402Config;
use l402_sandbox::{Endpoint, Fault, Sandbox};
use l402_tests::Answer;
use serde_json::json;

use super::Shop;

fn fault(name: &str) -> Fault {
    Fault::named(name).unwrap()
}

async fn keyed_shop() -> Shop {
    let settings =
        |config: L402Config| config.idempotency_key_with(|_| Some("the merchant's own".to_owned()));
    Shop::with(Sandbox::start().await, settings).await
}

fn keys(shop: &Shop) -> Vec<String> {
    let key =
        |seen: &l402_sandbox::SeenRequest| seen.header("x-idempotency-key").map(str::to_owned);
    let requests = shop.sandbox.requests();
    requests.iter().filter(|seen| seen.endpoint == Endpoint::Mint).filter_map(key).collect()
}

/// A refusal that a payer must not take for a price.
fn is_no_price(answer: &Answer) {
    assert_eq!(answer.status, 502, "{answer:?}");
    assert!(answer.all("www-authenticate").is_empty(), "{answer:?}");
    assert!(!answer.body.contains("invoice"), "{answer:?}");
}

#[actix_web::test]
async fn a_merchants_key_that_is_used_for_something_else_is_one_more_mint_under_a_fresh_one() {
    let shop = keyed_shop().await;
    shop.sandbox.fault(fault("idempotency_key_reuse"));
    let credential = shop.buy("/weather").await;
    assert_eq!(shop.api.ask_with("/weather", &credential).await.status, 200);
    let keys = keys(&shop);
    assert_eq!(keys.len(), 2);
    assert_ne!(keys[0], keys[1]);
}

#[actix_web::test]
async fn a_key_that_is_used_costs_its_second_mint_once_while_the_fresh_invoice_lasts() {
    let shop = keyed_shop().await;
    shop.sandbox.fault(fault("idempotency_key_reuse"));
    for _ in 0..3 {
        assert_eq!(shop.api.ask("/weather").await.status, 402);
    }
    let keys = keys(&shop);
    assert_eq!(keys.len(), 4, "{keys:?}");
    let merchants_own = keys.iter().filter(|key| **key == keys[0]).count();
    assert_eq!(merchants_own, 1, "{keys:?}");
}

#[actix_web::test]
async fn a_second_refusal_for_the_key_is_a_failure_and_no_third_mint() {
    let shop = keyed_shop().await;
    shop.sandbox.fault(fault("idempotency_key_reuse").always());
    is_no_price(&shop.api.ask("/weather").await);
    assert_eq!(shop.sandbox.mints(), 2);
    let shop = Shop::open().await;
    shop.sandbox.fault(fault("idempotency_key_reuse").always());
    is_no_price(&shop.api.ask("/weather").await);
    assert_eq!(shop.sandbox.mints(), 1, "its key was fresh already");
}

#[actix_web::test]
async fn a_mint_that_fails_for_another_reason_than_its_key_is_not_made_again_without_it() {
    let shop = keyed_shop().await;
    for name in ["no_wallet", "plan_ended"] {
        shop.sandbox.fault(fault(name));
        is_no_price(&shop.api.ask("/weather").await);
    }
    assert_eq!(shop.sandbox.mints(), 2, "one each");
}

#[actix_web::test]
async fn what_is_wrong_with_the_merchants_account_is_no_price_and_never_told_to_the_client() {
    for name in ["plan_volume_limit", "plan_price_limit", "no_wallet", "plan_ended"] {
        let shop = Shop::open().await;
        shop.sandbox.fault(fault(name));
        let answer = shop.api.ask("/weather").await;
        is_no_price(&answer);
        let shown = format!("{:?} {}", answer.headers, answer.body).to_lowercase();
        for told in ["plan", "wallet", "upgrade", "checkout", "http:", name] {
            assert!(!shown.contains(told), "{told} in {shown}");
        }
        shop.sandbox.clear_faults();
        assert_eq!(shop.api.ask("/weather").await.status, 402, "{name}");
    }
}

#[actix_web::test]
async fn an_invoice_over_another_amount_than_the_price_is_never_handed_on() {
    let shop = Shop::open().await;
    for amount in ["lnbcrt2u1", "lnbcrt10u1", "lnbcrt999n1", "lnbcrt1m1"] {
        let edit = move |reply: &mut serde_json::Value| {
            let other = reply["invoice"].as_str().unwrap().replacen("lnbcrt1u1", amount, 1);
            reply["invoice"] = json!(other);
        };
        shop.sandbox.fault(Fault::edit(edit).on(Endpoint::Mint));
        is_no_price(&shop.api.ask("/weather").await);
    }
    assert_eq!(shop.api.ask("/weather").await.status, 402);
}

#[actix_web::test]
async fn a_mint_without_a_date_is_a_price_all_the_same() {
    let shop = Shop::open().await;
    for date in [json!(1_800_000_000), json!(null), json!({})] {
        let edit = move |reply: &mut serde_json::Value| reply["expiresAt"] = date.clone();
        shop.sandbox.fault(Fault::edit(edit).on(Endpoint::Mint));
        let answer = shop.api.ask("/weather").await;
        assert_eq!(answer.status, 402, "{answer:?}");
        assert_eq!(answer.json()["l402"].get("expires_at"), None);
        assert_eq!(answer.json()["l402"]["amount_sats"], 100);
    }
}

#[actix_web::test]
async fn a_date_that_is_longer_than_a_date_is_left_out_and_neither_read_nor_sent() {
    let shop = Shop::open().await;
    for digits in [60, 60_000] {
        let date = format!("2999-01-01T00:00:00.{}Z", "1".repeat(digits));
        let edit = move |reply: &mut serde_json::Value| reply["expiresAt"] = json!(date);
        shop.sandbox.fault(Fault::edit(edit).on(Endpoint::Mint));
        let answer = shop.api.ask("/weather").await;
        assert_eq!(answer.status, 402, "{answer:?}");
        assert_eq!(answer.json()["l402"].get("expires_at"), None, "{digits} digits");
        assert!(answer.body.len() < 8_000, "{} bytes", answer.body.len());
    }
}

#[actix_web::test]
async fn a_text_of_a_challenge_that_is_longer_than_any_is_no_price() {
    let shop = Shop::open().await;
    for fact in ["macaroon", "invoice", "paymentHash", "resource"] {
        let edit = move |reply: &mut serde_json::Value| {
            let text = reply[fact].as_str().unwrap();
            reply[fact] = json!(format!("{text}{}", "0".repeat(20_000)));
        };
        shop.sandbox.fault(Fault::edit(edit).on(Endpoint::Mint));
        is_no_price(&shop.api.ask("/weather").await);
    }
    let shop = Shop::with(Sandbox::start().await, |config| config.mpp(true)).await;
    let schemes = async || shop.api.ask("/weather").await.all("www-authenticate").len();
    assert_eq!(schemes().await, 2, "L402 and Payment");
    let edit = |reply: &mut serde_json::Value| {
        let challenge = reply["mppChallenge"].as_str().unwrap();
        reply["mppChallenge"] = json!(format!("{challenge}, x=\"{}\"", "0".repeat(20_000)));
    };
    shop.sandbox.fault(Fault::edit(edit).on(Endpoint::Mint));
    assert_eq!(schemes().await, 1, "by L402 alone");
}

#[actix_web::test]
async fn who_has_paid_is_served_whatever_the_broker_says_of_things_that_nobody_needs() {
    let shop = Shop::open().await;
    let credential = shop.buy("/forecast/rome").await;
    for odd in [json!(-1), json!("7"), json!(1e300), json!([1]), json!(null)] {
        let edit = move |reply: &mut serde_json::Value| {
            for fact in ["merchantId", "paymentHash", "error"] {
                reply[fact] = odd.clone();
            }
        };
        shop.sandbox.fault(Fault::edit(edit).on(Endpoint::Verify));
        let answer = shop.api.ask_with("/forecast/rome", &credential).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.body.starts_with("rome /forecast/rome 250 None"), "{}", answer.body);
    }
    for (fact, wrong) in [("valid", json!(1)), ("resource", json!(5)), ("amountSats", json!("250"))]
    {
        let edit = move |reply: &mut serde_json::Value| reply[fact] = wrong.clone();
        shop.sandbox.fault(Fault::edit(edit).on(Endpoint::Verify));
        let answer = shop.api.ask_with("/forecast/rome", &credential).await;
        assert_eq!(answer.status, 502, "{fact}");
    }
}
