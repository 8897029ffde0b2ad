//! The routes that are held against each other. All answer the same words.

use actix_web::{HttpRequest, HttpResponse, error, http::header, web};
use l402_actix::{BrokerBudget, L402Client, L402Config, VerifyCache, l402};
use serde::{Deserialize, Serialize};

use crate::{
    Error,
    broker::{PRICE_SATS, RESOURCE},
};

const WORDS: &str = "forty-two words that somebody has paid for";

/// The broker's key in all clients.
pub const API_KEY: &str = "merchant-key";

/// One of the routes, and how it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variant {
    /// Its name in a table.
    pub name: &'static str,
    /// Its path.
    pub path: &'static str,
    /// Whether a credential is sent along.
    pub paid: bool,
    /// The status that it has to answer.
    pub status: u16,
}

/// No payment at all.
pub const BARE: Variant =
    Variant { name: "bare Actix route", path: "/bare", paid: true, status: 200 };
/// The verify call as one writes it by hand.
pub const HAND: Variant =
    Variant { name: "hand-written verify", path: "/hand", paid: true, status: 200 };
/// `#[l402]` with a credential.
pub const OURS: Variant =
    Variant { name: "`#[l402]`, no cache", path: "/ours", paid: true, status: 200 };
/// The same within the default budget of broker calls, which knows whom it has let in.
pub const BUDGETED: Variant = Variant {
    name: "`#[l402]`, no cache, default budget",
    path: "/budgeted",
    paid: true,
    status: 200,
};
/// `#[l402]` with a credential that the cache knows.
pub const CACHED: Variant =
    Variant { name: "`#[l402]`, cache hit", path: "/cached", paid: true, status: 200 };
/// The same, of a pack whose answers are counted in memory.
pub const PACK: Variant =
    Variant { name: "`#[l402(uses = …)]`, cache hit", path: "/pack", paid: true, status: 200 };
/// `#[l402]` without a credential.
pub const UNPAID: Variant =
    Variant { name: "`#[l402]`, answers 402", path: "/ours", paid: false, status: 402 };

/// The routes and what they need.
pub fn configure(app: &mut web::ServiceConfig, shared: &Shared) {
    let budgeted = shared.config.clone().broker_budget(BrokerBudget::default());
    let cached = shared.config.clone().verify_cache(VerifyCache::default());
    app.app_data(web::Data::new(shared.clone()))
        .app_data(shared.config.clone())
        // Actix compares a path with one route after the other and looks for a config from the
        // inside out: what is held against each other stands side by side and has the same of it.
        .service(web::resource(BARE.path).app_data(cached.clone()).route(web::get().to(bare)))
        .service(web::resource(CACHED.path).app_data(cached.clone()).route(web::get().to(ours)))
        .service(web::resource(PACK.path).app_data(cached).route(web::get().to(pack)))
        .route(HAND.path, web::get().to(hand_written))
        .route(OURS.path, web::get().to(ours))
        .service(web::resource(BUDGETED.path).app_data(budgeted).route(web::get().to(ours)));
}

/// What a server sets up once, or once for each worker.
#[derive(Debug, Clone)]
pub struct Shared {
    broker: String,
    http: reqwest::Client,
    config: L402Config,
}

impl Shared {
    /// Clients of the broker at `broker`.
    ///
    /// # Errors
    ///
    /// When a client cannot be set up.
    pub fn new(broker: &str) -> Result<Self, Error> {
        let client = L402Client::builder(API_KEY).base_url(broker);
        let client = client.http_client_builder(http_client_builder).build()?;
        Ok(Self {
            broker: broker.to_owned(),
            http: http_client_builder().build()?,
            // More is asked of this broker than a real one allows.
            config: L402Config::new(client)
                .broker_budget(BrokerBudget::unlimited())
                .verify_cache(VerifyCache::off()),
        })
    }
}

/// A default client, or with the feature `http2` one that speaks that from the first byte: without
/// TLS there is nothing to agree on it by.
fn http_client_builder() -> reqwest::ClientBuilder {
    let builder = reqwest::ClientBuilder::new();
    #[cfg(feature = "http2")]
    let builder = builder.http2_prior_knowledge();
    builder
}

async fn bare() -> &'static str {
    WORDS
}

#[l402(price_sats = PRICE_SATS, resource = "/paid")]
async fn ours() -> &'static str {
    WORDS
}

#[l402(price_sats = PRICE_SATS, resource = "/paid", uses = 1_000_000_000_000)]
async fn pack() -> &'static str {
    WORDS
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Verify<'a> {
    macaroon: &'a str,
    preimage: &'a str,
    resource: &'a str,
    amount_sats: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verdict {
    valid: bool,
    resource: Option<String>,
    amount_sats: Option<u64>,
}

/// The least that one would write: no deadline, no limits, no retry, nothing of caches.
async fn hand_written(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> actix_web::Result<HttpResponse> {
    let credential = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("L402 ")?.split_once(':'));
    let Some((macaroon, preimage)) = credential else {
        return Ok(HttpResponse::PaymentRequired().finish());
    };
    let question = Verify { macaroon, preimage, resource: RESOURCE, amount_sats: PRICE_SATS };
    let verdict: Verdict = shared
        .http
        .post(format!("{}/api/l402/challenges/verify", shared.broker))
        .header("X-API-Key", API_KEY)
        .json(&question)
        .send()
        .await
        .map_err(error::ErrorBadGateway)?
        .json()
        .await
        .map_err(error::ErrorBadGateway)?;
    let covered = verdict.resource.as_deref() == Some(RESOURCE)
        && verdict.amount_sats.is_some_and(|sats| sats >= PRICE_SATS);
    Ok(if verdict.valid && covered {
        HttpResponse::Ok().body(WORDS)
    } else {
        HttpResponse::Unauthorized().finish()
    })
}
