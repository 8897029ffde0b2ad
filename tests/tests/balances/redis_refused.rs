//! MPP payments that the broker does not take, and that are not to wait for what nobody will say.

use std::time::Duration;

use actix_web::{HttpRequest, get, rt::time::sleep};
use l402_actix::{Balance, BrokerBudget, RedisState, RedisStore, l402};
use l402_sandbox::Sandbox;
use l402_tests::{Api, TestStore, redis::Redis};

use super::{eventually, scopes::by_mpp};

#[get("/pack")]
#[l402(price_sats = 100, uses = 3)]
async fn pack() -> &'static str {
    "one of three"
}

#[get("/other")]
#[l402(price_sats = 100, uses = 5)]
async fn other() -> &'static str {
    "one of five"
}

/// The same resource as `/pack`, for more.
#[get("/dearer")]
#[l402(price_sats = 200, uses = 3, resource = "/pack")]
async fn dearer() -> &'static str {
    "the same for more"
}

/// More than a script counts exactly.
#[get("/endless")]
#[l402(price_sats = 100, units = 18_000_000_000_000_000_000, hold = 1)]
async fn endless(balance: Balance) -> &'static str {
    balance.draw(1).unwrap();
    "one of many"
}

/// So many: `/metered?3`.
#[get("/metered")]
#[l402(price_sats = 100, resource = "metered", units = 10, hold = 6)]
async fn metered(request: HttpRequest, balance: Balance) -> &'static str {
    balance.draw(request.query_string().parse().unwrap_or_default()).unwrap();
    "some of ten"
}

struct Shop {
    sandbox: Sandbox,
    api: Api,
    store: TestStore,
    _redis: Redis,
}

impl Shop {
    async fn open(settings: &[&str]) -> Self {
        let (redis, sandbox) = (Redis::start(settings), Sandbox::start().await);
        let state = RedisState::new(redis.url()).unwrap().patience(Duration::from_secs(2));
        let store = TestStore::around(RedisStore::from(state).lease(Duration::from_secs(1)));
        let config = l402_tests::config(sandbox.client())
            .balances(store.clone())
            .broker_budget(BrokerBudget::unlimited())
            .mpp(true);
        let api = Api::serve(move |app| {
            app.app_data(config.clone()).service((pack, other, dearer, endless, metered));
        })
        .await;
        Self { sandbox, api, store, _redis: redis }
    }

    async fn status(&self, path: &str, credential: &str) -> u16 {
        self.api.ask_with(path, credential).await.status
    }

    /// What is left of ten units after an answer; 0 if there is none.
    async fn left_after(&self, path: &str, credential: &str) -> u64 {
        let answer = self.api.ask_with(path, credential).await;
        let left = answer.headers.get("ratelimit").filter(|_| answer.status == 200);
        let left = left.map(|left| left.to_str().unwrap().to_owned()).unwrap_or_default();
        left.rsplit_once("r=").map_or(0, |(_, left)| left.parse().unwrap())
    }
}

fn invented() -> String {
    by_mpp(&format!("macaroon:{}", "ab".repeat(32)))
}

/// Clients keep a payment for a whole site, and prices rise.
#[actix_web::test]
async fn a_pack_that_is_presented_for_something_else_hears_its_price() {
    let shop = Shop::open(&[]).await;
    let payment = by_mpp(&shop.api.buy("/pack", &shop.sandbox).await);
    assert_eq!(shop.status("/pack", &payment).await, 200);
    for path in ["/other", "/dearer"] {
        assert_eq!(shop.status(path, &payment).await, 402, "{path}");
    }
    assert_eq!(shop.status("/pack", &payment).await, 200);
}

/// Drawn from by its token, and then presented as what the broker does not take any more.
#[actix_web::test]
async fn a_payment_that_was_drawn_from_by_its_token_is_held_by_nobody() {
    let shop = Shop::open(&[]).await;
    let token = shop.api.buy("/pack", &shop.sandbox).await;
    assert_eq!(shop.status("/pack", &token).await, 200);
    eventually("its hold has ended", async || shop.status("/other", &by_mpp(&token)).await == 402)
        .await;
}

#[actix_web::test]
async fn a_quota_beyond_what_a_script_counts_is_held_by_nobody() {
    let shop = Shop::open(&[]).await;
    assert_eq!(shop.status("/endless", &invented()).await, 402);
}

/// Redis closes what is idle: that is no outage, however often somebody comes to find it closed.
#[actix_web::test]
async fn a_connection_that_was_closed_for_idleness_keeps_no_price_back() {
    let shop = Shop::open(&["--timeout", "1"]).await;
    assert_eq!(shop.status("/pack", &invented()).await, 402);
    for _ in 0..2 {
        sleep(Duration::from_secs(3)).await;
        assert_eq!(shop.status("/pack", &invented()).await, 402);
    }
}

/// What is drawn is drawn from what others can read.
#[actix_web::test]
async fn nothing_is_drawn_before_it_is_written_down_what_the_payment_was_accepted_for() {
    let shop = Shop::open(&[]).await;
    let payment = by_mpp(&shop.api.buy("/metered", &shop.sandbox).await);
    shop.store.fail_acceptances(true);
    assert_eq!(shop.status("/metered?3", &payment).await, 503);
    shop.store.fail_acceptances(false);
    eventually("it is written down", async || shop.store.acceptances() > 0).await;
    sleep(Duration::from_secs(8)).await;
    assert_eq!(shop.left_after("/metered?3", &payment).await, 7, "what was held is given back");
    assert_eq!(shop.left_after("/metered?3", &payment).await, 4);
    assert_eq!(shop.sandbox.verifies(), 1);
}

/// For longer than a settlement is tried.
#[actix_web::test]
async fn a_hold_that_could_not_end_before_its_acceptance_was_written_ends_after_it() {
    let shop = Shop::open(&[]).await;
    let payment = by_mpp(&shop.api.buy("/metered", &shop.sandbox).await);
    shop.store.fail_acceptances(true);
    assert_eq!(shop.left_after("/metered", &payment).await, 10);
    sleep(Duration::from_secs(12)).await;
    shop.store.fail_acceptances(false);
    eventually("it is written down", async || shop.store.acceptances() > 0).await;
    sleep(Duration::from_secs(8)).await;
    assert_eq!(shop.left_after("/metered?3", &payment).await, 7);
    assert_eq!(shop.left_after("/metered?3", &payment).await, 4, "and not six that are held");
    assert_eq!(shop.left_after("/metered?3", &payment).await, 1);
}
