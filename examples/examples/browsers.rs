//! An API that pages of another origin can pay for, from within a browser.
//!
//! A browser shows a page no header of another origin's answer, and sends no header of the page's
//! own, that CORS does not allow. Each of these lines is needed (`tests/interop` takes one away at a
//! time and lets Chromium try to pay):
//!
//! | line | without it |
//! | --- | --- |
//! | `.allowed_origin("https://app.example")` | the page gets no answer, not even that of a free route; the challenge was minted, and nobody pays |
//! | `.expose_headers([WWW_AUTHENTICATE])` | the page sees a 402 without its challenge; nobody pays |
//! | `.allowed_header(AUTHORIZATION)` | **the payer pays, and the browser blocks the request with the receipt** |
//! | `.allowed_header(CONTENT_TYPE)` | a page that posts JSON gets no answer: the browser blocks its first request |
//!
//! `actix-cors` also wants the methods of the paid routes named, `GET` included, before it lets a request with
//! `Authorization` pass; without that line, too, the payer pays for nothing.
//!
//! CORS stands outside of the gate: then it answers the browser's `OPTIONS` itself, and puts its
//! headers on the gate's 402 and on every failure. Within the gate it would see neither.
//!
//! `cargo run -p l402-examples --example browsers` serves the API on a sandbox and prints how to
//! pay from a page. `ORIGIN` (`http://localhost:3000`) is where the page comes from; `PORT` (8080)
//! and `SANDBOX_PORT` (8402) choose other ports.

use std::{env, error::Error};

use actix_cors::Cors;
use actix_web::{
    App, HttpServer, Responder, get,
    http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE},
    post, web,
};
use l402_actix::{L402Config, l402};
use l402_sandbox::Sandbox;
use serde_json::json;

#[get("/weather")]
#[l402(price_sats = 100, description = "The weather, one hour")]
async fn weather() -> impl Responder {
    web::Json(json!({ "weather": "sunny", "celsius": 22 }))
}

#[post("/echo")]
#[l402(price_sats = 10)]
async fn echo(body: web::Json<serde_json::Value>) -> impl Responder {
    body
}

/// What lets pages of `origin` pay. Name your origins rather than allow any: a page of an origin
/// that is allowed can read what its visitor has paid for.
fn cors(origin: &str) -> Cors {
    Cors::default()
        .allowed_methods(["GET", "POST"])
        .allowed_origin(origin)
        // The retry carries the receipt in `Authorization`.
        .allowed_header(AUTHORIZATION)
        // Pages that post JSON say so.
        .allowed_header(CONTENT_TYPE)
        // The first answer carries the invoice in `WWW-Authenticate`.
        .expose_headers([WWW_AUTHENTICATE])
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::WARN).init();
    let origin = env::var("ORIGIN").unwrap_or_else(|_| "http://localhost:3000".to_owned());
    let sandbox = Sandbox::builder().port(port("SANDBOX_PORT", 8402)?).start().await?;
    let config = L402Config::new(sandbox.client());

    let allowed = origin.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(config.clone())
            // Outside of every gate in the app.
            .wrap(cors(&allowed))
            .service(weather)
            .service(echo)
    })
    .bind(("127.0.0.1", port("PORT", 8080)?))?;

    let (api, wallet) = (server.addrs()[0], sandbox.url());
    println!(
        r#"A page from {origin} pays with npm's @getalby/lightning-tools:

  import {{ fetch402 }} from "@getalby/lightning-tools/402";
  const answer = await fetch402("http://{api}/weather", {{}}, {{ wallet: window.webln }});

What it reads and sends, as curl: the 402 with its exposed header, and the preflight of the retry.

  curl -i -H 'Origin: {origin}' http://{api}/weather
  curl -i -X OPTIONS -H 'Origin: {origin}' -H 'Access-Control-Request-Method: GET' -H 'Access-Control-Request-Headers: authorization' http://{api}/weather

The sandbox's wallet answers at LND_REST_HOST={wallet} LND_MACAROON_HEX=00."#
    );
    Ok(server.run().await?)
}

fn port(variable: &str, default: u16) -> Result<u16, Box<dyn Error>> {
    match env::var(variable) {
        Ok(port) => Ok(port.parse()?),
        Err(_) => Ok(default),
    }
}
