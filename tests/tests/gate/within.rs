//! A gate within a scope has settings of its own, and what is sold at the scope can be presented
//! there.

use std::time::Duration;

use actix_web::{
    Error, HttpRequest, get, post,
    web::{self, Data},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use l402_actix::{
    Balance, L402Client, L402Config, OnInvalidToken, Price, RequirePayment, VerifyCache, l402,
};
use l402_sandbox::{Endpoint, Fault, Sandbox};
use l402_tests::{Answer, Api, Calls, pay};
use serde_json::{Value, json};

#[get("/plain")]
#[l402(price_sats = 5)]
async fn plain(calls: Data<Calls>) -> &'static str {
    calls.count();
    "plain"
}

#[get("/dear")]
#[l402(price_sats = 50)]
async fn dear(calls: Data<Calls>) -> &'static str {
    calls.count();
    "dear"
}

#[get("/own")]
#[l402(price_sats = 5, resource = "own")]
async fn own(calls: Data<Calls>) -> &'static str {
    calls.count();
    "own"
}

#[get("/item/{id}")]
#[l402(price_sats = 5, resource = "/paths/item/7")]
async fn item(calls: Data<Calls>) -> &'static str {
    calls.count();
    "item"
}

#[get("/page")]
#[l402(price_sats = 5, resource_with = by_query)]
async fn page(calls: Data<Calls>) -> &'static str {
    calls.count();
    "page"
}

fn by_query(request: &HttpRequest) -> String {
    if request.query_string() == "odd" { "odd".to_owned() } else { "site".to_owned() }
}

#[get("/computed")]
#[l402(price_with = price_by_query)]
async fn computed(calls: Data<Calls>) -> &'static str {
    calls.count();
    "computed"
}

async fn price_by_query(request: HttpRequest) -> Result<Price, Error> {
    Ok(Price::sats(match request.query_string() {
        "odd" => 0,
        "dear" => 50,
        _ => 5,
    }))
}

#[get("/by/{word}")]
#[l402(price_with = price_by_path)]
async fn by_path(calls: Data<Calls>) -> &'static str {
    calls.count();
    "by path"
}

async fn price_by_path(word: web::Path<String>) -> Result<Price, Error> {
    Ok(Price::sats(if *word == "odd" { 0 } else { 5 }))
}

#[get("/priceless")]
#[l402]
async fn priceless(calls: Data<Calls>) -> &'static str {
    calls.count();
    "priceless"
}

#[get("/units")]
#[l402(price_sats = 5, units = 100, hold = 10)]
async fn units(calls: Data<Calls>) -> &'static str {
    calls.count();
    "units"
}

/// Its payments are not counted, so that it can never be called.
#[get("/uncounted")]
#[l402(price_sats = 5)]
async fn uncounted(_: Balance) -> &'static str {
    "uncounted"
}

#[get("/ungated")]
async fn ungated(_: Balance) -> &'static str {
    "ungated"
}

struct Site {
    api: Api,
    sandbox: Sandbox,
    calls: Calls,
}

impl Site {
    /// `around` is the config of the app, `within` that of the scopes that have one of their own.
    async fn with(
        around: impl Fn(L402Config) -> L402Config,
        within: impl Fn(L402Config) -> L402Config,
    ) -> Self {
        let sandbox = Sandbox::start().await;
        let config = l402_tests::config(sandbox.client());
        let (around, within) = (around(config.clone()), within(config));
        let another = L402Client::builder("another-key").base_url(sandbox.url()).build().unwrap();
        let another = l402_tests::config(another);
        let calls = Calls::default();
        let counter = calls.clone();
        let api = Api::serve_on(2, move |app| {
            let priced = || RequirePayment::sats(10).resource("site");
            let own_config =
                web::scope("/inner").app_data(within.clone()).service((plain, dear, priceless));
            let site = web::scope("/site")
                .wrap(priced())
                .service((own_config, plain, dear, own, page, computed, by_path))
                .service((uncounted, ungated));
            let paths = web::scope("/paths").wrap(RequirePayment::sats(10)).service((item, plain));
            let packs = web::scope("/packs")
                .wrap(RequirePayment::sats(10).resource("packs").uses(3))
                .service((units, plain));
            let accounts = web::scope("/accounts")
                .wrap(RequirePayment::sats(10).resource("accounts"))
                .service(web::scope("/inner").app_data(another.clone()).service(plain))
                .service(plain);
            app.app_data(around.clone())
                .app_data(Data::new(counter.clone()))
                .service((site, paths, packs, accounts))
                .service((uncounted, plain));
        })
        .await;
        Self { api, sandbox, calls }
    }

