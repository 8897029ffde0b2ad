//! One price over a module of handlers, where a new handler cannot be forgotten.
//!
//! `cargo run -p l402-examples --example module_pricing`

use actix_web::{App, HttpServer};
use l402_actix::L402Config;
use l402_examples_setup::{Failure, Setup};

/// Every handler in here costs 50 sats. A public `async fn` without a route or an `#[l402]` of its
/// own does not compile: left out silently, it would be served free.
#[l402_actix::l402(price_sats = 50, description = "Weather data")]
mod weather {
    use actix_web::{get, web};
    use l402_actix::{Payment, l402};

    #[get("/now")]
    pub(crate) async fn now(payment: Payment) -> String {
        format!("sunny, for {} sats\n", payment.amount_sats)
    }

    #[get("/history/{year}")]
    #[l402(price_sats = 500)]
    pub(crate) async fn history(year: web::Path<u16>, payment: Payment) -> String {
        format!("{year} was warm, for {} sats\n", payment.amount_sats)
    }

    #[get("/status")]
    #[l402(free)]
    pub(crate) async fn status() -> String {
        format!("{}\n", up())
    }

    fn up() -> &'static str {
        "up"
    }
}

#[actix_web::main]
async fn main() -> Result<(), Failure> {
    let setup = Setup::from_env().await?;
    let config = L402Config::new(setup.client());
    let listener = setup.listen(&["{api}/now", "{api}/history/2025", "{api}/status"])?;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(config.clone())
            .service(weather::now)
            .service(weather::history)
            .service(weather::status)
    });
    Ok(server.listen(listener)?.run().await?)
}
