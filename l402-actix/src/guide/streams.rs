//! Server-sent events, and other answers that take their time.
//!
//! A stream is paid for before its first byte. Write it as you would without this crate, here with
//! `cargo add futures-util`:
//!
//! ```
//! use std::time::Duration;
//! use actix_web::{App, Error, HttpResponse, Responder, get, rt::time::sleep, test, web::Bytes};
//! use futures_util::stream;
//! use l402_actix::{L402Config, l402};
//!
//! #[get("/prices")]
//! #[l402(price_sats = 50)]
//! async fn prices() -> impl Responder {
//!     let prices = stream::unfold(0, |count| async move {
//!         if count == 3 {
//!             return None;
//!         }
//!         sleep(Duration::from_millis(10)).await;
//!         let event = format!("id: {count}\ndata: {}\n\n", 60_000 + count);
//!         Some((Ok::<_, Error>(Bytes::from(event)), count + 1))
//!     });
//!     HttpResponse::Ok().content_type("text/event-stream").streaming(prices)
//! }
//!
//! # #[actix_web::main]
//! # async fn main() {
//! let sandbox = l402_sandbox::Sandbox::start().await;
//! let config = L402Config::new(sandbox.client());
//! let app = test::init_service(App::new().app_data(config).service(prices)).await;
//! let request = test::TestRequest::get().uri("/prices").to_request();
//! let unpaid = test::call_service(&app, request).await;
//! let credential = sandbox.pay_challenge(unpaid.headers()).unwrap();
//! let request = test::TestRequest::get().uri("/prices").insert_header(("Authorization", credential));
//! let stream = test::call_and_read_body(&app, request.to_request()).await;
//! assert!(stream.ends_with(b"id: 2\ndata: 60002\n\n"));
//! # }
//! ```
//!
//! The example `sse` is a whole program; it also goes on where a client broke off.
//!
//! # What is charged, and when
//!
//! | the route says | a stream costs | a client that comes back |
//! | --- | --- | --- |
//! | nothing more | nothing while the token lives: it opens the path for an hour | goes on with the same token |
//! | `single_use`, `uses = N` | one use, as soon as it has begun | pays, or uses another answer of its pack |
//! | `units = N, hold = n` | what the handler draws from its `Balance` while it streams | pays for what it gets from then on |
//!
//! The payment is looked at once, before the handler is called. A stream that outlives its token goes
//! on; end it yourself if that matters. An error after the first byte cannot change the status, so it
//! gives nothing back: find out before the first byte what may fail, and answer 5xx then.
//!
//! # A client that leaves
//!
//! Actix notices at the next write that a client has gone, and drops the stream. A stream that may be
//! quiet for long should send a comment (`: still here`) now and then, so that it is not kept for
//! nobody.
//!
//! # Browsers
//!
//! `EventSource` cannot send `Authorization`. There are two ways:
//!
//! - Read the stream with `fetch`, which can.
//! - Let people pay on the [paywall page](super::paywall) with
//!   [`L402Config::credential_cookie`](crate::L402Config::credential_cookie). The browser then sends the payment as a cookie, and
//!   `EventSource` works on pages of the same site.
//!
//! # What goes wrong
//!
//! - A proxy collects the stream before it passes it on. nginx does not with the header
//!   `X-Accel-Buffering: no`.
//! - `actix_web::middleware::Compress` collects it too. It leaves an answer with
//!   `Content-Encoding: identity` alone.
//! - A handler that blocks its worker holds up the streams of that worker: use
//!   [`web::block`](actix_web::web::block).
