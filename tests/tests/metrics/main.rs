//! Each figure is what really happened, over real HTTP and from a real exporter.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(clippy::await_holding_lock, reason = "tests take turns, each on a thread of its own")]

mod broker;
mod labels;
mod recorder;
mod requests;

use actix_web::{Error, HttpRequest, Responder, error, get, post, web};
use l402_actix::{L402Config, Price, RequirePayment, l402};
use l402_sandbox::Sandbox;
use l402_tests::{Answer, Api, config};
use recorder::Figures;

#[get("/weather/{city}")]
#[l402(price_sats = 100)]
async fn weather() -> impl Responder {
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

#[get("/inner")]
#[l402(price_sats = 5)]
async fn inner() -> impl Responder {
    "inner"
}

#[get("/inner-free")]
#[l402(price_with = by_query)]
async fn inner_free() -> impl Responder {
    "free in a scope that is not"
}

#[post("/order")]
#[l402(price_sats = 40, extract_first)]
async fn order(order: web::Json<u64>) -> impl Responder {
    order.to_string()
}

async fn by_query(request: HttpRequest) -> Result<Price, Error> {
    match request.query_string() {
        "free" => Ok(Price::FREE),
        "gone" => Err(error::ErrorGone("sold out")),
        _ => Ok(Price::sats(30)),
    }
}

/// An API on a sandbox of its own, and the figures since it opened. One is open at a time.
struct Shop {
    api: Api,
    sandbox: Sandbox,
    figures: Figures,
}

impl Shop {
    async fn open() -> Self {
        Self::with(1, |config| config).await
    }

    async fn with(workers: usize, settings: impl Fn(L402Config) -> L402Config) -> Self {
        let figures = Figures::from_now();
        let sandbox = Sandbox::start().await;
        let config = settings(config(sandbox.client()));
        let api = Api::serve_on(workers, move |app| {
            let scope = web::scope("/scope").wrap(RequirePayment::sats(20).resource("scope"));
            app.app_data(config.clone())
                .service(weather)
                .service(priced)
                .service(once)
                .service(order)
                .service(scope.service(inner).service(inner_free));
        })
        .await;
        Self { api, sandbox, figures }
    }

    async fn ask(&self, path: &str) -> Answer {
        self.api.ask(path).await
    }

    /// Asks from another address of this machine.
    async fn ask_from(&self, client: u8, path: &str) -> Answer {
        Answer::to(self.api.get_from(client, path)).await
    }

    async fn ask_with(&self, path: &str, credential: &str) -> Answer {
        self.api.ask_with(path, credential).await
    }

    async fn buy(&self, path: &str) -> String {
        self.api.buy(path, &self.sandbox).await
    }

    /// The series that have grown, without those of the broker's calls.
    fn grown(&self) -> Vec<String> {
        let grown = self.figures.grown().into_iter();
        grown.filter(|series| !series.starts_with("l402_broker_call")).collect()
    }
}
