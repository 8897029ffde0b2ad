//! A paid stream of server-sent events, which a client can come back to without paying again.
//!
//! `cargo run -p l402-examples --example sse`

use std::time::Duration;

use actix_web::{
    App, Error, HttpRequest, HttpResponse, HttpServer, Responder, get, http::header::HeaderName,
    rt::time::sleep, web::Bytes,
};
use futures_util::stream;
use l402_actix::{L402Config, l402};
use l402_examples_setup::{Failure, Setup};

const EVENTS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(300);

/// The payment is checked before the first byte, and not again while the stream goes on. One payment
/// opens the path for an hour, so a client that has lost its connection asks again with the same
/// token, and goes on after `Last-Event-ID`.
#[get("/prices")]
#[l402(price_sats = 50, description = "Prices as they come, one hour")]
async fn prices(request: HttpRequest) -> impl Responder {
    let prices = stream::unfold(first(&request), |count| async move {
        if count > EVENTS {
            return None;
        }
        sleep(PAUSE).await;
        // A comment, which clients skip. Actix notices at the next write that a client has gone, so
        // a stream that may be quiet for long should send one now and then.
        let comment = if count % 5 == 0 { ": still here\n" } else { "" };
        let price = 60_000 + 7 * count;
        let event = format!("{comment}id: {count}\nevent: price\ndata: {price}\n\n");
        Some((Ok::<_, Error>(Bytes::from(event)), count + 1))
    });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        // nginx would collect the stream otherwise.
        .insert_header((HeaderName::from_static("x-accel-buffering"), "no"))
        .streaming(prices)
}

/// The event after the one that the client has seen last.
fn first(request: &HttpRequest) -> u32 {
    let last = request.headers().get("last-event-id");
    let last = last.and_then(|id| id.to_str().ok()).and_then(|id| id.parse::<u32>().ok());
    last.map_or(1, |last| last.saturating_add(1))
}

#[actix_web::main]
async fn main() -> Result<(), Failure> {
    let setup = Setup::from_env().await?;
    let config = L402Config::new(setup.client());
    let listener = setup.listen(&["-N {api}/prices"])?;
    let server = HttpServer::new(move || App::new().app_data(config.clone()).service(prices));
    Ok(server.listen(listener)?.run().await?)
}