    async fn ask(&self, path: &str) -> Answer {
        self.api.ask(path).await
    }

    async fn buy(&self, path: &str) -> String {
        self.api.buy(path, &self.sandbox).await
    }

    /// Pays what is asked for there, asks again and again, and returns the statuses: of what a buyer
    /// sees who obeys each 402, once for each payment.
    async fn obey(&self, path: &str) -> Vec<u16> {
        let (mut statuses, mut token) = (Vec::new(), None::<String>);
        for _ in 0..4 {
            let answer = match &token {
                Some(token) => self.api.ask_with(path, token).await,
                None => self.ask(path).await,
            };
            statuses.push(answer.status);
            if answer.status != 402 {
                break;
            }
            token = Some(pay(&self.sandbox, &answer.headers));
        }
        statuses
    }

    fn pay_by_mpp(&self, challenge: &Answer) -> String {
        let invoice = challenge.json()["l402"]["invoice"].as_str().unwrap().to_owned();
        let proof = json!({ "payload": { "preimage": self.sandbox.pay(&invoice).unwrap() } });
        format!("Payment {}", URL_SAFE_NO_PAD.encode(proof.to_string()))
    }
}

fn offers_mpp(challenge: &Answer) -> bool {
    assert_eq!(challenge.status, 402, "{challenge:?}");
    challenge.all("www-authenticate").iter().any(|line| line.starts_with("Payment "))
}

/// The payer is told once, in the scheme that is good at both gates. Nobody after is sold the other
/// one there, and the payment stays good where it is taken.
#[actix_web::test]
async fn a_gate_without_mpp_is_not_opened_by_what_its_scope_has_taken() {
    let site = Site::with(|config| config.mpp(true), |config| config.mpp(false)).await;
    let challenge = site.ask("/site/inner/plain").await;
    assert!(offers_mpp(&challenge), "nobody has been there yet");
    let payment = site.pay_by_mpp(&challenge);
    let within = site.api.ask_with("/site/inner/plain", &payment).await;
    assert!(!offers_mpp(&within));
    assert_eq!(within.json()["l402"]["amount_sats"], 10);
    assert_eq!(site.calls.so_far(), 0);
    let token = pay(&site.sandbox, &within.headers);
    assert_eq!(site.api.ask_with("/site/inner/plain", &token).await.status, 200);

    assert!(!offers_mpp(&site.ask("/site/inner/plain").await), "it is known now");
    assert!(offers_mpp(&site.ask("/site/plain").await), "and so it is elsewhere");
    assert_eq!(site.api.ask_with("/site/plain", &payment).await.status, 200, "not lost");
}

#[actix_web::test]
async fn an_mpp_payment_that_is_too_little_within_is_not_sold_there_again() {
    let site = Site::with(|config| config.mpp(true), |config| config).await;
    let payment = site.pay_by_mpp(&site.ask("/site/dear").await);
    let within = site.api.ask_with("/site/dear", &payment).await;
    assert!(!offers_mpp(&within));
    assert_eq!(within.json()["l402"]["amount_sats"], 50);
    let token = pay(&site.sandbox, &within.headers);
    assert_eq!(site.api.ask_with("/site/dear", &token).await.status, 200);
    assert!(!offers_mpp(&site.ask("/site/dear").await));
    assert!(!offers_mpp(&site.ask("/site/dear?another=1").await), "its price is stated");
    assert!(offers_mpp(&site.ask("/site/plain").await));
}

