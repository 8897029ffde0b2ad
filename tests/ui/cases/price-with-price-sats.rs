use actix_web::{Error, HttpRequest};
use l402_actix::{Price, l402};

async fn price(_: HttpRequest) -> Result<Price, Error> {
    Ok(Price::sats(1))
}

#[l402(price_with = price, price_sats = 100)]
async fn handler() -> &'static str {
    "paid"
}

fn main() {}
