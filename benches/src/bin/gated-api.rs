//! An API with gated routes, in a process of its own: `broker_calls` starts several of them.
//!
//! `gated-api <broker's URL> <API key> [--verify-cache-off] [--reuse-challenges] [--redis URL]`
//! prints where it listens and writes its log to the standard error. It stops when its standard input
//! ends.

use std::time::Duration;

use actix_web::{App, Error as ActixError, HttpRequest, HttpServer, Responder, get, web};
use l402_actix::{ClientIdentity, L402Client, L402Config, Price, RedisState, VerifyCache, l402};
use l402_benches::{Error, process};
use lexopt::{Arg, ValueExt as _};

/// A busy machine must not look like a slow client.
const PATIENCE: Duration = Duration::from_secs(60);

/// Nor like a Redis that is away.
const REDIS_PATIENCE: Duration = Duration::from_secs(1);

#[get("/weather")]
#[l402(price_sats = 100)]
async fn weather() -> impl Responder {
    "sunny"
}

#[get("/draw")]
#[l402(price_sats = 100, single_use)]
async fn draw() -> impl Responder {
    "a picture of its own for each payment"
}

/// Costs what the request names.
#[get("/rate")]
#[l402]
async fn rate() -> impl Responder {
    "1.09"
}

async fn asked_price(request: HttpRequest) -> Result<Option<Price>, ActixError> {
    Ok(request.query_string().parse().ok().map(Price::sats))
}

#[actix_web::main]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .init();
    let config = config()?;
    let server = HttpServer::new(move || {
        let by_request = config.clone().price_with(asked_price);
        App::new()
            .app_data(config.clone())
            .service(weather)
            .service(draw)
            .service(web::scope("/exchange").app_data(by_request).service(rate))
    })
    .workers(2)
    .client_request_timeout(PATIENCE)
    .bind(("127.0.0.1", 0))?;
    process::announce(*server.addrs().first().ok_or("no address")?);
    Ok(server.run().await?)
}

/// As it comes, but for the switches.
fn config() -> Result<L402Config, Error> {
    let mut arguments = lexopt::Parser::from_env();
    let mut named = Vec::new();
    let (mut cache_off, mut reuse_challenges, mut redis) = (false, false, None);
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("verify-cache-off") => cache_off = true,
            Arg::Long("reuse-challenges") => reuse_challenges = true,
            Arg::Long("redis") => redis = Some(arguments.value()?.string()?),
            Arg::Value(value) => named.push(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let [broker, key] = named.as_slice() else {
        return Err("expected: broker's URL, API key".into());
    };
    let mut config = L402Config::new(L402Client::builder(key).base_url(broker).build()?);
    if let Some(url) = redis {
        config = config.shared_state(RedisState::new(url)?.patience(REDIS_PATIENCE));
    }
    if cache_off {
        config = config.verify_cache(VerifyCache::off());
    }
    if reuse_challenges {
        config = config.client_identity(ClientIdentity::peer_addr().reuse_challenges(true));
    }
    Ok(config)
}
