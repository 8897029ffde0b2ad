//! What a gated route answers, row by row, over real HTTP and through the sandbox.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod audit;
mod body;
mod caching;
mod caveats;
mod challenge;
mod config;
mod cookie;
mod cors;
mod credential;
mod discovery;
mod extract_first;
mod failure;
mod files;
mod grants;
mod invalid_token;
mod lines;
mod log_only;
mod middleware;
mod mint;
mod module;
mod mpp;
mod no_logger;
mod on_payment;
mod own_auth;
mod payment;
mod paywall;
mod pricing;
mod ready;
mod receipt;
mod scopes;
mod secrets;
mod selectors;
mod shapes;
mod typed_terms;
mod within;

use actix_web::{HttpResponse, Responder, get, web};
use l402_actix::{L402Config, Payment, VerifyCache, l402, l402_server::ChallengeRequest};
use l402_sandbox::Sandbox;
use l402_tests::{Api, Calls};

#[get("/weather")]
#[l402(price_sats = 100, description = "The weather")]
async fn weather(calls: web::Data<Calls>) -> impl Responder {
    calls.count();
    "sunny"
}

#[get("/forecast/{city}")]
#[l402(price_sats = 250)]
async fn forecast(city: web::Path<String>, calls: web::Data<Calls>, paid: Payment) -> String {
    calls.count();
    format!(
        "{city} {} {} {:?} {:?}",
        paid.resource, paid.amount_sats, paid.merchant_id, paid.payment_hash
    )
}

#[get("/cheap")]
#[l402(price_sats = 1, resource = "shared")]
async fn cheap(calls: web::Data<Calls>) -> impl Responder {
    calls.count();
    "cheap"
}

#[get("/dear")]
#[l402(price_sats = 500, resource = "shared")]
async fn dear(calls: web::Data<Calls>) -> impl Responder {
    calls.count();
    "dear"
}

#[get("/fails")]
#[l402(price_sats = 5)]
async fn fails(calls: web::Data<Calls>) -> impl Responder {
    calls.count();
    HttpResponse::InternalServerError().body("the handler's own failure")
}

/// An API with the routes above, its broker, and a counter of the handlers' calls.
struct Shop {
    api: Api,
    sandbox: Sandbox,
    calls: Calls,
}

impl Shop {
    async fn open() -> Self {
        Self::with(Sandbox::start().await, |config| config).await
    }

    async fn with(sandbox: Sandbox, settings: impl Fn(L402Config) -> L402Config) -> Self {
        let config = settings(L402Config::new(sandbox.client()).verify_cache(VerifyCache::off()));
        let calls = Calls::default();
        let counter = calls.clone();
        let api = Api::serve(move |app| {
            app.app_data(config.clone())
                .app_data(web::Data::new(counter.clone()))
                .service(weather)
                .service(forecast)
                .service(cheap)
                .service(dear)
                .service(fails);
        })
        .await;
        Self { api, sandbox, calls }
    }

    async fn buy(&self, path: &str) -> String {
        self.api.buy(path, &self.sandbox).await
    }

    /// A token that another process of the merchant's has sold.
    async fn buy_elsewhere(&self, resource: &str, sats: u64) -> String {
        let ask = ChallengeRequest::new(resource, sats);
        let challenge = self.sandbox.client().create_challenge(&ask).await.unwrap();
        let preimage = self.sandbox.pay(&challenge.invoice).unwrap();
        format!("L402 {}:{preimage}", challenge.macaroon)
    }
}

/// A credential -> its macaroon and its preimage.
fn halves(credential: &str) -> (&str, &str) {
    credential.strip_prefix("L402 ").and_then(|rest| rest.split_once(':')).expect("a credential")
}
