//! An API that tells agents what it sells: the manifest of its paid routes, and an OpenAPI document
//! that states the prices.
//!
//! An agent that is given the API's name reads `/.well-known/l402-manifest.json` and picks a route by
//! its description and price. Registries read `/openapi.json`: its `x-payment-info` says that a call
//! costs so many sats over Lightning. Neither is a promise; the 402 has the last word.
//!
//! Lightning Enable's own agent tool buys with `GET` and `HEAD` only, and follows no redirect. So
//! `POST /v1/advice` is there for other clients, and what agents shall buy is better a `GET`, at the
//! path that answers.
//!
//! `cargo run -p l402-examples --example discovery` needs no account and no network: a sandbox
//! takes the broker's place. With `LIGHTNING_ENABLE_API_KEY` set it charges real sats through the
//! hosted broker. `PORT` (8080) and `SANDBOX_PORT` (8402) choose other ports.

use actix_web::{
    App, Error, HttpServer, Responder, get,
    http::Method,
    post,
    web::{self, ServiceConfig},
};
use l402_actix::{L402Config, L402Manifest, Price, l402};
use l402_examples_setup::{Failure, Setup};
use serde::Deserialize;
use utoipa::OpenApi;

/// The forecast for one city
#[utoipa::path(
    path = "/v1/forecast/{city}",
    params(("city" = String, Path)),
    responses((status = 200, body = String)),
)]
#[l402(price_sats = 250, description = "The forecast for one city")]
#[get("/forecast/{city}")]
async fn forecast(city: web::Path<String>) -> impl Responder {
    format!("{city}: sunny, cloudy, rain")
}

#[derive(Deserialize)]
struct Ask {
    model: Option<String>,
}

async fn by_model(ask: web::Query<Ask>) -> Result<Price, Error> {
    Ok(Price::sats(if ask.model.as_deref() == Some("large") { 500 } else { 50 }))
}

/// What to wear tomorrow
#[utoipa::path(
    path = "/v1/advice",
    params(("model" = Option<String>, Query)),
    request_body = String,
    responses((status = 200, body = String)),
)]
#[l402(price_with = by_model, description = "What to wear tomorrow")]
#[post("/advice")]
async fn advice(question: String) -> impl Responder {
    format!("{question} A coat.")
}

/// A handler without a route attribute: it is told its path where it is registered.
#[l402(price_sats = 10, description = "One day's measurements")]
async fn measurements(day: web::Path<u32>) -> impl Responder {
    format!("day {day}: 22, 23, 21")
}

/// Whether the service is up
#[utoipa::path(responses((status = 200, body = String)))]
#[get("/status")]
async fn status() -> impl Responder {
    "up"
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Weather API", version = "1.0.0", description = ABOUT),
    paths(forecast, advice, status)
)]
struct Document;

const ABOUT: &str = "Forecasts and measurements; a payment opens one path for an hour";

fn manifest(config: &L402Config, base_url: &str) -> Result<L402Manifest, Failure> {
    Ok(L402Manifest::new("Weather API", config)
        .description(ABOUT)
        .base_url(base_url)
        .documentation_url("https://weather.example/docs")
        .category("weather")
        .strict(true)
        // The 402, the security scheme and the prices come out of the attributes.
        .openapi("/openapi.json", &Document::openapi())?)
}

fn routes(app: &mut ServiceConfig, manifest: L402Manifest) {
    manifest.register(app, |paid| {
        paid.scope("/v1", |v1| {
            v1.service(forecast).tags(["forecasts"]);
            v1.service(advice).tags(["advice"]);
            v1.route(r"/measurements/{day:\d+}", Method::GET, measurements).tags(["history"]);
        });
        paid.free(|app| {
            app.service(status);
        });
    });
}

#[actix_web::main]
async fn main() -> Result<(), Failure> {
    let setup = Setup::from_env().await?;
    let config = L402Config::new(setup.client());
    let listener = setup.listen(&[
        "{api}/.well-known/l402-manifest.json",
        "{api}/openapi.json",
        "{api}/v1/forecast/berlin",
        "-d 'What to wear?' {api}/v1/advice",
    ])?;
    // In production it is the name that clients know.
    let manifest = manifest(&config, &format!("http://{}", listener.local_addr()?))?;
    let server = HttpServer::new(move || {
        let manifest = manifest.clone();
        App::new().app_data(config.clone()).configure(|app| routes(app, manifest))
    });
    Ok(server.listen(listener)?.run().await?)
}
