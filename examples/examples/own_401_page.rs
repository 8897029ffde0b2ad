//! A page of your own for callers whose token is not genuine.
//!
//! `cargo run -p l402-examples --example own_401_page`

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer, Responder, get,
    http::header::{CACHE_CONTROL, ContentType},
};
use l402_actix::{L402Config, OnInvalidToken, l402, l402_server::Verification};
use l402_examples_setup::{Failure, Setup};

/// Called when the broker refuses a token, unless that is a genuine one that covers something
/// else, which is answered with the price. A broker that fails is no reason to call it either.
async fn explain(request: HttpRequest, verdict: Verification) -> impl Responder {
    // The reason may repeat what the caller sent: good for a log, not for a page.
    eprintln!("{} refused: {}", request.path(), verdict.error.unwrap_or_default());
    HttpResponse::Unauthorized()
        .insert_header((CACHE_CONTROL, "no-store"))
        .content_type(ContentType::html())
        .body(
            "<!doctype html><html lang=\"en\"><title>No receipt of ours</title>\n\
             <p>This receipt is not one of ours, or it has expired.\n\
             <p>Ask again without it to be told the price.\n",
        )
}

#[get("/weather")]
#[l402(price_sats = 100)]
async fn weather() -> &'static str {
    "sunny\n"
}

#[actix_web::main]
async fn main() -> Result<(), Failure> {
    let setup = Setup::from_env().await?;
    let config = L402Config::new(setup.client()).on_invalid_token(OnInvalidToken::custom(explain));
    let listener =
        setup.listen(&["{api}/weather", "-H 'Authorization: L402 forged:00' {api}/weather"])?;
    let server = HttpServer::new(move || App::new().app_data(config.clone()).service(weather));
    Ok(server.listen(listener)?.run().await?)
}
