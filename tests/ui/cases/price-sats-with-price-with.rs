use actix_web::{Error, HttpRequest};
use l402_actix::{Price, l402};

async fn price(_: HttpRequest) -> Result<Price, Error> {
    Ok(Price::sats(1))
}

#[l402(price_sats = 100, price_with = price)]
async fn handler() -> &'static str {
    "paid"
}

fn main() {}
