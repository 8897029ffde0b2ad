//! The cache of verdicts: what it saves and what it never does.

use std::time::{Duration, Instant};

use actix_web::{rt, web};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use l402_actix::{L402Config, RequirePayment, VerifyCache};
use l402_sandbox::{Endpoint, Fault, Sandbox};
use l402_tests::Api;
use serde_json::json;

use super::{Shop, any, garbage, once};

pub(crate) async fn shop(cache: VerifyCache) -> Shop {
    Shop::with(move |config: L402Config| config.verify_cache(cache)).await
}

#[actix_web::test]
async fn without_the_cache_each_request_is_a_call() {
    let shop = shop(VerifyCache::off()).await;
    let paid = shop.buy("/weather").await;
    for _ in 0..5 {
        assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);
    }
    assert_eq!(shop.sandbox.verifies(), 5);
}

#[actix_web::test]
async fn by_default_one_call_serves_all_requests_with_a_token() {
    let shop = Shop::with(|config| config).await;
    let paid = shop.buy("/weather").await;
    for _ in 0..20 {
        assert_eq!(shop.api.ask_with("/weather", &paid).await.body, "sunny");
    }
    assert_eq!((shop.sandbox.mints(), shop.sandbox.verifies()), (1, 1));
}

#[actix_web::test]
async fn a_verdict_is_for_its_credential_and_its_resource_only() {
    let shop = shop(VerifyCache::new()).await;
    let paid = shop.buy("/any/thing").await;
    assert_eq!(shop.api.ask_with("/any/thing", &paid).await.status, 200);
    assert_eq!(shop.api.ask_with("/any/other", &paid).await.status, 402);

    let (macaroon, preimage) = paid.split_once(':').unwrap();
    let digit = if preimage.ends_with('0') { '1' } else { '0' };
    let forged = format!("{macaroon}:{}{digit}", &preimage[..63]);
    assert_eq!(shop.api.ask_with("/any/thing", &forged).await.status, 401);
    assert_eq!(
        shop.api.ask_with("/any/thing", &format!("{macaroon}A:{preimage}")).await.status,
        402,
        "its payment was good"
    );
}

#[actix_web::test]
async fn a_price_that_rises_while_a_verdict_stands_is_asked_about() {
    let shop = shop(VerifyCache::new()).await;
    shop.price(100);
    let paid = shop.buy("/floating").await;
    assert_eq!(shop.api.ask_with("/floating", &paid).await.status, 200);
    shop.price(500);
    let answer = shop.api.ask_with("/floating", &paid).await;
    assert_eq!((answer.status, &answer.json()["l402"]["amount_sats"]), (402, &json!(500)));
    let calls = shop.sandbox.verifies();
    for sats in [50, 100, 1] {
        shop.price(sats);
        assert_eq!(shop.api.ask_with("/floating", &paid).await.status, 200);
    }
    assert_eq!(shop.sandbox.verifies(), calls, "a yes to 100 is one to less");
}

/// The largest amount that was sent counts, and never the one that was read out, which a token's
/// holder can enlarge.
#[actix_web::test]
async fn a_verdict_stands_for_what_was_asked_and_not_for_what_was_read_out() {
    let shop = shop(VerifyCache::new()).await;
    shop.price(1);
    let paid = shop.buy("/floating").await;
    shop.sandbox
        .fault(Fault::edit(|reply| reply["amountSats"] = json!(1_000_000)).on(Endpoint::Verify));
    assert_eq!(shop.api.ask_with("/floating", &paid).await.status, 200);
    shop.price(500);
    assert_eq!(shop.api.ask_with("/floating", &paid).await.status, 402);
}

#[actix_web::test]
async fn a_yes_to_more_is_kept_where_one_to_less_comes_after_it() {
    let shop = shop(VerifyCache::new()).await;
    shop.price(100);
    let paid = shop.buy("/floating").await;
    shop.price(10);
    assert_eq!(shop.api.ask_with("/floating", &paid).await.status, 200);
    assert_eq!(shop.sandbox.verifies(), 1);
    shop.price(100);
    assert_eq!(shop.api.ask_with("/floating", &paid).await.status, 200);
    assert_eq!(shop.sandbox.verifies(), 2, "a yes to 10 is none to 100");
    for sats in [10, 60, 100] {
        shop.price(sats);
        assert_eq!(shop.api.ask_with("/floating", &paid).await.status, 200);
    }
    assert_eq!(shop.sandbox.verifies(), 2);
}

#[actix_web::test]
async fn a_standing_verdict_is_compared_like_a_fresh_one() {
    let shop = shop(VerifyCache::new()).await;
    let paid = shop.buy("/weather").await;
    for (field, value) in [("amountSats", json!(99)), ("resource", json!("/dear"))] {
        let shop = &shop;
        let paid = if field == "resource" { shop.buy("/weather").await } else { paid.clone() };
        shop.sandbox
            .fault(Fault::edit(move |reply| reply[field] = value.clone()).on(Endpoint::Verify));
        let calls = shop.sandbox.verifies();
        assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 502, "{field}");
        for _ in 0..3 {
            assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200, "not kept: {field}");
        }
        assert_eq!(shop.sandbox.verifies(), calls + 2);
    }
}

