//! A health page that tells "nothing can be sold", which only you can mend (the key, the plan or the
//! wallet), from "the broker is away", which passes.
//!
//! `cargo run -p l402-examples --example health`

use std::time::{Duration, Instant};

use actix_web::{
    App, HttpResponse, HttpServer, Responder, get,
    http::header::{CACHE_CONTROL, RETRY_AFTER},
    web,
};
use l402_actix::{L402Client, L402Config, L402Error, l402};
use l402_examples_setup::{Failure, Setup};
use serde_json::json;
use tokio::sync::Mutex;

#[get("/weather")]
#[l402(price_sats = 100)]
async fn weather() -> &'static str {
    "sunny\n"
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Broker {
    Well,
    CannotSell,
    Away,
}

impl Broker {
    /// How long an answer stands. The account may be asked for 200 times a minute, so a probe in each
    /// second of each process must not be a question; what fails is looked at again sooner.
    fn stands_for(self) -> Duration {
        Duration::from_secs(if self == Self::Well { 30 } else { 5 })
    }
}

struct Said {
    since: Instant,
    broker: Broker,
}

impl Said {
    async fn now(client: &L402Client) -> Self {
        let checked = client.check().await;
        // Why is for your log: a health page is often open to everybody.
        if let Err(err) = &checked {
            eprintln!("health: {err}");
        }
        let broker = match checked {
            Ok(()) => Broker::Well,
            Err(L402Error::Auth { .. } | L402Error::Plan { .. } | L402Error::NoWallet { .. }) => {
                Broker::CannotSell
            }
            Err(_) => Broker::Away,
        };
        Self { since: Instant::now(), broker }
    }
}

/// What the broker has said last, for all workers.
struct Checks {
    client: L402Client,
    last: Mutex<Option<Said>>,
}

/// For whoever alerts you. Not for whatever restarts the program: that mends neither, and routes
/// that are free go on working.
#[get("/health")]
async fn health(checks: web::Data<Checks>) -> impl Responder {
    // Held over the check, so that probes that come at once share one.
    let mut last = checks.last.lock().await;
    let stands = last.take().filter(|last| last.since.elapsed() < last.broker.stands_for());
    let said = match stands {
        Some(said) => said,
        None => Said::now(&checks.client).await,
    };
    let Said { broker, .. } = *last.insert(said);
    let (mut answer, name) = match broker {
        Broker::Well => (HttpResponse::Ok(), "well"),
        Broker::CannotSell => (HttpResponse::InternalServerError(), "cannot_sell"),
        Broker::Away => (HttpResponse::ServiceUnavailable(), "away"),
    };
    if broker == Broker::Away {
        answer.insert_header((RETRY_AFTER, broker.stands_for().as_secs()));
    }
    answer.insert_header((CACHE_CONTROL, "no-store"));
    answer.json(json!({ "broker": name }))
}

#[actix_web::main]
async fn main() -> Result<(), Failure> {
    let setup = Setup::from_env().await?;
    let client = setup.client();
    match client.check().await {
        // Where nothing can be sold the roll-out had better fail.
        Err(
            err @ (L402Error::Auth { .. } | L402Error::Plan { .. } | L402Error::NoWallet { .. }),
        ) => return Err(err.into()),
        // That passes, and routes that are free need no broker.
        Err(err) => eprintln!("starting without the broker: {err}"),
        Ok(()) => {}
    }
    let config = L402Config::new(client.clone());
    let checks = web::Data::new(Checks { client, last: Mutex::default() });
    let listener = setup.listen(&["{api}/health", "{api}/weather"])?;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(config.clone())
            .app_data(checks.clone())
            .service(health)
            .service(weather)
    });
    Ok(server.listen(listener)?.run().await?)
}
