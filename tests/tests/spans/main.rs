//! The span of a gated request and what is logged in it, as a subscriber hears them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod collector;
mod events;
mod nesting;
mod outcomes;

use actix_web::{Error, HttpRequest, Responder, error, get, web};
use collector::{Span, spans_of};
use l402_actix::{Balance, BalanceError, L402Config, MemoryStore, Price, l402};
use l402_sandbox::Sandbox;
use l402_tests::{Answer, Api, config};

#[get("/weather/{city}")]
#[l402(price_sats = 100)]
async fn weather() -> impl Responder {
    tracing::info!("the handler speaks");
    "sunny"
}

#[get("/priced")]
#[l402(price_with = by_query)]
async fn priced() -> impl Responder {
    "priced"
}

#[get("/once")]
#[l402(price_sats = 10, single_use)]
async fn once() -> impl Responder {
    "once"
}

#[get("/pack")]
#[l402(price_sats = 10, uses = 3)]
async fn pack() -> impl Responder {
    "one of three"
}

#[get("/unpriced")]
#[l402]
async fn unpriced() -> impl Responder {
    "for no price"
}

/// It draws more than it holds, as often as it is asked.
#[get("/overdrawn")]
#[l402(price_sats = 10, units = 10, hold = 2)]
async fn overdrawn(balance: Balance) -> Result<&'static str, BalanceError> {
    balance.draw(3)?;
    Ok("too much")
}

#[get("/forgetful")]
#[l402(price_sats = 10, units = 10, hold = 1)]
async fn forgetful() -> impl Responder {
    "nothing drawn"
}

async fn by_query(request: HttpRequest) -> Result<Price, Error> {
    match request.query_string() {
        "free" => Ok(Price::FREE),
        "gone" => Err(error::ErrorGone("sold out")),
        _ => Ok(Price::sats(30)),
    }
}

/// The routes above, each under a scope of the test's own: tests run side by side, and are told
/// apart by the routes of their spans.
struct Shop {
    scope: &'static str,
    api: Api,
    sandbox: Sandbox,
}

impl Shop {
    async fn open(scope: &'static str) -> Self {
        Self::with(scope, |config| config).await
    }

    async fn with(scope: &'static str, settings: impl Fn(L402Config) -> L402Config) -> Self {
        let sandbox = Sandbox::start().await;
        let config = settings(config(sandbox.client()).balances(MemoryStore::new()));
        Self::of(scope, sandbox, config).await
    }

    async fn with_the_default_store(scope: &'static str) -> Self {
        let sandbox = Sandbox::start().await;
        let config = config(sandbox.client());
        Self::of(scope, sandbox, config).await
    }

    async fn of(scope: &'static str, sandbox: Sandbox, config: L402Config) -> Self {
        collector::begin();
        let api = Api::serve(move |app| {
            let routes = web::scope(scope);
            let routes = routes.service((weather, priced, once, pack, unpriced));
            let routes = routes.service((overdrawn, forgetful));
            app.app_data(config.clone()).service(routes);
        })
        .await;
        Self { scope, api, sandbox }
    }

    async fn ask(&self, path: &str) -> Answer {
        self.api.ask(&format!("{}{path}", self.scope)).await
    }

    /// Asks from another address of this machine.
    async fn ask_from(&self, client: u8, path: &str) -> Answer {
        Answer::to(self.api.get_from(client, &format!("{}{path}", self.scope))).await
    }

    async fn ask_with(&self, path: &str, credential: &str) -> Answer {
        self.api.ask_with(&format!("{}{path}", self.scope), credential).await
    }

    /// Buys, and forgets the challenge's span.
    async fn buy(&self, path: &str) -> String {
        let credential = self.api.buy(&format!("{}{path}", self.scope), &self.sandbox).await;
        let route = if path.starts_with("/weather") { "/weather/{city}" } else { path };
        assert!(self.went(route).contains("challenged"));
        credential
    }

    /// How the one request for the route went: its price, outcome and reason.
    fn went(&self, route: &str) -> String {
        let Span { fields, .. } = self.span(route);
        format!("{} {} {}", fields.get("price_sats"), fields.get("outcome"), fields.get("reason"))
    }

    fn span(&self, route: &str) -> Span {
        only_span(&format!("{}{route}", self.scope))
    }
}

/// The one span of a request for the route.
fn only_span(route: &str) -> Span {
    let spans = spans_of(route);
    let [span] = spans.as_slice() else { panic!("{spans:?} at {route}") };
    span.clone()
}
