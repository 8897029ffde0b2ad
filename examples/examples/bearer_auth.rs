//! An API whose callers have bearer tokens already, and now pay for some of it.
//!
//! `cargo run -p l402-examples --example bearer_auth`
//!
//! A caller sends both, the token first, because `actix-web-httpauth` reads the first line:
//!
//! ```text
//! Authorization: Bearer alices-token
//! Authorization: L402 <macaroon>:<preimage>
//! ```
//!
//! or, where a client has only one `Authorization`, the payment in the header that the config
//! names.

use actix_web::{
    App, Error, HttpServer, dev::ServiceRequest, error, get, http::header::HeaderName, web,
};
use actix_web_httpauth::{extractors::bearer::BearerAuth, middleware::HttpAuthentication};
use l402_actix::{L402Config, Payment, l402};
use l402_examples_setup::{Failure, Setup};

/// As before there was a price: turns strangers away. It stands outside of the gate, so strangers
/// are never asked to pay for what they would not get.
async fn is_customer(
    request: ServiceRequest,
    bearer: BearerAuth,
) -> Result<ServiceRequest, (Error, ServiceRequest)> {
    match name(&bearer) {
        Ok(_) => Ok(request),
        Err(err) => Err((err, request)),
    }
}

fn name(bearer: &BearerAuth) -> Result<&'static str, Error> {
    match bearer.token() {
        "alices-token" => Ok("alice"),
        "bobs-token" => Ok("bob"),
        _ => Err(error::ErrorForbidden("no customer of ours")),
    }
}

/// A payment is for the report of one customer. By its path alone it would open everybody's. The
/// broker reads a resource, so it is the customer's name and not the token.
async fn of_customer(bearer: BearerAuth) -> Result<String, Error> {
    Ok(format!("report of {}", name(&bearer)?))
}

#[get("/account")]
async fn account(bearer: BearerAuth) -> Result<String, Error> {
    Ok(format!("the account of {}\n", name(&bearer)?))
}

#[get("/report")]
#[l402(price_sats = 100, resource_with = of_customer)]
async fn report(bearer: BearerAuth, payment: Payment) -> Result<String, Error> {
    Ok(format!("the report for {}, who paid {} sats\n", name(&bearer)?, payment.amount_sats))
}

#[actix_web::main]
async fn main() -> Result<(), Failure> {
    let setup = Setup::from_env().await?;
    let config = L402Config::new(setup.client())
        .credential_header(HeaderName::from_static("x-l402-authorization"));
    let listener = setup.listen(&[
        "{api}/report",
        "-H 'Authorization: Bearer alices-token' {api}/account",
        "-H 'Authorization: Bearer alices-token' {api}/report",
    ])?;
    let server = HttpServer::new(move || {
        let customers = web::scope("")
            .wrap(HttpAuthentication::bearer(is_customer))
            .service(account)
            .service(report);
        App::new().app_data(config.clone()).service(customers)
    });
    Ok(server.listen(listener)?.run().await?)
}
