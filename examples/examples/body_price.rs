//! A price that depends on the body: translations by the length of the text.
//!
//! `cargo run -p l402-examples --example body_price`

use actix_web::{App, Error, HttpServer, post, web};
use l402_actix::{L402Config, Payment, Price, l402};
use l402_examples_setup::{Failure, Setup};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

const CHARS_PER_SAT: u64 = 100;

#[derive(Deserialize)]
struct Order {
    text: String,
}

/// A body that is no order is refused by the extractor, and nobody is charged for it.
async fn by_length(order: web::Json<Order>) -> Result<Price, Error> {
    let chars = order.text.chars().count() as u64;
    // A computed 0 would be answered 500: what is free has to say so.
    Ok(Price::sats(chars.div_ceil(CHARS_PER_SAT).max(1)))
}

/// A payment is for this text. By its path alone a payment for one text would open every text of
/// that price for an hour.
async fn this_text(order: web::Json<Order>) -> Result<String, Error> {
    let digest = Sha256::digest(&order.text);
    Ok(digest.iter().fold("translate ".to_owned(), |hex, byte| hex + &format!("{byte:02x}")))
}

#[post("/translate")]
#[l402(price_with = by_length, resource_with = this_text, description = "Translation")]
async fn translate(order: web::Json<Order>, payment: Payment) -> String {
    format!("{} (for {} sats)\n", order.text.to_uppercase(), payment.amount_sats)
}

#[actix_web::main]
async fn main() -> Result<(), Failure> {
    let setup = Setup::from_env().await?;
    // Bodies are read of callers that have not paid, so the limits are ones that you can afford.
    let config = L402Config::new(setup.client()).body_limit(64 * 1024);
    let json = web::JsonConfig::default().limit(64 * 1024);
    let listener = setup.listen(&[
        r#"--json '{"text":"good morning"}' {api}/translate"#,
        r#"--json '{"no":"order"}' {api}/translate"#,
    ])?;
    let server = HttpServer::new(move || {
        App::new().app_data(config.clone()).app_data(json.clone()).service(translate)
    });
    Ok(server.listen(listener)?.run().await?)
}
