//! A pack: one payment buys a hundred answers, kept in a file over a restart.
//!
//! `cargo run -p l402-examples --example packs`; `BALANCES` is the file.

use std::{env, path::PathBuf};

use actix_web::{App, HttpServer, get, http::StatusCode, web};
use l402_actix::{Balance, L402Config, RedbStore, l402};
use l402_examples_setup::{Failure, Setup};

/// Each city is a path of its own; the stated resource makes them one pack. The payer sees what is
/// left in the header `RateLimit` of each answer.
#[get("/forecast/{city}")]
#[l402(price_sats = 1000, uses = 100, resource = "forecasts", description = "100 forecasts")]
async fn forecast(city: web::Path<String>, balance: Balance) -> Result<String, UnknownCity> {
    if city.chars().any(|letter| !letter.is_alphabetic()) {
        return Err(UnknownCity);
    }
    Ok(format!("{city}: sunny. {} forecasts are left.\n", balance.left()))
}

/// A 404 costs nothing here, as `draw_on` says below.
#[derive(Debug)]
struct UnknownCity;

impl std::fmt::Display for UnknownCity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("There is no such city. This answer was not counted.\n")
    }
}

impl actix_web::ResponseError for UnknownCity {
    fn status_code(&self) -> StatusCode {
        StatusCode::NOT_FOUND
    }
}

#[actix_web::main]
async fn main() -> Result<(), Failure> {
    let setup = Setup::from_env().await?;
    // What is drawn is on the disk before an answer is sent.
    let file = env::var_os("BALANCES")
        .map_or_else(|| env::temp_dir().join("l402-packs.redb"), PathBuf::from);
    let store = RedbStore::open(&file)?;
    println!("Balances are kept in {}.\n", file.display());
    let config = L402Config::new(setup.client())
        .balances(store)
        .draw_on(|status| status != StatusCode::NOT_FOUND);
    let listener = setup.listen(&["{api}/forecast/berlin", "{api}/forecast/42"])?;
    let server = HttpServer::new(move || App::new().app_data(config.clone()).service(forecast));
    Ok(server.listen(listener)?.run().await?)
}
