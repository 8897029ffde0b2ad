//! The budget of broker calls: who is refused by it and who never is.

use std::time::Duration;

use actix_web::rt;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use l402_actix::{BrokerBudget, L402Config};
use l402_sandbox::{Endpoint, Fault, Sandbox};

use super::{Shop, garbage, retry_after};

async fn shop(calls: u32) -> Shop {
    Shop::with(move |config: L402Config| {
        config.broker_budget(BrokerBudget::per_minute(calls)).mpp(true)
    })
    .await
}

/// Presents garbage until the budget refuses it.
async fn flood(shop: &Shop) {
    for number in 0..200 {
        let answer = shop.api.ask_with("/weather", &garbage(number)).await;
        if answer.status == 503 {
            return;
        }
        assert_eq!(answer.status, 401);
    }
    panic!("the budget never ends");
}

#[actix_web::test]
async fn mints_stop_at_their_share_of_the_budget_and_a_503_says_when_to_come_again() {
    let shop = shop(10).await;
    for _ in 0..3 {
        assert_eq!(shop.api.ask("/weather").await.status, 402);
    }
    for _ in 0..20 {
        let answer = shop.api.ask("/weather").await;
        assert_eq!(answer.status, 503);
        retry_after(&answer);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(answer.all("www-authenticate").is_empty());
        assert!(answer.body.contains("do not pay again"), "{}", answer.body);
    }
    assert_eq!(shop.sandbox.mints(), 3);
}

#[actix_web::test]
async fn unknown_credentials_and_their_diagnoses_stop_at_theirs() {
    let shop = shop(10).await;
    for _ in 0..6 {
        shop.api.ask("/weather").await;
    }
    flood(&shop).await;
    for number in 200..220 {
        let answer = shop.api.ask_with("/weather", &garbage(number)).await;
        assert_eq!(answer.status, 503);
        retry_after(&answer);
    }
    assert_eq!((shop.sandbox.mints(), shop.sandbox.verifies()), (3, 3));
}

#[actix_web::test]
async fn the_default_is_a_hundred_calls_a_minute() {
    let shop = Shop::with(|config| config).await;
    for _ in 0..55 {
        shop.api.ask("/weather").await;
    }
    flood(&shop).await;
    assert_eq!((shop.sandbox.mints(), shop.sandbox.verifies()), (33, 33));
}

/// At the hosted broker's own limit, with the budget as it comes.
#[actix_web::test]
async fn a_crawler_and_garbage_together_keep_nobody_out_who_has_paid() {
    let sandbox = Sandbox::builder().rate_limit(100).start().await.unwrap();
    let shop = Shop::on(sandbox, |config| config).await;
    let accepted = shop.buy("/weather").await;
    assert_eq!(shop.api.ask_with("/weather", &accepted).await.status, 200);
    let just_paid = shop.buy("/weather").await;
    for number in 0..60 {
        shop.api.ask("/weather").await;
        shop.api.ask_with("/weather", &garbage(number)).await;
    }
    for paid in [&accepted, &just_paid].repeat(15) {
        assert_eq!(shop.api.ask_with("/weather", paid).await.status, 200);
    }
}

/// Whoever makes many calls with a token takes them from those who have not paid.
#[actix_web::test]
async fn payers_who_ask_much_leave_less_to_a_crawler() {
    let shop = shop(100).await;
    let paid = shop.buy("/weather").await;
    for _ in 0..70 {
        assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);
    }
    for _ in 0..30 {
        shop.api.ask("/weather").await;
    }
    flood(&shop).await;
    assert_eq!((shop.sandbox.mints(), shop.sandbox.verifies()), (10, 80));
}

#[actix_web::test]
async fn whoever_has_paid_stays_known_while_the_price_floats() {
    let shop = shop(10).await;
    shop.price(100);
    let paid = shop.buy("/floating-with-slack").await;
    flood(&shop).await;
    for sats in [105, 99, 110] {
        shop.price(sats);
        assert_eq!(shop.api.ask_with("/floating-with-slack", &paid).await.status, 200, "{sats}");
    }
}

/// A token is known up to what was paid for it, and a no to more says nothing about that.
#[actix_web::test]
async fn who_asks_for_a_dearer_variant_is_a_stranger_there_and_stays_known_for_the_own() {
    let shop = shop(20).await;
    shop.price(100);
    let paid = shop.buy("/floating").await;
    for sats in 101..120 {
        shop.price(sats);
        let answer = shop.api.ask_with("/floating", &paid).await;
        assert!(matches!(answer.status, 402 | 503), "{}", answer.status);
    }
    assert_eq!(shop.sandbox.verifies(), 6, "a stranger's share");
    shop.price(100);
    assert_eq!(shop.api.ask_with("/floating", &paid).await.status, 200);
    shop.price(500);
    assert_eq!(shop.api.ask_with("/floating", &paid).await.status, 503);
    shop.price(100);
    assert_eq!(shop.api.ask_with("/floating", &paid).await.status, 200);
}

