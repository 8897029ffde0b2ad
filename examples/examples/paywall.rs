//! A page for people: a browser that asks for the article gets a QR code and a pay button, a
//! program gets JSON.
//!
//! `cargo run -p l402-examples --example paywall` needs no account and no network: it starts a
//! sandbox in the broker's place and prints how to pay with its wallet. With
//! `LIGHTNING_ENABLE_API_KEY` set it charges real sats through the hosted broker. `PORT` (8080) and
//! `SANDBOX_PORT` (8402) choose other ports.

use std::{env, error::Error};

use actix_web::{App, HttpServer, Responder, get, web};
use l402_actix::{L402Config, PaywallPage, l402};
use l402_sandbox::Sandbox;

#[get("/article")]
#[l402(price_sats = 21, description = "An article on paying for articles")]
async fn article() -> impl Responder {
    web::Html::new(
        r"<!doctype html><html lang='en'><title>On paying for articles</title>
        <style>body { font: 1.1rem/1.6 serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem }</style>
        <h1>On paying for articles</h1>
        <p>You have just paid for one: no account, no card, no advertisement.</p></html>",
    )
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::WARN).init();
    let sandbox = match env::var_os("LIGHTNING_ENABLE_API_KEY") {
        Some(_) => None,
        None => Some(Sandbox::builder().port(port("SANDBOX_PORT", 8402)?).start().await?),
    };
    let config = match &sandbox {
        Some(sandbox) => L402Config::new(sandbox.client()),
        None => L402Config::from_env()?,
    };
    let config = config.paywall_page(PaywallPage::new().title("The Daily Sat"));
    let server = HttpServer::new(move || App::new().app_data(config.clone()).service(article))
        .bind(("127.0.0.1", port("PORT", 8080)?))?;

    let address = server.addrs()[0];
    println!("Open http://{address}/article in a browser.");
    if let Some(sandbox) = &sandbox {
        println!(
            "Its invoice is regtest, so no real wallet pays it. The sandbox's does: copy the \
             invoice,\nand paste the preimage that this prints into the page:\n\n  \
             LND_REST_HOST={} cargo run -q --bin l402-sandbox -- pay INVOICE\n",
            sandbox.url()
        );
    }
    println!("A program still gets JSON:\n\n  curl -i http://{address}/article");
    Ok(server.run().await?)
}

fn port(variable: &str, default: u16) -> Result<u16, String> {
    match env::var(variable) {
        Ok(port) => port.parse().map_err(|_| format!("{variable} must be a port, not {port:?}")),
        Err(_) => Ok(default),
    }
}
