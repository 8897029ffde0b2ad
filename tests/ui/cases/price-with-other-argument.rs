use actix_web::Error;
use l402_actix::{Price, l402};

async fn price(_: &str) -> Result<Price, Error> {
    Ok(Price::sats(1))
}

#[l402(price_with = price)]
async fn handler() -> &'static str {
    "paid"
}

fn main() {}
