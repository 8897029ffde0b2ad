//! What one payer, an outage or somebody who writes to Redis must not do to all others.

use std::time::{Duration, Instant};

use actix_web::{post, web};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use l402_actix::{BrokerBudget, RedisStore, l402};
use l402_sandbox::Sandbox;
use l402_tests::{Api, redis::Redis};
use reqwest::{Method, StatusCode};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{Stage, eventually, log, once};

#[post("/job")]
#[l402(price_sats = 10, single_use)]
async fn job(job: web::Json<u32>) -> String {
    job.to_string()
}

struct Shop {
    redis: Redis,
    sandbox: Sandbox,
    api: Api,
}

async fn shop() -> Shop {
    let (redis, sandbox) = (Redis::start(&[]), Sandbox::start().await);
    let config = l402_tests::config(sandbox.client())
        .balances(RedisStore::new(redis.url()).unwrap())
        .broker_budget(BrokerBudget::unlimited())
        .mpp(true);
    let stage = web::Data::new(Stage::default());
    let api = Api::serve(move |app| {
        app.app_data(config.clone()).app_data(stage.clone()).service(once).service(job);
    })
    .await;
    Shop { redis, sandbox, api }
}

impl Shop {
    async fn post(&self, token: &str, body: &'static str) -> StatusCode {
        let request =
            self.api.request(Method::POST, "/job").header("content-type", "application/json");
        let request = request.header("authorization", token).body(body);
        request.send().await.unwrap().status()
    }

    async fn buy_a_job(&self) -> String {
        let asked = self.api.request(Method::POST, "/job").send().await.unwrap();
        self.sandbox.pay_challenge(asked.headers()).unwrap()
    }

    async fn once(&self, credential: &str) -> u16 {
        self.api.ask_with("/once", credential).await.status
    }
}

/// The body is read after the hold, so that whoever sends nonsense holds and gives back for nothing.
#[actix_web::test]
async fn requests_that_are_given_back_leave_nothing_in_redis() {
    let shop = shop().await;
    let token = shop.buy_a_job().await;
    for _ in 0..300 {
        assert_eq!(shop.post(&token, "{").await, StatusCode::BAD_REQUEST);
    }
    let keys = shop.redis.keys("l402:*");
    assert!(keys.len() <= 1, "{keys:?}");
    for key in keys {
        let fields = shop.redis.command(&["hlen", &key]);
        assert!(fields.trim().parse::<u32>().unwrap() <= 2, "{key}: {fields}");
    }
    assert_eq!(shop.post(&token, "7").await, StatusCode::OK, "it is still good");
    assert_eq!(shop.post(&token, "7").await, StatusCode::PAYMENT_REQUIRED);
}

/// What was not sent to Redis has nothing to be given back.
#[actix_web::test]
async fn after_an_outage_of_redis_it_is_not_overrun_by_those_who_asked_meanwhile() {
    log::begin();
    let shop = shop().await;
    let (asks, other) = (shop.api.buy("/once", &shop.sandbox).await, shop.buy_a_job().await);
    assert_eq!(shop.post(&other, "{").await, StatusCode::BAD_REQUEST, "there is a connection");
    shop.redis.freeze();
    let end = Instant::now() + Duration::from_secs(6);
    let mut asked = 0;
    while Instant::now() < end {
        assert_eq!(shop.once(&asks).await, 503);
        asked += 1;
    }
    assert!(asked > 100, "{asked}");
    shop.redis.thaw();
    eventually("Redis is asked again", async || {
        shop.post(&other, "{").await == StatusCode::BAD_REQUEST
    })
    .await;
    for _ in 0..30 {
        assert_eq!(shop.post(&other, "{").await, StatusCode::BAD_REQUEST, "others are served");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(shop.once(&asks).await, 200);
    let lines = log::lines_with("cannot give back");
    assert!(lines.len() <= 2, "{lines:?}");
}

/// A payment that the broker takes once is answered for by what the store says it was accepted for.
#[actix_web::test]
async fn whoever_writes_to_redis_has_no_payment_taken_for_accepted() {
    let shop = shop().await;
    let bought = shop.api.buy("/once", &shop.sandbox).await;
    let (_, preimage) = bought.split_once(':').unwrap();
    assert_eq!(shop.once(&by_mpp(preimage)).await, 200);
    let keys = shop.redis.keys("l402:*:balance:*");
    let [key] = keys.as_slice() else { panic!("{keys:?}") };
    let accepted = shop.redis.command(&["hget", key, "accepted"]);
    let accepted = accepted.trim().trim_matches('"');
    assert!(!accepted.is_empty(), "{accepted:?}");

    let invented = [7; 32];
    let (start, _) = key.rsplit_once(':').unwrap();
    let forged = format!("{start}:{}", hex(&Sha256::digest(invented)));
    let _ = shop.redis.command(&["hset", &forged, "accepted", accepted]);
    let status = shop.once(&by_mpp(&hex(&invented))).await;
    assert!([402, 403].contains(&status), "{status}");
}

fn by_mpp(preimage: &str) -> String {
    let json = json!({ "payload": { "preimage": preimage } }).to_string();
    format!("Payment {}", URL_SAFE_NO_PAD.encode(json))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