/// What the broker leaves out is what was sent, and where more was sold here, that.
#[actix_web::test]
async fn an_mpp_payment_whose_amount_is_left_out_is_worth_what_it_was_sold_for() {
    let site = Site::with(|config| config.mpp(true), |config| config).await;
    let too_little = site.pay_by_mpp(&site.ask("/site/dear").await);
    let within = site.api.ask_with("/site/dear", &too_little).await;
    assert_eq!(within.json()["l402"]["amount_sats"], 50);
    let payment = site.pay_by_mpp(&within);
    let leaves_out = |reply: &mut Value| _ = reply.as_object_mut().unwrap().remove("amountSats");
    site.sandbox.fault(Fault::edit(leaves_out).on(Endpoint::Verify).always());
    assert_eq!(site.api.ask_with("/site/dear", &payment).await.status, 200);
    let too_little = site.pay_by_mpp(&site.ask("/site/dear?another").await);
    assert_eq!(site.api.ask_with("/site/dear?another", &too_little).await.status, 402);
}

#[actix_web::test]
async fn an_mpp_payment_that_is_too_little_for_a_computed_price_is_offered_where_that_is_another() {
    let site = Site::with(|config| config.mpp(true), |config| config).await;
    let payment = site.pay_by_mpp(&site.ask("/site/computed?dear").await);
    assert!(!offers_mpp(&site.api.ask_with("/site/computed?dear", &payment).await));
    assert!(!offers_mpp(&site.ask("/site/computed?dear").await));
    assert!(offers_mpp(&site.ask("/site/computed").await));
    assert_eq!(site.api.ask_with("/site/computed", &payment).await.status, 200, "not lost");
}

#[actix_web::test]
async fn a_gate_without_a_cache_asks_about_a_token_that_its_scope_knows() {
    let cached = |config: L402Config| config.verify_cache(VerifyCache::new());
    for (mode, refused) in [(OnInvalidToken::Diagnose, 402), (OnInvalidToken::Unauthorized, 401)] {
        let within = |config: L402Config| config.on_invalid_token(mode.clone());
        let site = Site::with(cached, within).await;
        let token = site.buy("/site/inner/plain").await;
        for path in ["/site/inner/plain", "/site/plain"] {
            assert_eq!(site.api.ask_with(path, &token).await.status, 200);
        }
        site.sandbox.advance(Duration::from_secs(2 * 60 * 60));
        assert_eq!(site.api.ask_with("/site/plain", &token).await.status, 200, "it stands there");
        assert_eq!(site.api.ask_with("/site/inner/plain", &token).await.status, refused);
        assert_eq!(site.calls.so_far(), 3);
    }
}

#[actix_web::test]
async fn a_gate_with_a_shorter_cache_takes_no_older_verdict_of_its_scope() {
    let cached = |config: L402Config| config.verify_cache(VerifyCache::new());
    let shorter = Duration::from_millis(300);
    let short = |config: L402Config| config.verify_cache(VerifyCache::new().ttl(shorter));
    let site = Site::with(cached, short).await;
    let token = site.buy("/site/inner/plain").await;
    assert_eq!(site.api.ask_with("/site/inner/plain", &token).await.status, 200);
    site.sandbox.advance(Duration::from_secs(2 * 60 * 60));
    tokio::time::sleep(2 * shorter).await;
    assert_eq!(site.api.ask_with("/site/plain", &token).await.status, 200, "it stands there");
    assert_eq!(site.api.ask_with("/site/inner/plain", &token).await.status, 402);
}

#[actix_web::test]
async fn a_gate_with_its_scopes_cache_takes_the_verdict_that_stands_there() {
    let cached = |config: L402Config| config.verify_cache(VerifyCache::new());
    let site = Site::with(cached, cached).await;
    let token = site.buy("/site/inner/plain").await;
    for _ in 0..3 {
        assert_eq!(site.api.ask_with("/site/inner/plain", &token).await.status, 200);
        assert_eq!(site.sandbox.verifies(), 1);
    }
}

