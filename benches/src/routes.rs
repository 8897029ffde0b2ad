//! The routes that are held against each other. All answer the same words.

use std::sync::Arc;

use actix_web::web;
use l402_actix::{BrokerBudget, L402Client, L402Config, VerifyCache, l402};

use crate::{
    Error,
    broker::PRICE_SATS,
    by_hand::{self, Known},
};

/// What all routes answer.
pub(crate) const WORDS: &str = "forty-two words that somebody has paid for";

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
/// The same with a deadline, a receipt and what a cache has to be told.
pub const CAREFUL: Variant = Variant {
    name: "the same with deadline, receipt, headers",
    path: "/careful",
    paid: true,
    status: 200,
};
/// What a hit cannot do without, by hand.
pub const KNOWN: Variant =
    Variant { name: "hand-written cache hit", path: "/known", paid: true, status: 200 };
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
        .service(web::resource(PACK.path).app_data(cached.clone()).route(web::get().to(pack)))
        .service(web::resource(KNOWN.path).app_data(cached).route(web::get().to(by_hand::known)))
        .route(HAND.path, web::get().to(by_hand::verify))
        .route(CAREFUL.path, web::get().to(by_hand::careful))
        .route(OURS.path, web::get().to(ours))
        .service(web::resource(BUDGETED.path).app_data(budgeted).route(web::get().to(ours)));
}

/// What a server sets up once, or once for each worker.
#[derive(Debug, Clone)]
pub struct Shared {
    pub(crate) broker: String,
    pub(crate) http: reqwest::Client,
    pub(crate) known: Arc<Known>,
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
            known: Arc::default(),
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
