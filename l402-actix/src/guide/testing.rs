//! Tests of your own API that buy from it, without an account.
//!
//! `l402-sandbox` is the broker and a paying wallet on your own machine. It mints real macaroons
//! and real invoices, on regtest, and really checks them, so a test goes through what a payer goes
//! through. It needs no network and no settings.
//!
//! ```toml
//! [dev-dependencies]
//! l402-sandbox = "0.1"
//! ```
//!
//! # Buy from a route
//!
//! ```
//! use actix_web::{App, get, test};
//! use l402_actix::{L402Config, Payment, l402};
//! use l402_sandbox::Sandbox;
//!
//! #[get("/weather")]
//! #[l402(price_sats = 100)]
//! async fn weather(payment: Payment) -> String {
//!     format!("sunny, for {}", payment.amount_sats)
//! }
//!
//! # #[actix_web::main]
//! # async fn main() {
//! let sandbox = Sandbox::start().await;
//! let config = L402Config::new(sandbox.client());
//! let app = test::init_service(App::new().app_data(config).service(weather)).await;
//!
//! let request = test::TestRequest::get().uri("/weather").to_request();
//! let unpaid = test::call_service(&app, request).await;
//! assert_eq!(unpaid.status(), 402);
//!
//! let credential = sandbox.pay_challenge(unpaid.headers()).unwrap();
//! let request = test::TestRequest::get()
//!     .uri("/weather")
//!     .insert_header(("Authorization", credential))
//!     .to_request();
//! assert_eq!(test::call_and_read_body(&app, request).await, "sunny, for 100");
//!
//! assert_eq!((sandbox.mints(), sandbox.verifies(), sandbox.payments()), (1, 1, 1));
//! assert_eq!(sandbox.requests()[0].body["priceSats"], 100);
//! # }
//! ```
//!
//! `pay_challenge` takes the headers of `reqwest` too, for tests over a real socket.
//!
//! # Let the broker fail, let time pass
//!
//! A verdict stands for 10 seconds. A test that lets a token expire, or the broker fail, switches that
//! off with [`VerifyCache::off`](crate::VerifyCache::off), so that each request is a call.
//!
//! ```
//! # use actix_web::{App, get, test};
//! # use l402_actix::{L402Config, VerifyCache, l402};
//! # use l402_sandbox::Sandbox;
//! # use std::time::Duration;
//! # #[get("/weather")]
//! # #[l402(price_sats = 100)]
//! # async fn weather() -> &'static str {
//! #     "sunny"
//! # }
//! # #[actix_web::main]
//! # async fn main() {
//! let sandbox = Sandbox::start().await;
//! let config = L402Config::new(sandbox.client()).verify_cache(VerifyCache::off());
//! # let app = test::init_service(App::new().app_data(config).service(weather)).await;
//! # let unpaid = test::TestRequest::get().uri("/weather").to_request();
//! # let unpaid = test::call_service(&app, unpaid).await;
//! # let credential = sandbox.pay_challenge(unpaid.headers()).unwrap();
//! use l402_sandbox::{Endpoint, Fault};
//!
//! let paid = || {
//!     let request = test::TestRequest::get().uri("/weather");
//!     request.insert_header(("Authorization", credential.clone())).to_request()
//! };
//! sandbox.fault(Fault::status(503).header("Retry-After", "7").on(Endpoint::Verify));
//! let away = test::call_service(&app, paid()).await;
//! assert_eq!(away.status(), 503);
//! assert_eq!(away.headers().get("retry-after").unwrap(), "7");
//! assert_eq!(test::call_service(&app, paid()).await.status(), 200);
//!
//! sandbox.advance(Duration::from_secs(2 * 60 * 60));
//! assert_eq!(test::call_service(&app, paid()).await.status(), 402, "expired: bought again");
//! # }
//! ```
//!
//! # Without a broker
//!
//! A function that takes a [`Payment`](crate::Payment) is tested with one that nobody made:
//!
//! ```
//! use l402_actix::Payment;
//!
//! fn receipt(payment: &Payment) -> String {
//!     format!("{} sats for {}", payment.amount_sats, payment.resource)
//! }
//!
//! let payment = Payment::for_tests("/weather", 100);
//! assert_eq!(receipt(&payment), "100 sats for /weather");
//! ```
//!
//! # By hand
//!
//! The program `l402-sandbox` serves the same on a port and prints what to export. Your own server
//! then talks to it through `LIGHTNING_ENABLE_API_URL` and `LIGHTNING_ENABLE_API_KEY`, and
//! `l402-sandbox get http://127.0.0.1:8080/weather` buys from it, a line for each step. Unmodified
//! L402 clients pay with `LND_REST_HOST=<its URL> LND_MACAROON_HEX=00`.
//!
//! # What goes wrong
//!
//! - The sandbox stops when it is dropped: `Sandbox::start().await.client()` talks to nobody.
//! - An invoice can be paid once. A test that pays twice needs two challenges.
//! - Its invoices begin with `lnbcrt` and no other wallet can pay them, so it can never take real
//!   money. Real money needs the other client: `L402Config::from_env()` with a merchant's key.
