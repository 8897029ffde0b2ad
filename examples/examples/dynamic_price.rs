//! A price that depends on the request: on the model that is asked for, and on an exchange rate
//! that moves.
//!
//! `cargo run -p l402-examples --example dynamic_price`

use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::{App, Error, HttpServer, error, get, web};
use l402_actix::{L402Config, Payment, Price, l402};
use l402_examples_setup::{Failure, Setup};
use serde::Deserialize;

/// What a cent costs in sats; something else keeps it up to date.
struct Rate(AtomicU64);

#[derive(Deserialize)]
struct Ask {
    model: String,
}

/// Called for each request, paid or not, before anything else happens. What it returns as an error
/// is the answer, and nobody is charged for it.
///
/// Its arguments are extractors, so it reads the query as the handler does. A comparison with the raw
/// query would be evaded with `?model=%6carge`.
async fn by_model(ask: web::Query<Ask>, rate: web::Data<Rate>) -> Result<Price, Error> {
    let cents = match ask.model.as_str() {
        "demo" => return Ok(Price::FREE),
        "small" => 10,
        "large" => 50,
        _ => return Err(error::ErrorNotFound("no such model; there are demo, small and large")),
    };
    let sats = cents * rate.0.load(Ordering::Relaxed);
    // A token that was bought a moment ago is still good when the rate has moved by a tenth.
    Ok(Price::sats(sats).accept(sats - sats / 10))
}

/// A payment is for one completion: without `single_use` it would be for all that are asked for within
/// an hour. `None` for the demo, which nobody pays for.
#[get("/complete")]
#[l402(price_with = by_model, single_use, description = "One completion")]
async fn complete(ask: web::Query<Ask>, payment: Option<Payment>) -> String {
    let paid = payment.map_or(0, |payment| payment.amount_sats);
    format!("the {} model was paid {paid} sats and says: hello\n", ask.model)
}

#[actix_web::main]
async fn main() -> Result<(), Failure> {
    let setup = Setup::from_env().await?;
    let config = L402Config::new(setup.client());
    let rate = web::Data::new(Rate(AtomicU64::new(10)));
    let listener = setup.listen(&[
        "'{api}/complete?model=small'",
        "'{api}/complete?model=large'",
        "'{api}/complete?model=demo'",
    ])?;
    let server = HttpServer::new(move || {
        App::new().app_data(config.clone()).app_data(rate.clone()).service(complete)
    });
    Ok(server.listen(listener)?.run().await?)
}
