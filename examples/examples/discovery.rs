//! An API that tells agents what it sells: the manifest of its paid routes, and an OpenAPI document
//! that states the prices.
//!
//! `cargo run -p l402-examples --example discovery` needs no account and no network: a sandbox
//! takes the broker's place. With `LIGHTNING_ENABLE_API_KEY` set it charges real sats through the
//! hosted broker. `PORT` (8080) chooses another port.

use std::{env, error::Error, process::ExitCode};

use actix_web::{
    App, HttpRequest, HttpServer, Responder, get,
    http::Method,
    post,
    web::{self, ServiceConfig},
};
use l402_actix::{L402Config, L402Manifest, Price, l402};
use l402_sandbox::Sandbox;
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

async fn by_model(request: HttpRequest) -> Result<Price, actix_web::Error> {
    Ok(Price::sats(if request.query_string() == "model=large" { 500 } else { 50 }))
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
#[openapi(info(title = "Weather API", version = "1.0.0"), paths(forecast, advice, status))]
struct Document;

fn manifest(config: &L402Config) -> Result<L402Manifest, Box<dyn Error>> {
    Ok(L402Manifest::new("Weather API", config)
        .description("Forecasts and measurements, paid by the call")
        .documentation_url("https://weather.example/docs")
        .category("weather")
        .strict(true)
        // The 402, the security scheme and the prices come out of the attributes.
        .openapi("/openapi.json", &Document::openapi())?)
}

fn routes(app: &mut ServiceConfig, manifest: L402Manifest) {
    manifest.register(app, |paid| {
        paid.scope("/v1", |v1| {
            v1.service(forecast).service(advice);
            v1.route(r"/measurements/{day:\d+}", Method::GET, measurements);
        });
        paid.free(|app| {
            app.service(status);
        });
    });
}

#[actix_web::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::WARN).init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("discovery: {err}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let sandbox = match env::var_os("LIGHTNING_ENABLE_API_KEY") {
        Some(_) => None,
        None => Some(Sandbox::start().await),
    };
    let config = match &sandbox {
        Some(sandbox) => L402Config::new(sandbox.client()),
        None => L402Config::from_env()?,
    };
    let port: u16 = env::var("PORT").map_or(Ok(8080), |port| port.parse())?;
    let manifest = manifest(&config)?;
    let server = HttpServer::new(move || {
        let manifest = manifest.clone();
        App::new().app_data(config.clone()).configure(|app| routes(app, manifest))
    })
    .bind(("127.0.0.1", port))?;
    let api = format!("http://{}", server.addrs()[0]);
    println!("What is sold here:   curl {api}/.well-known/l402-manifest.json");
    println!("And how to call it:  curl {api}/openapi.json");
    Ok(server.run().await?)
}