/// A verdict of this very request is good for both, so that two gates are one call.
#[actix_web::test]
async fn a_gate_without_a_cache_takes_the_verdict_of_this_very_request() {
    let site = Site::with(|config| config, |config| config).await;
    let token = site.buy("/site/inner/plain").await;
    let before = site.sandbox.verifies();
    assert_eq!(site.api.ask_with("/site/inner/plain", &token).await.status, 200);
    assert_eq!(site.sandbox.verifies(), before + 1);
}

/// Each of them sells once, to the first who comes; on two workers too.
#[actix_web::test]
async fn what_could_only_be_answered_500_within_is_sold_once() {
    let header = actix_web::http::header::HeaderName::from_static("x-l402");
    let other_header = |config: L402Config| config.credential_header(header.clone());
    let site = Site::with(|config| config, other_header).await;
    for (path, sibling) in [
        ("/site/own", "/site/plain"),
        ("/site/inner/plain", "/site/plain"),
        ("/site/inner/priceless", "/site/plain"),
        ("/packs/units", "/packs/plain"),
        ("/accounts/inner/plain", "/accounts/plain"),
        ("/site/uncounted", "/site/plain"),
        ("/site/ungated", "/site/plain"),
        ("/uncounted", "/plain"),
    ] {
        assert_eq!(site.obey(path).await, [402, 500], "{path}");
        let mints = site.sandbox.mints();
        for _ in 0..4 {
            let answer = site.ask(path).await;
            assert_eq!(answer.status, 500, "{path}");
            assert!(answer.all("www-authenticate").is_empty(), "{path}");
        }
        assert_eq!(site.sandbox.mints(), mints, "{path}");
        let token = site.buy(sibling).await;
        assert_eq!(site.api.ask_with(sibling, &token).await.status, 200, "{sibling}");
        assert_eq!(site.api.ask_with(path, &token).await.status, 500, "{path}");
    }
}

/// The scope's resource is the path, so what the handler states is right for one of them.
#[actix_web::test]
async fn a_stated_resource_within_is_compared_with_each_that_the_scope_sells() {
    let site = Site::with(|config| config, |config| config).await;
    assert_eq!(site.obey("/paths/item/5").await, [402, 500]);
    assert_eq!(site.obey("/paths/item/6").await, [500]);
    assert_eq!(site.obey("/paths/item/7").await, [402, 200]);
}

#[actix_web::test]
async fn of_a_computed_resource_within_only_what_was_wrong_is_not_sold_again() {
    let site = Site::with(|config| config, |config| config).await;
    assert_eq!(site.obey("/site/page?odd").await, [402, 500]);
    assert_eq!(site.obey("/site/page?odd").await, [500]);
    assert_eq!(site.obey("/site/page?even").await, [402, 200]);
}

#[actix_web::test]
async fn of_a_computed_price_within_only_what_was_wrong_is_not_sold_again() {
    let site = Site::with(|config| config, |config| config).await;
    assert_eq!(site.obey("/site/computed?odd").await, [402, 500]);
    assert_eq!(site.obey("/site/computed?odd").await, [500]);
    assert_eq!(site.obey("/site/computed?even").await, [402, 200]);
    assert_eq!(site.obey("/site/by/odd").await, [402, 500]);
    assert_eq!(site.obey("/site/by/odd").await, [500]);
    assert_eq!(site.obey("/site/by/even").await, [402, 200]);
}

