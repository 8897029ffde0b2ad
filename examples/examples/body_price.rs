//! A price that depends on the body: translations by the length of the text.
//!
//! `cargo run -p l402-examples --example body_price`

use std::{future::Future, pin::Pin};

use actix_web::{
    App, Error, FromRequest, HttpMessage as _, HttpRequest, HttpServer, dev::Payload, error, post,
    web,
};
use l402_actix::{L402Config, Payment, Price, l402};
use l402_examples::{Failure, Setup};
use serde::Deserialize;

const CHARS_PER_SAT: u64 = 100;

#[derive(Deserialize)]
struct Order {
    text: String,
}

/// What the price needs to know of the body.
#[derive(Clone, Copy)]
struct Chars(u64);

/// The body, which leaves its length in the request's extensions.
struct Measured(Order);

impl FromRequest for Measured {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, body: &mut Payload) -> Self::Future {
        let order = web::Json::<Order>::from_request(request, body);
        let request = request.clone();
        Box::pin(async move {
            let order = order.await?.into_inner();
            request.extensions_mut().insert(Chars(order.text.chars().count() as u64));
            Ok(Self(order))
        })
    }
}

async fn by_length(request: HttpRequest) -> Result<Price, Error> {
    let chars = request.extensions().get::<Chars>().copied();
    let Chars(chars) = chars.ok_or_else(|| error::ErrorInternalServerError("not measured"))?;
    // A computed 0 would be answered 500: what is free has to say so.
    Ok(Price::sats(chars.div_ceil(CHARS_PER_SAT).max(1)))
}

/// `extract_first` lets the extractors run before the price is asked for. So a body that is no
/// order is refused without a charge, and the price may depend on one that is.
#[post("/translate")]
#[l402(price_with = by_length, extract_first, description = "Translation")]
async fn translate(order: Measured, payment: Payment) -> String {
    format!("{} (for {} sats)\n", order.0.text.to_uppercase(), payment.amount_sats)
}

#[actix_web::main]
async fn main() -> Result<(), Failure> {
    let setup = Setup::from_env().await?;
    let config = L402Config::new(setup.client());
    // Callers that have not paid can send bodies now, so the limit is one that you can afford.
    let limit = web::JsonConfig::default().limit(64 * 1024);
    let listener = setup.listen(&[
        r#"--json '{"text":"good morning"}' {api}/translate"#,
        r#"--json '{"no":"order"}' {api}/translate"#,
    ])?;
    let server = HttpServer::new(move || {
        App::new().app_data(config.clone()).app_data(limit.clone()).service(translate)
    });
    Ok(server.listen(listener)?.run().await?)
}
