//! A WebSocket that is paid for before it opens.
//!
//! A WebSocket begins as a `GET`, so a gate stands in front of it as before any other route. With
//! `actix-ws` (`cargo add actix-ws`):
//!
//! ```
//! use actix_web::{Error, HttpRequest, HttpResponse, get, http::header::UPGRADE, rt, web};
//! use actix_ws::Message;
//! use l402_actix::l402;
//!
//! #[get("/shout")]
//! #[l402(price_sats = 100)]
//! async fn shout(request: HttpRequest, body: web::Payload) -> Result<HttpResponse, Error> {
//!     // A plain GET buys the token.
//!     if !request.headers().contains_key(UPGRADE) {
//!         return Ok(HttpResponse::Ok().body("Paid. Connect with the same Authorization."));
//!     }
//!     let (response, mut session, mut messages) = actix_ws::handle(&request, body)?;
//!     rt::spawn(async move {
//!         while let Some(Ok(message)) = messages.recv().await {
//!             if let Message::Text(text) = message {
//!                 let _ = session.text(text.to_uppercase()).await;
//!             }
//!         }
//!     });
//!     Ok(response)
//! }
//! # #[actix_web::main]
//! # async fn main() {
//! # use actix_web::{App, test};
//! # let sandbox = l402_sandbox::Sandbox::start().await;
//! # let config = l402_actix::L402Config::new(sandbox.client());
//! # let app = test::init_service(App::new().app_data(config).service(shout)).await;
//! # let request = || test::TestRequest::get().uri("/shout");
//! # let unpaid = test::call_service(&app, request().to_request()).await;
//! # assert_eq!(unpaid.status(), 402);
//! # let credential = sandbox.pay_challenge(unpaid.headers()).unwrap();
//! # let paid = request()
//! #     .insert_header(("Authorization", credential))
//! #     .insert_header(("Connection", "Upgrade"))
//! #     .insert_header(("Upgrade", "websocket"))
//! #     .insert_header(("Sec-WebSocket-Version", "13"))
//! #     .insert_header(("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="));
//! # assert_eq!(test::call_service(&app, paid.to_request()).await.status(), 101);
//! # }
//! ```
//!
//! The example `websocket` is a whole program, with a limit on how long a connection may last.
//!
//! # How a client pays
//!
//! Few WebSocket clients can show a 402 that comes in place of the connection. So a client buys first,
//! with a plain `GET` of the same path, and then connects with the same `Authorization` header.
//!
//! # What is charged, and when
//!
//! - The payment is looked at when the connection opens, and not again. End a connection yourself
//!   after a time that you can afford.
//! - Without more words a token opens as many connections as the client likes, for an hour.
//! - With `single_use` or `uses = N` a connection that opens is one use. The plain `GET` that only
//!   buys is one too, so leave it out there: let clients connect, read the 402, pay and connect again.
//! - To charge by the message, use `units = N, hold = n` and draw from the `Balance` that the handler
//!   takes.
//!
//! # Browsers
//!
//! `new WebSocket(url)` cannot send `Authorization`, and does not see the 402.
//!
//! - On your own site: let people pay on the [paywall page](super::paywall) with
//!   [`L402Config::credential_cookie`](crate::L402Config::credential_cookie). The browser sends the cookie when it connects. The gate
//!   ignores it when the page is another site's.
//! - On pages of other sites: sell a ticket by a paid `fetch`, and check it yourself in a route
//!   without a gate, as in `new WebSocket(url + "?ticket=…")`. Let a ticket live for seconds and open
//!   one connection.
//!
//! CORS does not apply to WebSockets: where cookies of yours count, look at `Origin`.
//!
//! # What goes wrong
//!
//! - `actix_ws::handle` answers 400 to what is no WebSocket handshake. On a route with `single_use`
//!   that uses the payment up. Look at the `Upgrade` header first, as above.
