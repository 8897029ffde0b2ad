//! Calls to the broker, what spares them and what forbids them: against what the broker saw.

use std::time::Duration;

use actix_web::rt;
use l402_actix::{BrokerBudget, ClientIdentity, VerifyCache};
use l402_sandbox::{Endpoint, Fault};

use super::Shop;

impl Shop {
    fn calls(&self, endpoint: &str, outcome: &str) -> u64 {
        let labels = format!("endpoint=\"{endpoint}\",outcome=\"{outcome}\"");
        self.figures.by(&format!("l402_broker_call_seconds_count{{{labels}}}"))
    }
}

#[actix_web::test]
async fn each_call_is_counted_by_endpoint_and_outcome_with_its_time() {
    let shop = Shop::open().await;
    let credential = shop.buy("/weather/rome").await;
    shop.ask_with("/weather/rome", &credential).await;
    shop.ask_with("/weather/rome", &credential).await;
    shop.sandbox.fault(Fault::status(503).on(Endpoint::Mint));
    shop.ask("/weather/rome").await;
    let delay = Duration::from_millis(300);
    shop.sandbox.fault(Fault::delay(delay).on(Endpoint::Verify));
    shop.ask_with("/weather/rome", &credential).await;
    assert_eq!(shop.calls("challenges", "ok"), 1);
    assert_eq!(shop.calls("challenges", "unavailable"), 1);
    assert_eq!(shop.calls("verify", "ok"), 3);
    assert_eq!((shop.sandbox.mints(), shop.sandbox.verifies()), (2, 3), "what the broker saw");
    let labels = "{endpoint=\"verify\",outcome=\"ok\"}";
    let seconds = shop.figures.seconds(&format!("l402_broker_call_seconds_sum{labels}"));
    assert!(seconds >= 0.3, "{seconds}");
}

#[actix_web::test]
async fn each_call_that_a_cache_spares_is_a_hit_of_that_cache() {
    let identity = ClientIdentity::peer_addr().reuse_challenges(true);
    let shop = Shop::with(1, |config| {
        config.verify_cache(VerifyCache::new()).client_identity(identity.clone())
    })
    .await;
    let hits = |cache| shop.figures.by(&format!("l402_cache_hits_total{{cache=\"{cache}\"}}"));
    shop.ask("/weather/rome").await;
    shop.ask("/weather/rome").await;
    assert_eq!((hits("challenge"), shop.sandbox.mints()), (1, 1));
    let credential = shop.buy("/weather/rome").await;
    assert_eq!(hits("challenge"), 2);
    for _ in 0..4 {
        assert_eq!(shop.ask_with("/weather/rome", &credential).await.status, 200);
    }
    assert_eq!((hits("verdict"), shop.sandbox.verifies()), (3, 1));
    let calls = shop.sandbox.verifies();
    for _ in 0..3 {
        assert_eq!(shop.ask_with("/weather/rome", "L402 Zm9yZ2Vk:00").await.status, 401);
    }
    assert_eq!(hits("refusal"), 2);
    let diagnosed = shop.sandbox.verifies() - calls;
    assert_eq!(shop.calls("verify", "ok"), 1 + diagnosed);
    assert_eq!(hits("verdict"), 3, "a refusal is none");
}

#[actix_web::test]
async fn requests_that_share_a_call_are_one_call_and_hits() {
    let shop = Shop::with(1, |config| config.verify_cache(VerifyCache::new())).await;
    let credential = shop.buy("/weather/rome").await;
    shop.sandbox.fault(Fault::delay(Duration::from_millis(300)).on(Endpoint::Verify));
    let ask = || shop.api.get("/weather/rome").header("Authorization", &credential).send();
    let asked: Vec<_> = (0..10).map(|_| rt::spawn(ask())).collect();
    for answer in asked {
        assert_eq!(answer.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!((shop.calls("verify", "ok"), shop.sandbox.verifies()), (1, 1));
    assert_eq!(shop.figures.by("l402_cache_hits_total{cache=\"verdict\"}"), 9);
    assert_eq!(shop.figures.by("l402_payments_total{route=\"/weather/{city}\"}"), 1);
}

#[actix_web::test]
async fn each_limit_of_ours_counts_its_own_refusals() {
    let by = |shop: &Shop, limiter| {
        shop.figures.by(&format!("l402_limiter_refusals_total{{limiter=\"{limiter}\"}}"))
    };
    let shop = Shop::with(1, |config| config.broker_budget(BrokerBudget::per_minute(2))).await;
    shop.ask("/weather/rome").await;
    for number in 0..3 {
        shop.ask_with("/weather/rome", &format!("L402 Zm9yZ2Vk:0{number}")).await;
    }
    assert_eq!((by(&shop, "client"), by(&shop, "budget_mint")), (3, 0), "for its own mint");
    shop.ask_from(7, "/weather/rome").await;
    for _ in 0..4 {
        shop.ask_from(8, "/weather/rome").await;
    }
    assert_eq!((by(&shop, "budget_mint"), by(&shop, "budget_verify")), (4, 0));
    assert_eq!((shop.sandbox.mints(), shop.sandbox.verifies()), (2, 0));
    drop(shop);

    let two = ClientIdentity::peer_addr().calls_per_minute(2);
    let shop = Shop::with(1, |config| config.client_identity(two.clone())).await;
    for _ in 0..5 {
        shop.ask("/weather/rome").await;
    }
    assert_eq!((by(&shop, "client"), shop.sandbox.mints()), (3, 2));
    assert_eq!((by(&shop, "budget_mint"), by(&shop, "budget_verify")), (0, 0));
}
