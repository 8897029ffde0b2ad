//! What becomes of a token, answer by answer.

use std::{
    convert::Infallible,
    pin::Pin,
    time::{Duration, Instant},
};

use actix_web::{
    Error, HttpRequest, HttpResponse, Responder, get, post,
    web::{self, Bytes, Data},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_core::Stream;
use l402_actix::{L402Config, MemoryStore, OnInvalidToken, Payment, Price, RequirePayment, l402};
use l402_sandbox::{Endpoint, Fault, Sandbox};
use l402_tests::{Answer, Api, TestStore, pay};

use super::{PANIC, Stage, eventually, once};

#[post("/json")]
#[l402(price_sats = 100, single_use)]
async fn takes_json(_: web::Json<u64>, stage: Data<Stage>) -> impl Responder {
    stage.perform().await
}

#[get("/stream")]
#[l402(price_sats = 100, single_use)]
async fn streams(stage: Data<Stage>) -> HttpResponse {
    stage.perform().await;
    HttpResponse::Ok().streaming(Endless)
}

/// One chunk, and then nothing for ever.
struct Endless;

impl Stream for Endless {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(
        self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Pending
    }
}

async fn by_query(request: HttpRequest) -> Result<Price, Error> {
    Ok(if request.query_string() == "free" { Price::FREE } else { Price::sats(100) })
}

#[get("/computed")]
#[l402(price_with = by_query, single_use)]
async fn computed(stage: Data<Stage>, payment: Option<Payment>) -> impl Responder {
    stage.perform().await;
    if payment.is_some() { "paid" } else { "free" }
}

#[get("/again")]
#[l402(price_sats = 100)]
async fn again(stage: Data<Stage>) -> HttpResponse {
    stage.perform().await
}

#[l402(price_sats = 100, single_use)]
mod priced {
    use actix_web::{HttpResponse, get, web::Data};
    use l402_actix::l402;

    use super::Stage;

    #[get("/module/inherits")]
    pub(super) async fn inherits(stage: Data<Stage>) -> HttpResponse {
        stage.perform().await
    }

    #[get("/module/own")]
    #[l402(price_sats = 5)]
    pub(super) async fn own(stage: Data<Stage>) -> HttpResponse {
        stage.perform().await
    }

    #[get("/module/free")]
    #[l402(free)]
    pub(super) async fn free(stage: Data<Stage>) -> HttpResponse {
        stage.perform().await
    }
}

#[get("/cheaper")]
#[l402(price_sats = 5, single_use)]
async fn cheaper(stage: Data<Stage>) -> HttpResponse {
    stage.perform().await
}

#[post("/first")]
#[l402(price_sats = 100, single_use, extract_first)]
async fn takes_json_first(_: web::Json<u64>, stage: Data<Stage>) -> HttpResponse {
    stage.perform().await
}

pub(super) struct Shop {
    pub(super) api: Api,
    pub(super) sandbox: Sandbox,
    pub(super) stage: Stage,
    pub(super) store: TestStore,
}

impl Shop {
    pub(super) async fn open() -> Self {
        Self::with(TestStore::around(MemoryStore::new()), |config| config).await
    }

    pub(super) async fn with(
        store: TestStore,
        settings: impl Fn(L402Config) -> L402Config,
    ) -> Self {
        let sandbox = Sandbox::start().await;
        let config = settings(L402Config::new(sandbox.client()).balances(store.clone()));
        let stage = Stage::default();
        let data = Data::new(stage.clone());
        let api = Api::serve(move |app| {
            let scope = web::scope("/scope")
                .wrap(RequirePayment::sats(50).resource("scope"))
                .service(cheaper)
                .service(again);
            app.app_data(config.clone())
                .app_data(data.clone())
                .service(once)
                .service(takes_json)
                .service(streams)
                .service(computed)
                .service(again)
                .service(takes_json_first)
                .service(priced::inherits)
                .service(priced::own)
                .service(priced::free)
                .service(scope);
        })
        .await;
        Self { api, sandbox, stage, store }
    }

    pub(super) async fn buy(&self, path: &str) -> String {
        self.api.buy(path, &self.sandbox).await
    }

    pub(super) async fn status(&self, path: &str, credential: &str) -> u16 {
        self.api.ask_with(path, credential).await.status
    }

    async fn post(&self, path: &str, credential: &str, body: &'static str) -> Answer {
        let request = self.api.request(reqwest::Method::POST, path);
        Answer::to(
            request
                .header("authorization", credential)
                .header("content-type", "application/json")
                .body(body),
        )
        .await
    }

    /// Buys a token for a POST route.
    async fn buy_post(&self, path: &str) -> String {
        let request = self.api.request(reqwest::Method::POST, path);
        let request = request.header("content-type", "application/json").body("5");
        pay(&self.sandbox, &Answer::to(request).await.headers)
    }
}

#[actix_web::test]
async fn a_spent_token_is_answered_402_with_a_challenge_that_can_be_paid() {
    let shop = Shop::open().await;
    let credential = shop.buy("/once").await;
    assert_eq!(shop.status("/once", &credential).await, 200);
    for _ in 0..3 {
        let answer = shop.api.ask_with("/once", &credential).await;
        assert_eq!(answer.status, 402);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(answer.header("www-authenticate").starts_with("L402 macaroon="));
    }
    let answer = shop.api.ask_with("/once", &credential).await;
    let next = pay(&shop.sandbox, &answer.headers);
    assert_eq!(shop.status("/once", &next).await, 200);
    assert_eq!(shop.stage.calls(), 2);
}

#[actix_web::test]
async fn without_single_use_a_token_stays_good() {
    let shop = Shop::open().await;
    let credential = shop.buy("/again").await;
    for _ in 0..3 {
        assert_eq!(shop.status("/again", &credential).await, 200);
    }
}

#[actix_web::test]
async fn a_token_in_use_is_answered_409_without_a_challenge() {
    let shop = Shop::open().await;
    let credential = shop.buy("/once").await;
    let mints = shop.sandbox.mints();
    shop.stage.hold();
    let asked = shop.api.get("/once").header("authorization", &credential).send();
    let first = actix_web::rt::spawn(asked);
    eventually("the handler runs", async || shop.stage.calls() == 1).await;

    let answer = shop.api.ask_with("/once", &credential).await;
    assert_eq!(answer.status, 409);
    assert_eq!(answer.header("retry-after"), "1");
    assert!(answer.all("www-authenticate").is_empty());
    assert_eq!(answer.header("cache-control"), "private");
    assert!(answer.json()["message"].as_str().unwrap().contains("Do not pay again"));
    assert_eq!(shop.sandbox.mints(), mints, "nobody was asked to pay");

    shop.stage.release();
    assert_eq!(first.await.unwrap().unwrap().status().as_u16(), 200);
    assert_eq!(shop.status("/once", &credential).await, 402);
    assert_eq!(shop.stage.calls(), 1);
}

#[actix_web::test]
async fn an_answer_of_the_handlers_below_500_spends_the_token() {
    let shop = Shop::open().await;
    for status in [200, 204, 302, 404, 422] {
        let credential = shop.buy("/once").await;
        shop.stage.answer(&[status]);
        let answer = shop.api.ask_with("/once", &credential).await;
        assert_eq!(answer.status, status);
        assert_eq!(shop.status("/once", &credential).await, 402, "{status}");
    }
}

#[actix_web::test]
async fn a_5xx_of_the_handlers_gives_the_token_back() {
    let shop = Shop::open().await;
    let credential = shop.buy("/once").await;
    shop.stage.answer(&[500, 503, 599]);
    for status in [500, 503, 599, 200, 402] {
        assert_eq!(shop.status("/once", &credential).await, status);
    }
    assert_eq!(shop.sandbox.payments(), 1);
}

#[actix_web::test]
async fn a_handler_that_panics_gives_the_token_back() {
    let shop = Shop::open().await;
    let credential = shop.buy("/once").await;
    shop.stage.answer(&[PANIC]);
    let asked = shop.api.get("/once").header("authorization", &credential).send();
    assert!(asked.await.is_err(), "Actix closes the connection");
    let mut status = 409;
    eventually("it is given back", async || {
        status = shop.status("/once", &credential).await;
        status != 409
    })
    .await;
    assert_eq!(status, 200);
}

#[actix_web::test]
async fn an_extractor_that_fails_gives_the_token_back() {
    let shop = Shop::open().await;
    for path in ["/json", "/first"] {
        let credential = shop.buy_post(path).await;
        let before = shop.stage.calls();
        for body in ["{", "\"no number\"", ""] {
            assert_eq!(shop.post(path, &credential, body).await.status, 400, "{path} {body}");
        }
        assert_eq!(shop.stage.calls(), before);
        assert_eq!(shop.post(path, &credential, "5").await.status, 200, "{path}");
        assert_eq!(shop.post(path, &credential, "5").await.status, 402, "{path}");
        assert_eq!(shop.stage.calls(), before + 1);
    }
}

#[actix_web::test]
async fn a_stream_is_answered_with_its_head() {
    let shop = Shop::open().await;
    let credential = shop.buy("/stream").await;
    let endless = shop.api.get("/stream").header("authorization", &credential).send();
    let endless = endless.await.unwrap();
    assert_eq!(endless.status().as_u16(), 200);
    assert_eq!(shop.status("/stream", &credential).await, 402, "while the stream goes on");
}

#[actix_web::test]
async fn a_free_pass_spends_nothing() {
    let shop = Shop::open().await;
    let credential = shop.buy("/computed").await;
    for _ in 0..3 {
        assert_eq!(shop.api.ask_with("/computed?free", &credential).await.body, "free");
    }
    assert_eq!(shop.api.ask_with("/computed", &credential).await.body, "paid");
    assert_eq!(shop.api.ask_with("/computed?free", &credential).await.body, "free");
    assert_eq!(shop.status("/computed", &credential).await, 402);
}

#[actix_web::test]
async fn a_module_says_it_for_all_its_handlers_that_cost() {
    let shop = Shop::open().await;
    for path in ["/module/inherits", "/module/own"] {
        let credential = shop.buy(path).await;
        assert_eq!(shop.status(path, &credential).await, 200, "{path}");
        assert_eq!(shop.status(path, &credential).await, 402, "{path}");
    }
    for _ in 0..2 {
        assert_eq!(shop.api.ask("/module/free").await.status, 200);
    }
}

/// The scope asks for 50, the handler for 5: a token for 5 would be refused by the scope, and its
/// buyer would pay again.
#[actix_web::test]
async fn under_a_scope_with_a_price_the_payment_verified_there_is_spent_and_sold_anew_for_both() {
    let shop = Shop::open().await;
    let credential = shop.buy("/scope/cheaper").await;
    assert_eq!(shop.status("/scope/cheaper", &credential).await, 200);
    assert_eq!(shop.status("/scope/again", &credential).await, 402, "it costs more than the scope");
    let answer = shop.api.ask_with("/scope/cheaper", &credential).await;
    assert_eq!(answer.status, 402);
    assert_eq!(answer.json()["l402"]["amount_sats"], 50);
    let next = pay(&shop.sandbox, &answer.headers);
    assert_eq!(shop.status("/scope/cheaper", &next).await, 200);
}

#[actix_web::test]
async fn a_token_that_is_not_verified_reserves_and_spends_nothing() {
    let shop = Shop::open().await;
    let credential = shop.buy("/once").await;
    let sibling = shop.buy("/again").await;
    assert_eq!(shop.status("/once", &sibling).await, 402);
    shop.sandbox.fault(Fault::status(500).on(Endpoint::Verify));
    assert_eq!(shop.status("/once", &credential).await, 502);
    let (macaroon, _) = credential.split_once(':').unwrap();
    let forged = format!("{macaroon}:{}", "00".repeat(32));
    assert_eq!(shop.status("/once", &forged).await, 401);
    assert_eq!(shop.stage.calls(), 0);
    assert_eq!(shop.status("/once", &credential).await, 200);
    assert_eq!(shop.status("/again", &sibling).await, 200);
}

#[actix_web::test]
async fn a_spent_token_is_not_the_merchants_to_answer() {
    for answer in [
        OnInvalidToken::Unauthorized,
        OnInvalidToken::Rechallenge,
        OnInvalidToken::custom(async |_, _| HttpResponse::Ok().body("a gift")),
    ] {
        let store = TestStore::around(MemoryStore::new());
        let shop = Shop::with(store, |config| config.on_invalid_token(answer.clone())).await;
        let credential = shop.buy("/once").await;
        assert_eq!(shop.status("/once", &credential).await, 200);
        assert_eq!(shop.status("/once", &credential).await, 402, "{answer:?}");
    }
}

/// The merchant's key would bring back the invoice that was paid for the spent token.
#[actix_web::test]
async fn the_challenge_after_a_spent_token_is_fresh_whatever_the_idempotency_key() {
    let store = TestStore::around(MemoryStore::new());
    let shop = Shop::with(store, |config| {
        config.idempotency_key_with(|_| Some("the same for all".to_owned()))
    })
    .await;
    let credential = shop.buy("/once").await;
    assert_eq!(shop.status("/once", &credential).await, 200);
    let answer = shop.api.ask_with("/once", &credential).await;
    let next = pay(&shop.sandbox, &answer.headers);
    assert_eq!(shop.status("/once", &next).await, 200);
}

#[actix_web::test]
async fn a_mint_that_fails_after_a_spent_token_is_answered_as_that_failure() {
    let shop = Shop::open().await;
    let credential = shop.buy("/once").await;
    assert_eq!(shop.status("/once", &credential).await, 200);
    shop.sandbox.fault(Fault::status(500).on(Endpoint::Mint));
    let answer = shop.api.ask_with("/once", &credential).await;
    assert_eq!(answer.status, 502);
    assert!(answer.all("www-authenticate").is_empty());
}

/// The token that is spent under the broker's hash is the one that is spent under the preimage's.
#[actix_web::test]
async fn a_payment_is_marked_by_its_hash_with_or_without_the_brokers_word_for_it() {
    let shop = Shop::open().await;
    let forms: [fn(&mut serde_json::Value); 4] = [
        // As if its holder could append it: another payment's each time.
        |reply| reply["paymentHash"] = "ab".repeat(32).into(),
        |reply| reply["paymentHash"] = serde_json::Value::Null,
        |reply| {
            let upper = reply["paymentHash"].as_str().unwrap().to_uppercase();
            reply["paymentHash"] = upper.into();
        },
        |reply| reply["paymentHash"] = "not a hash".into(),
    ];
    for form in forms {
        let credential = shop.buy("/once").await;
        shop.sandbox.fault(Fault::edit(form).on(Endpoint::Verify));
        assert_eq!(shop.status("/once", &credential).await, 200);
        assert_eq!(shop.status("/once", &credential).await, 402);

        let credential = shop.buy("/once").await;
        assert_eq!(shop.status("/once", &credential).await, 200);
        shop.sandbox.fault(Fault::edit(form).on(Endpoint::Verify));
        assert_eq!(shop.status("/once", &credential).await, 402);
    }
}

#[actix_web::test]
async fn another_spelling_of_the_credential_is_the_same_token() {
    let shop = Shop::open().await;
    let credential = shop.buy("/once").await;
    assert_eq!(shop.status("/once", &credential).await, 200);
    let (macaroon, preimage) = credential.split_once(':').unwrap();
    for other in [
        format!("{macaroon}:{}", preimage.to_uppercase()),
        credential.replace("L402", "lsat"),
        format!("Bearer x, {credential}"),
    ] {
        let answer = shop.api.ask_with("/once", &other).await;
        assert!([401, 402].contains(&answer.status), "{other}: {}", answer.status);
    }
    assert_eq!(shop.stage.calls(), 1);
}

#[actix_web::test]
async fn a_payment_that_cannot_be_named_is_answered_502() {
    let shop = Shop::open().await;
    let facts = serde_json::json!({ "valid": true, "resource": "/once", "amountSats": 100 });
    shop.sandbox.fault(Fault::json(facts).on(Endpoint::Verify));
    assert_eq!(shop.status("/once", "L402 AgEL:not-a-preimage").await, 502);
    assert_eq!(shop.stage.calls(), 0);
}

#[actix_web::test]
async fn the_lease_is_renewed_while_the_handler_runs_and_no_longer() {
    let lease = Duration::from_millis(2400);
    let store = TestStore::around(MemoryStore::new()).with_lease(lease);
    let shop = Shop::with(store, |config| config).await;
    let credential = shop.buy("/once").await;
    shop.stage.hold();
    let asked = shop.api.get("/once").header("authorization", &credential).send();
    let first = actix_web::rt::spawn(asked);
    eventually("the handler runs", async || shop.stage.calls() == 1).await;
    let begun = Instant::now();
    for renewals in [2, 4] {
        eventually("it was renewed twice", async || {
            assert_eq!(shop.status("/once", &credential).await, 409);
            shop.store.renewals() >= renewals
        })
        .await;
        let leases = u32::try_from(renewals / 2).unwrap();
        assert!(begun.elapsed() < leases * lease, "twice before it runs out");
    }
    shop.stage.release();
    assert_eq!(first.await.unwrap().unwrap().status().as_u16(), 200);
    let renewals = shop.store.renewals();
    tokio::time::sleep(lease / 2).await;
    assert_eq!(shop.store.renewals(), renewals, "the renewer went with the request");
    assert_eq!(shop.status("/once", &credential).await, 402);
}

/// The payment behind a token, as a client of the `Payment` scheme would prove it.
pub(super) fn by_mpp(credential: &str) -> String {
    let (_, preimage) = credential.split_once(':').unwrap();
    let json = serde_json::json!({ "payload": { "preimage": preimage } }).to_string();
    format!("Payment {}", URL_SAFE_NO_PAD.encode(json))
}

#[actix_web::test]
async fn an_mpp_payment_that_is_refused_reserves_and_spends_nothing() {
    let store = TestStore::around(MemoryStore::new());
    let shop = Shop::with(store, |config| config.mpp(true)).await;
    let payment = by_mpp(&shop.buy("/once").await);
    for fault in [Fault::json(serde_json::json!({ "valid": false })), Fault::status(503)] {
        shop.sandbox.fault(fault.on(Endpoint::Verify));
        let status = shop.status("/once", &payment).await;
        assert!(matches!(status, 403 | 503), "{status}");
    }
    eventually("it is given back", async || shop.status("/once", &payment).await == 200).await;
    assert_eq!(shop.stage.calls(), 1);
}

#[actix_web::test]
async fn an_mpp_payment_and_its_token_are_one_balance() {
    let store = TestStore::around(MemoryStore::new());
    let shop = Shop::with(store, |config| config.mpp(true)).await;
    let credential = shop.buy("/once").await;
    let mpp = by_mpp(&credential);
    let facts = serde_json::json!({ "valid": true });
    shop.sandbox.fault(Fault::json(facts.clone()).on(Endpoint::Verify));
    assert_eq!(shop.status("/once", &mpp).await, 200);
    // The same payment as an L402 token, and at a broker that takes MPP twice.
    assert_eq!(shop.status("/once", &credential).await, 402);
    shop.sandbox.fault(Fault::json(facts).on(Endpoint::Verify));
    assert_eq!(shop.status("/once", &mpp).await, 402);
    assert_eq!(shop.stage.calls(), 1);
}

#[actix_web::test]
async fn a_balance_is_kept_as_long_as_is_said_but_never_shorter_than_its_token_lives() {
    const HOUR: Duration = Duration::from_secs(3600);
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    for (said, kept_for) in [
        (None, 24 * HOUR),
        (Some(HOUR / 60), HOUR),
        (Some(48 * HOUR), 48 * HOUR),
        (Some(50 * YEAR), 50 * YEAR),
        (Some(Duration::MAX), 100 * YEAR),
    ] {
        let store = TestStore::around(MemoryStore::new());
        let shop = Shop::with(store, |config| match said {
            Some(said) => config.keep_balances_for(said),
            None => config,
        })
        .await;
        let credential = shop.buy("/once").await;
        assert_eq!(shop.api.ask_with("/once", &credential).await.status, 200);
        assert_eq!(shop.store.kept_for(), Some(kept_for), "told {said:?}");
    }
}
