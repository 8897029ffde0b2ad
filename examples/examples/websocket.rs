//! A WebSocket that is paid for before it opens.
//!
//! `cargo run -p l402-examples --example websocket`
//!
//! A WebSocket begins as a `GET`, so it is paid for as any other route: ask, get 402, pay, and ask
//! again with `Authorization`. A plain `GET` is enough to buy the token. Browsers cannot send that
//! header with a WebSocket; see the guide's page on WebSockets.

use std::time::Duration;

use actix_web::{
    App, Error, HttpRequest, HttpResponse, HttpServer, get,
    http::header::UPGRADE,
    rt::{self, time::timeout},
    web,
};
use actix_ws::{CloseCode, CloseReason, Message, MessageStream, Session};
use l402_actix::{L402Config, Payment, l402};
use l402_examples_setup::{Failure, Setup};

/// How long one connection may last: the payment is checked when it opens and not again.
const LONGEST: Duration = Duration::from_secs(15 * 60);

#[get("/shout")]
#[l402(price_sats = 100, description = "Connections, one hour")]
async fn shout(
    request: HttpRequest,
    body: web::Payload,
    payment: Payment,
) -> Result<HttpResponse, Error> {
    if !request.headers().contains_key(UPGRADE) {
        let paid = format!(
            "{} sats paid. Connect with a WebSocket client and the same Authorization header.\n",
            payment.amount_sats
        );
        return Ok(HttpResponse::Ok().body(paid));
    }
    let (response, session, messages) = actix_ws::handle(&request, body)?;
    rt::spawn(async move {
        let _ = timeout(LONGEST, talk(session.clone(), messages)).await;
        let reason = CloseReason::from(CloseCode::Normal);
        // It may be closed already.
        let _ = session.close(Some(reason)).await;
    });
    Ok(response)
}

/// Until the client closes, or is gone.
async fn talk(mut session: Session, mut messages: MessageStream) {
    while let Some(Ok(message)) = messages.recv().await {
        let sent = match message {
            Message::Text(text) => session.text(text.to_uppercase()).await,
            Message::Ping(bytes) => session.pong(&bytes).await,
            Message::Close(_) => return,
            _ => Ok(()),
        };
        if sent.is_err() {
            return;
        }
    }
}

#[actix_web::main]
async fn main() -> Result<(), Failure> {
    let setup = Setup::from_env().await?;
    let config = L402Config::new(setup.client());
    let listener = setup.listen(&["{api}/shout"])?;
    let server = HttpServer::new(move || App::new().app_data(config.clone()).service(shout));
    Ok(server.listen(listener)?.run().await?)
}