/// One payer's request must not stop the sale to all others.
#[actix_web::test]
async fn what_is_wrong_by_a_body_or_a_header_within_is_sold_to_everybody_else() {
    let sandbox = Sandbox::start().await;
    let config = l402_tests::config(sandbox.client());
    let api = Api::serve(move |app| {
        let gate = RequirePayment::sats(5).resource("ai");
        app.app_data(config.clone())
            .service(web::scope("/ai").wrap(gate).service(by_the_length).service(by_a_header));
    })
    .await;
    let send = async |path: &str, text: &'static str, token: &str| {
        let request = api.request(reqwest::Method::POST, path).header("x-length", text.len());
        let request = if path == "/ai/text" { request.body(text) } else { request };
        Answer::to(request.header("authorization", token)).await
    };
    let (short, long) = ("x", "a text of more than ten letters");
    for path in ["/ai/text", "/ai/header"] {
        let unpaid = send(path, long, "Basic eA==").await;
        assert_eq!(unpaid.status, 402, "{path}");
        let token = pay(&sandbox, &unpaid.headers);
        assert_eq!(send(path, short, &token).await.status, 500, "{path}");
        assert_eq!(send(path, long, "Basic eA==").await.status, 402, "{path}: sold to others");
        assert_eq!(send(path, long, &token).await.status, 200, "{path}");
    }
}

#[post("/text")]
#[l402(price_with = a_sat_for_ten_letters)]
async fn by_the_length(text: String) -> String {
    text
}

async fn a_sat_for_ten_letters(text: String) -> Result<Price, Error> {
    Ok(Price::sats(text.len() as u64 / 10))
}

#[post("/header")]
#[l402(price_with = a_sat_for_ten_in_the_header)]
async fn by_a_header() -> &'static str {
    "paid"
}

async fn a_sat_for_ten_in_the_header(request: HttpRequest) -> Result<Price, Error> {
    let length = request.headers().get("x-length").and_then(|length| length.to_str().ok());
    Ok(Price::sats(length.and_then(|length| length.parse::<u64>().ok()).unwrap_or_default() / 10))
}

/// Another server of the same process and account has gates of its own.
#[actix_web::test]
async fn what_is_wrong_in_one_server_is_sold_in_another() {
    let sandbox = Sandbox::start().await;
    let config = l402_tests::config(sandbox.client());
    let serve = |resource: &'static str| {
        let config = config.clone();
        Api::serve(move |app| {
            let gate = RequirePayment::sats(10).resource(resource);
            app.app_data(config.clone())
                .app_data(Data::new(Calls::default()))
                .service(web::scope("/site").wrap(gate).service(own));
        })
    };
    let (wrong, right) = (serve("site").await, serve("own").await);
    let token = wrong.buy("/site/own", &sandbox).await;
    assert_eq!(wrong.ask_with("/site/own", &token).await.status, 500);
    assert_eq!(wrong.ask("/site/own").await.status, 500);
    let token = right.buy("/site/own", &sandbox).await;
    assert_eq!(right.ask_with("/site/own", &token).await.status, 200);
}

/// Both scopes sell, so both have to know.
#[actix_web::test]
async fn a_fault_in_a_scope_within_a_scope_is_known_at_both() {
    let sandbox = Sandbox::start().await;
    let config = l402_tests::config(sandbox.client());
    let api = Api::serve(move |app| {
        let outer = RequirePayment::sats(10).resource("site");
        let inner = web::scope("/inner").wrap(RequirePayment::sats(20)).service((own, plain));
        app.app_data(config.clone())
            .app_data(Data::new(Calls::default()))
            .service(web::scope("/site").wrap(outer).service(inner));
    })
    .await;
    let scope = api.buy("/site/inner/own", &sandbox).await;
    let dearer = api.ask_with("/site/inner/own", &scope).await;
    assert_eq!(dearer.status, 402, "{dearer:?}");
    let token = pay(&sandbox, &dearer.headers);
    assert_eq!(api.ask_with("/site/inner/own", &token).await.status, 500);
    for credential in [None, Some(&scope)] {
        let answer = match credential {
            None => api.ask("/site/inner/own").await,
            Some(scope) => api.ask_with("/site/inner/own", scope).await,
        };
        assert_eq!(answer.status, 500, "neither sells it again");
    }
    assert_eq!(api.ask_with("/site/inner/plain", &token).await.status, 200);
}
