//! An API that shares its state through Redis, in a process of its own: tests start several of them.
//!
//! `shared_state_server <broker's URL> <API key> <Redis' URL or -> [switches]` prints its own URL, and
//! writes its log to the standard error. Stops when its standard input ends.
//!
//! Switches: `reuse` (clients are handed the challenge that they hold), `key` (an idempotency key of
//! the merchant's), `rechallenge`, `uncached` (each request is a broker call), `unlimited`.

use std::{env, error::Error};

use actix_web::{App, HttpServer, Responder, get};
use l402_actix::{
    BrokerBudget, ClientIdentity, L402Client, L402Config, OnInvalidToken, RedisState, VerifyCache,
    l402,
};
use l402_tests::{PATIENCE, process::serves_a_test};

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

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [broker, key, redis, switches @ ..] = arguments.as_slice() else {
        return Err("expected: broker's URL, API key, Redis' URL, switches".into());
    };
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    let client = L402Client::builder(key).base_url(broker).timeout(PATIENCE).build()?;
    let mut config = L402Config::new(client);
    if redis != "-" {
        config = config.shared_state(RedisState::new(redis)?);
    }
    for switch in switches {
        config = match switch.as_str() {
            "reuse" => config.client_identity(ClientIdentity::peer_addr().reuse_challenges(true)),
            "key" => config.idempotency_key_with(|_| Some("the same for all".to_owned())),
            "rechallenge" => config.on_invalid_token(OnInvalidToken::Rechallenge),
            "uncached" => config.verify_cache(VerifyCache::off()),
            "unlimited" => config.broker_budget(BrokerBudget::unlimited()),
            other => return Err(format!("no such switch: {other}").into()),
        };
    }
    let server =
        HttpServer::new(move || App::new().app_data(config.clone()).service(weather).service(draw))
            .workers(2)
            .client_request_timeout(PATIENCE)
            .keep_alive(PATIENCE)
            .bind(("127.0.0.1", 0))?;
    serves_a_test(server.addrs()[0])?;
    server.run().await?;
    Ok(())
}
