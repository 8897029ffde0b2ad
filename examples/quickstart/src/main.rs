//! An API with one free route and two that charge.
//!
//! `cargo run --bin quickstart` needs no account and no network: it starts a sandbox in the broker's
//! place and prints the commands to try. `cargo run -p l402-quickstart --features rustls` with
//! `LIGHTNING_ENABLE_API_KEY` set charges real sats through the hosted broker. `PORT` (8080) and
//! `SANDBOX_PORT` (8402) choose other ports.

use actix_web::{App, HttpServer, Responder, get, web};
use l402_actix::{L402Config, Payment, l402};
use l402_examples_setup::{Failure, Setup};
use serde_json::json;

#[get("/")]
async fn index() -> &'static str {
    "GET /free                free\n\
     GET /weather             100 sats\n\
     GET /forecast/{city}     250 sats, such as /forecast/berlin\n"
}

#[get("/free")]
async fn free() -> impl Responder {
    web::Json(json!({ "weather": "somewhere, something" }))
}

#[get("/weather")]
#[l402(price_sats = 100, description = "The weather, one hour")]
async fn weather() -> impl Responder {
    web::Json(json!({ "weather": "sunny", "celsius": 22 }))
}

#[get("/forecast/{city}")]
#[l402(price_sats = 250)]
async fn forecast(city: web::Path<String>, payment: Payment) -> impl Responder {
    web::Json(json!({
        "city": city.as_str(),
        "forecast": ["sunny", "cloudy", "rain"],
        "paid": {
            "resource": payment.resource,
            "amount_sats": payment.amount_sats,
            "payment_hash": payment.payment_hash,
        },
    }))
}

#[actix_web::main]
async fn main() -> Result<(), Failure> {
    let setup = Setup::from_env().await?;
    let config = L402Config::new(setup.client());
    let listener = l402_examples_setup::listener()?;

    let api = format!("http://{}", listener.local_addr()?);
    match setup.sandbox() {
        Some(sandbox) => print_tour(&api, sandbox.url()),
        None => println!("{}: {api}/weather", setup.charging()),
    }
    let server = HttpServer::new(move || {
        App::new()
            .app_data(config.clone())
            .service(index)
            .service(free)
            .service(weather)
            .service(forecast)
    });
    Ok(server.listen(listener)?.run().await?)
}

fn print_tour(api: &str, wallet: &str) {
    println!(
        r#"LIGHTNING_ENABLE_API_KEY is not set, so a sandbox at {wallet} takes the broker's place.
Its invoices are regtest: no real sats move.

Ask, and get 402 with an invoice:

  curl -i {api}/weather

Pay the invoice with the sandbox's wallet, ask again with the receipt, and get 200:

  CHALLENGE=$(curl -s {api}/weather)
  MACAROON=$(echo "$CHALLENGE" | sed 's/.*"macaroon":"\([^"]*\)".*/\1/')
  INVOICE=$(echo "$CHALLENGE" | sed 's/.*"invoice":"\([^"]*\)".*/\1/')
  PREIMAGE=$(curl -s {wallet}/v2/router/send -d "{{\"payment_request\":\"$INVOICE\"}}" | tail -n 1 | sed 's/.*"payment_preimage":"\([^"]*\)".*/\1/')
  curl -i -H "Authorization: L402 $MACAROON:$PREIMAGE" {api}/weather

Or watch all of it in one go, for another route:

  LND_REST_HOST={wallet} cargo run -q --bin l402-sandbox -- get {api}/forecast/berlin

What is free is answered at once:

  curl -i {api}/free

Any L402 client can pay with LND_REST_HOST={wallet} LND_MACAROON_HEX=00.
"#
    );
}