/// However many processes share a key: a client with a sibling's token has to hear that it must buy.
#[actix_web::test]
async fn the_smallest_budget_has_room_for_a_diagnosis() {
    let shop = shop(2).await;
    assert_eq!(shop.api.ask_with("/weather", &garbage(0)).await.status, 401);
}

/// It brings the paid invoice back until that expires, so the first new challenge costs two calls.
#[actix_web::test]
async fn a_crawler_under_an_idempotency_key_stays_within_the_share_of_mints() {
    let shop = Shop::with(|config: L402Config| {
        config
            .broker_budget(BrokerBudget::per_minute(20))
            .idempotency_key_with(|_| Some("one client".to_owned()))
    })
    .await;
    let paid = shop.buy("/weather").await;
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);
    for _ in 0..20 {
        let answer = shop.api.ask("/weather").await;
        assert!(matches!(answer.status, 402 | 503), "{}", answer.status);
    }
    assert_eq!(shop.sandbox.mints(), 6);
}

#[actix_web::test]
async fn what_was_accepted_before_is_never_held_up() {
    let shop = shop(10).await;
    let paid = shop.buy("/weather").await;
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);
    flood(&shop).await;
    for _ in 0..30 {
        assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);
    }
}

#[actix_web::test]
async fn who_has_just_paid_is_not_held_up_by_a_flood_of_garbage() {
    let shop = shop(10).await;
    let paid = shop.buy("/weather").await;
    let challenge = shop.api.ask("/weather").await;
    flood(&shop).await;
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);

    // And in the other scheme.
    let invoice = challenge.json()["l402"]["invoice"].as_str().unwrap().to_owned();
    let preimage = shop.sandbox.pay(&invoice).unwrap();
    let json = format!(r#"{{"payload":{{"preimage":"{preimage}"}}}}"#);
    let mpp = format!("Payment {}", URL_SAFE_NO_PAD.encode(json));
    assert_eq!(shop.api.ask_with("/weather", &mpp).await.status, 200);
    assert_eq!(shop.api.ask_with("/weather", &mpp).await.status, 503, "used up, so unknown again");
}

#[actix_web::test]
async fn a_bought_token_is_known_on_its_own_route_only() {
    let shop = shop(10).await;
    let paid = shop.buy("/any/thing").await;
    assert_eq!(shop.api.ask_with("/any/thing", &paid).await.status, 200);
    for number in 0..50 {
        let answer = shop.api.ask_with(&format!("/any/{number}"), &paid).await;
        assert!(matches!(answer.status, 402 | 503), "{}", answer.status);
    }
    assert!(shop.sandbox.verifies() <= 6, "{}", shop.sandbox.verifies());
    assert_eq!(shop.api.ask_with("/any/thing", &paid).await.status, 200);
}

#[actix_web::test]
async fn a_token_that_the_broker_no_longer_takes_is_unknown_again() {
    let shop = shop(10).await;
    let paid = shop.buy("/weather").await;
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);
    shop.sandbox.advance(Duration::from_secs(2 * 60 * 60));
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 401);
    flood(&shop).await;
    // Past the time for which a refusal stands.
    rt::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 503);
}

#[actix_web::test]
async fn a_429_of_the_broker_stops_mints_while_verifies_go_on() {
    let shop = shop(100).await;
    let paid = shop.buy("/weather").await;
    let fault = || Fault::status(429).header("Retry-After", "30");
    for endpoint in [Endpoint::Verify, Endpoint::Mint] {
        shop.sandbox.fault(fault().on(endpoint));
        let answer = match endpoint {
            Endpoint::Verify => shop.api.ask_with("/weather", &paid).await,
            _ => shop.api.ask("/weather").await,
        };
        assert_eq!(answer.status, 503, "{endpoint:?}");
        shop.sandbox.clear_faults();

        let mints = shop.sandbox.mints();
        let answer = shop.api.ask("/weather").await;
        assert_eq!(answer.status, 503, "{endpoint:?}");
        assert!(retry_after(&answer) <= 30);
        assert_eq!(shop.sandbox.mints(), mints);
        assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);
        assert_eq!(shop.api.ask_with("/weather", &garbage(0)).await.status, 401);
    }
}

#[actix_web::test]
async fn mints_go_on_when_the_rest_is_over() {
    let shop = shop(100).await;
    shop.sandbox.fault(Fault::status(429).header("Retry-After", "1").on(Endpoint::Mint));
    assert_eq!(shop.api.ask("/weather").await.status, 503);
    rt::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(shop.api.ask("/weather").await.status, 402);
}

#[actix_web::test]
async fn without_a_budget_nothing_is_held_up() {
    let shop =
        Shop::with(|config: L402Config| config.broker_budget(BrokerBudget::unlimited())).await;
    shop.sandbox.fault(Fault::status(429).on(Endpoint::Mint));
    assert_eq!(shop.api.ask("/weather").await.status, 503);
    for number in 0..60 {
        assert_eq!(shop.api.ask("/weather").await.status, 402);
        assert_eq!(shop.api.ask_with("/weather", &garbage(number)).await.status, 401);
    }
    assert_eq!((shop.sandbox.mints(), shop.sandbox.verifies()), (61, 120));
}