#[actix_web::test]
async fn a_yes_without_its_facts_is_not_kept() {
    let shop = shop(VerifyCache::new()).await;
    let paid = shop.buy("/weather").await;
    shop.sandbox.fault(Fault::json(json!({ "valid": true })));
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 502);
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);
}

#[actix_web::test]
async fn only_what_was_accepted_is_kept() {
    let shop = shop(VerifyCache::new()).await;
    let paid = shop.buy("/weather").await;
    shop.sandbox.fault(Fault::status(500));
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 502);
    assert_eq!(shop.api.ask_with("/weather", &garbage(1)).await.status, 401);
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);
}

/// The token expires at once, so whatever opens the route is the cache; it must end though it is
/// used all the time.
#[actix_web::test]
async fn a_verdict_stands_for_its_time_to_live_and_use_does_not_prolong_it() {
    let ttl = Duration::from_secs(2);
    let shop = shop(VerifyCache::new().ttl(ttl)).await;
    let paid = shop.buy("/weather").await;
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);
    let verified = Instant::now();
    shop.sandbox.advance(Duration::from_secs(2 * 60 * 60));
    while verified.elapsed() < ttl {
        shop.api.ask_with("/weather", &paid).await;
        rt::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 402);
}

#[actix_web::test]
async fn so_many_verdicts_are_kept_and_no_more() {
    let shop = shop(VerifyCache::new().capacity(2)).await;
    let mut tokens = Vec::new();
    for number in 0..3 {
        let path = format!("/any/{number}");
        let paid = shop.buy(&path).await;
        assert_eq!(shop.api.ask_with(&path, &paid).await.status, 200);
        tokens.push((path, paid));
    }
    assert_eq!(shop.sandbox.verifies(), 3);
    for (path, paid) in tokens.iter().rev() {
        assert_eq!(shop.api.ask_with(path, paid).await.status, 200);
    }
    assert_eq!(shop.sandbox.verifies(), 4, "the oldest was asked about again");
}

#[actix_web::test]
async fn an_mpp_payment_is_never_cached() {
    let shop =
        Shop::with(|config: L402Config| config.verify_cache(VerifyCache::new()).mpp(true)).await;
    let challenge = shop.api.ask("/weather").await.json();
    let preimage = shop.sandbox.pay(challenge["l402"]["invoice"].as_str().unwrap()).unwrap();
    let json = json!({ "payload": { "preimage": preimage } }).to_string();
    let mpp = format!("Payment {}", URL_SAFE_NO_PAD.encode(json));
    assert_eq!(shop.api.ask_with("/weather", &mpp).await.status, 200);
    for _ in 0..2 {
        assert_eq!(shop.api.ask_with("/weather", &mpp).await.status, 402, "no verdict stands");
        assert_eq!(
            shop.sandbox.verifies(),
            1,
            "the broker takes it once, then the balance answers"
        );
    }
}

#[actix_web::test]
async fn a_token_for_one_use_is_never_cached() {
    let shop = shop(VerifyCache::new()).await;
    let paid = shop.buy("/once/thing").await;
    assert_eq!(shop.api.ask_with("/once/thing", &paid).await.status, 200);
    for _ in 2..5 {
        assert_eq!(shop.api.ask_with("/once/thing", &paid).await.status, 402, "spent");
    }
    assert_eq!(shop.sandbox.verifies(), 1, "what is spent is not asked about");
}

/// The scope's own verdict may stand in its cache; the token has expired meanwhile.
#[actix_web::test]
async fn a_scope_with_a_cache_lends_no_standing_verdict_to_a_handler_for_one_use() {
    let sandbox = Sandbox::start().await;
    let config = L402Config::new(sandbox.client()).verify_cache(VerifyCache::new());
    let api = Api::serve(move |app| {
        let scope = web::scope("/scope")
            .app_data(config.clone())
            .wrap(RequirePayment::sats(100).resource("scope"))
            .service(once)
            .service(any);
        app.service(scope);
    })
    .await;
    let paid = api.buy("/scope/any/thing", &sandbox).await;
    assert_eq!(api.ask_with("/scope/any/thing", &paid).await.status, 200);
    assert_eq!(sandbox.verifies(), 1);
    sandbox.advance(Duration::from_secs(2 * 60 * 60));
    let answer = api.ask_with("/scope/once/thing", &paid).await;
    assert_eq!(answer.status, 402, "{}", answer.body);
    assert_eq!(sandbox.verifies(), 2);

    let paid = api.buy("/scope/any/thing", &sandbox).await;
    assert_eq!(api.ask_with("/scope/once/thing", &paid).await.body, "thing");
    assert_eq!(api.ask_with("/scope/once/thing", &paid).await.status, 402, "spent");
}
