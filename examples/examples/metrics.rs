//! Figures for Prometheus: what is sold, what is refused, and how the broker does.
//!
//! `cargo run -p l402-examples --example metrics`; `docs/grafana/l402.json` is a dashboard for it.

use std::time::Duration;

use actix_web::{
    App, Error, HttpResponse, HttpServer, Responder, get, http::header::ContentType, rt, web,
};
use l402_actix::{L402Config, Price, VerifyCache, l402};
use l402_examples_setup::{Failure, Setup};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

#[get("/weather")]
#[l402(price_sats = 100)]
async fn weather() -> &'static str {
    "sunny\n"
}

async fn by_city(city: web::Path<String>) -> Result<Price, Error> {
    Ok(if *city == "atlantis" { Price::FREE } else { Price::sats(250) })
}

#[get("/forecast/{city}")]
#[l402(price_with = by_city)]
async fn forecast(city: web::Path<String>) -> String {
    format!("{city}: rain\n")
}

/// What you earn is nobody else's business: let only your Prometheus reach this, by a listener of
/// its own or by your proxy.
#[get("/metrics")]
async fn metrics(exporter: web::Data<PrometheusHandle>) -> impl Responder {
    HttpResponse::Ok().content_type(ContentType::plaintext()).body(exporter.render())
}

#[actix_web::main]
async fn main() -> Result<(), Failure> {
    let setup = Setup::from_env().await?;
    // Buckets around what a call takes, 50 ms in its region and 200 ms across continents, up to the
    // client's timeout. Without them the exporter makes a summary, which cannot be added up.
    let buckets = [0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 10.0];
    let broker_call = Matcher::Full("l402_broker_call_seconds".to_owned());
    let exporter = PrometheusBuilder::new()
        .set_buckets_for_metric(broker_call, &buckets)?
        // Before the server: what is counted before it is lost.
        .install_recorder()?;
    // Sorts what has been measured into the buckets, also while nobody asks for it.
    let upkeep = exporter.clone();
    rt::spawn(async move {
        loop {
            rt::time::sleep(Duration::from_secs(5)).await;
            upkeep.run_upkeep();
        }
    });

    let config = L402Config::new(setup.client()).verify_cache(VerifyCache::new());
    let tries =
        &["{api}/weather", "{api}/forecast/rome", "{api}/forecast/atlantis", "{api}/metrics"];
    let listener = setup.listen(tries)?;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(config.clone())
            .app_data(web::Data::new(exporter.clone()))
            .service(weather)
            .service(forecast)
            .service(metrics)
    });
    Ok(server.listen(listener)?.run().await?)
}
