//! Large bodies: what is read before the payment, and what is charged when.
//!
//! Nothing of an unpaid body is read. The gate answers 402 while the client may still be sending, and
//! Actix then closes the connection. So let clients ask with an empty body, pay, and send the file with
//! the payment:
//!
//! ```bash
//! curl -i -X POST https://api.example/files                                    # 402 with an invoice
//! curl -H "Authorization: L402 $MACAROON:$PREIMAGE" -F file=@film.mp4 https://api.example/files
//! ```
//!
//! What clients see that send the file at once, unpaid (measured with Actix Web 4.18 on one machine):
//!
//! | client | sees |
//! | --- | --- |
//! | curl, fast or slow | the 402; it stops sending |
//! | curl with `Expect: 100-continue` | `100 Continue`, begins to send, then the 402 |
//! | Python's `http.client`, a body over some seconds | `BrokenPipeError` after a second; `getresponse()` then still reads the 402 |
//!
//! `Expect: 100-continue` does not help: Actix says `100 Continue` before any handler runs.
//!
//! # A price by the size
//!
//! A price is known before the body, so let the client state the size, and hold it to that. With `cargo add
//! futures-util` and `cargo add serde --features derive`:
//!
//! ```
//! use actix_web::{App, Error, error, post, test, web};
//! use futures_util::TryStreamExt;
//! use l402_actix::{L402Config, Price, l402};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Size {
//!     /// Small enough that no product of it can wrap.
//!     mib: u16,
//! }
//!
//! impl Size {
//!     fn mib(&self) -> u64 {
//!         u64::from(self.mib).max(1)
//!     }
//! }
//!
//! async fn by_size(size: web::Query<Size>) -> Result<Price, Error> {
//!     Ok(Price::sats(10 * size.mib()))
//! }
//!
//! #[post("/files")]
//! #[l402(price_with = by_size, single_use)]
//! async fn upload(size: web::Query<Size>, mut body: web::Payload) -> Result<String, Error> {
//!     let mut bytes = 0;
//!     while let Some(piece) = body.try_next().await? {
//!         bytes += piece.len() as u64;
//!         if bytes > size.mib() << 20 {
//!             return Err(error::ErrorPayloadTooLarge("larger than paid for"));
//!         }
//!         // … write the piece to where files are kept.
//!     }
//!     Ok(format!("{bytes} bytes kept"))
//! }
//!
//! # #[actix_web::main]
//! # async fn main() {
//! let sandbox = l402_sandbox::Sandbox::start().await;
//! let config = L402Config::new(sandbox.client());
//! let app = test::init_service(App::new().app_data(config).service(upload)).await;
//! let unpaid = test::TestRequest::post().uri("/files?mib=5").to_request();
//! let unpaid = test::call_service(&app, unpaid).await;
//! let credential = sandbox.pay_challenge(unpaid.headers()).unwrap(); // pays 50 sats
//! let paid = test::TestRequest::post()
//!     .uri("/files?mib=5")
//!     .insert_header(("Authorization", credential))
//!     .set_payload("hello");
//! assert_eq!(test::call_and_read_body(&app, paid.to_request()).await, "5 bytes kept");
//! # }
//! ```
//!
//! With `actix-multipart` the same: take a `Multipart` in place of the `Payload`. The example `upload`
//! does.
//!
//! # What is charged, and when
//!
//! - Without more words a token opens the path for an hour: an upload that broke off is sent again
//!   without a payment.
//! - With `single_use` or `uses = N` an upload that your handler answers below 500 is one use, so a 400
//!   or a 413 is one too. A 5xx, and an extractor that refuses the request, give the use back.
//! - With `extract_first` the bodies of clients that have not paid are read, up to the limits of your
//!   extractors. Leave it out for large bodies.
//!
//! # Downloads
//!
//! - Downloads that broke off are asked for again with `Range`. Each such request is one use on a route
//!   with `single_use` or `uses`, and free while the token lives without them. `HEAD` uses nothing up.
//! - A `HEAD` that is answered with a link in `Location`, as of a download that redirects to a signed URL,
//!   is one use as a `GET` is.
//! - To charge nobody for a file that is not there, let an extractor look it up and say
//!   `extract_first`, as the example does: a 404 comes before the price.
//! - A link in a browser cannot send `Authorization`. On the [paywall page](super::paywall) people can
//!   save what they have paid for; with [`L402Config::credential_cookie`](crate::L402Config::credential_cookie) links work too.
//!
//! # What goes wrong
//!
//! - A client sends a large file without having paid, and sees a broken connection and no price. Tell
//!   your clients to ask with an empty body first.
//! - A proxy reads the whole body before it passes the request on: the upload is then over before the
//!   402 comes. nginx does not with `proxy_request_buffering off`.
