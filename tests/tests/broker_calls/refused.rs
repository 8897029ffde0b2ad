//! A credential that was just refused is refused again without a call.

use std::time::Duration;

use actix_web::rt;
use l402_actix::{BrokerBudget, VerifyCache, l402_server::ChallengeRequest};
use l402_sandbox::Fault;
use serde_json::json;

use super::{Shop, flood, garbage, payment_hash};

#[actix_web::test]
async fn a_refused_credential_is_answered_the_same_again_without_a_call() {
    let shop = Shop::with(|config| config).await;
    let first = shop.api.ask_with("/weather", &garbage(1)).await;
    assert_eq!((first.status, shop.sandbox.verifies()), (401, 2));
    for _ in 0..4 {
        let again = shop.api.ask_with("/weather", &garbage(1)).await;
        assert_eq!((again.status, &again.body), (401, &first.body));
    }
    assert_eq!((shop.sandbox.mints(), shop.sandbox.verifies()), (0, 2));
    assert_eq!(shop.api.ask_with("/weather", &garbage(2)).await.status, 401);
    assert_eq!(shop.sandbox.verifies(), 4, "another one is asked about");
}

#[actix_web::test]
async fn a_token_of_another_route_is_challenged_again_without_a_verification() {
    let shop = Shop::with(|config| config).await;
    let sibling = shop.buy("/any/thing").await;
    let first = payment_hash(&shop.api.ask_with("/weather", &sibling).await);
    assert_eq!(shop.sandbox.verifies(), 1, "it was sold here, and for what is known");
    let again = payment_hash(&shop.api.ask_with("/weather", &sibling).await);
    assert_ne!(first, again, "each challenge is a new one");
    assert_eq!(shop.sandbox.verifies(), 1);
    assert_eq!(shop.api.ask_with("/any/thing", &sibling).await.status, 200, "where it is good");
}

#[actix_web::test]
async fn a_400_of_the_broker_is_no_verdict_and_is_not_remembered() {
    let shop = Shop::with(|config| config).await;
    let paid = shop.buy("/weather").await;
    shop.sandbox.fault(Fault::status(400));
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 401);
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);
}

#[actix_web::test]
async fn a_failure_is_never_remembered() {
    let shop = Shop::with(|config| {
        config.verify_cache(VerifyCache::off()).broker_budget(BrokerBudget::unlimited())
    })
    .await;
    let paid = shop.buy("/weather").await;
    for (fault, status) in [
        (Fault::status(500), 502),
        (Fault::status(503), 503),
        (Fault::status(401), 502),
        (Fault::garbage(), 502),
        (Fault::json(json!({})), 502),
    ] {
        shop.sandbox.fault(fault);
        assert_eq!(shop.api.ask_with("/weather", &paid).await.status, status);
        assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);
    }
    // The no stands only once the diagnosis has been made, of what was sold elsewhere.
    let ask = ChallengeRequest::new("/weather", 100);
    let sold = shop.sandbox.client().create_challenge(&ask).await.unwrap();
    let paid = format!("L402 {}:{}", sold.macaroon, shop.sandbox.pay(&sold.invoice).unwrap());
    shop.sandbox.fault(Fault::json(json!({ "valid": false })));
    shop.sandbox.fault(Fault::status(500));
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 502);
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);
}

#[actix_web::test]
async fn what_was_refused_too_early_is_good_some_seconds_later_also_amid_garbage() {
    let shop = Shop::with(|config| config.broker_budget(BrokerBudget::per_minute(40))).await;
    let paid = shop.buy("/weather").await;
    shop.sandbox.fault(Fault::json(json!({ "valid": false })));
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 401);
    let other = shop.buy("/weather").await;
    shop.sandbox.fault(Fault::status(400));
    assert_eq!(shop.api.ask_with("/weather", &other).await.status, 401);
    flood(&shop).await;
    assert_eq!(shop.api.ask_with("/weather", &other).await.status, 200, "a 400 is no verdict");
    rt::time::sleep(Duration::from_millis(5100)).await;
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);
}

#[actix_web::test]
async fn a_refusal_stands_for_its_price_only() {
    let shop = Shop::with(|config| config).await;
    shop.price(100);
    let paid = shop.buy("/floating").await;
    shop.price(101);
    assert_eq!(shop.api.ask_with("/floating", &paid).await.status, 402);
    shop.price(100);
    assert_eq!(shop.api.ask_with("/floating", &paid).await.status, 200);
}

/// Two configs of one account: one asks for the diagnosis, the other does not.
#[actix_web::test]
async fn a_refusal_without_a_diagnosis_is_none_with_one() {
    let shop = Shop::with(|config| config).await;
    shop.price(5);
    let [open, strict] = ["/floating", "/strict/floating"];
    let paid = shop.buy(open).await;
    for _ in 0..2 {
        assert_eq!(shop.api.ask_with(strict, &paid).await.status, 401);
    }
    assert_eq!(shop.sandbox.verifies(), 1);
    let sibling = shop.buy(strict).await;
    for _ in 0..2 {
        assert_eq!(shop.api.ask_with(open, &sibling).await.status, 402);
    }
    assert_eq!(shop.sandbox.verifies(), 2);
}
