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
//! use std::time::Duration;
//!
//! use actix_web::{App, get, test};
//! use l402_actix::{L402Config, VerifyCache, l402};
//! use l402_sandbox::{Endpoint, Fault, Sandbox};
//!
//! #[get("/weather")]
//! #[l402(price_sats = 100)]
//! async fn weather() -> &'static str {
//!     "sunny"
//! }
//!
//! # #[actix_web::main]
//! # async fn main() {
//! let sandbox = Sandbox::start().await;
//! let config = L402Config::new(sandbox.client()).verify_cache(VerifyCache::off());
//! let app = test::init_service(App::new().app_data(config).service(weather)).await;
//! let unpaid = test::TestRequest::get().uri("/weather").to_request();
//! let unpaid = test::call_service(&app, unpaid).await;
//! let credential = sandbox.pay_challenge(unpaid.headers()).unwrap();
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
//! # Say what is free
//!
//! `Sandbox::audit` asks an API that is running, as a stranger asks: it sends no credential and pays
//! nothing. Name your routes, and say which are free. A handler that lost its `#[l402]`, a config that
//! is not in `app_data`, and an `#[l402]` without a price fail this test:
//!
//! ```
//! use actix_web::{App, HttpServer, get, post, web};
//! use l402_actix::{BrokerBudget, L402Config, l402};
//! use l402_sandbox::Sandbox;
//!
//! #[get("/weather")]
//! #[l402(price_sats = 100)]
//! async fn weather() -> &'static str {
//!     "sunny"
//! }
//!
//! #[post("/prompt")]
//! #[l402(price_sats = 7, extract_first)]
//! async fn prompt(_: web::Json<String>) -> &'static str {
//!     "an answer"
//! }
//!
//! #[get("/health")]
//! async fn health() -> &'static str {
//!     "well"
//! }
//!
//! # #[actix_web::main]
//! # async fn main() -> std::io::Result<()> {
//! let sandbox = Sandbox::start().await;
//! let config = L402Config::new(sandbox.client()).broker_budget(BrokerBudget::unlimited());
//! let app = move || App::new().app_data(config.clone()).service((weather, prompt, health));
//! let server = HttpServer::new(app).workers(1).bind(("127.0.0.1", 0))?;
//! let url = format!("http://{}", server.addrs()[0]);
//! actix_web::rt::spawn(server.run());
//!
//! let routes = ["GET /weather", "POST /prompt \"a question\"", "GET /health"];
//! let audit = Sandbox::audit(&url, routes).await;
//! assert_eq!(audit.free(), ["GET /health"], "{audit}");
//! assert_eq!(audit.faults(), [""; 0], "{audit}");
//! assert_eq!(audit.sats("GET /weather"), Some(100));
//! # Ok(())
//! # }
//! ```
//!
//! `free` lists whatever is answered without a payment, whatever its status: a 400 may come from a
//! handler without a gate to which the request did not fit. So give a route the body that it needs.
//!
//! Each paid route is asked for in other spellings too, such as `//weather`, `/%77eather` and
//! `/x/../weather`. One that is served, or costs less, is listed as well. That is how you find a
//! gated folder that is also served from somewhere else, which no gate can see, and a price that is
//! computed from what was not decoded. A spelling that costs less may also be one that nothing is served
//! for: a scope's gate charges before anybody looks whether there is something. Buy it with
//! `l402-sandbox get` to see, and leave such lines out of what you assert.
//!
//! The routes are run by being asked where they have no gate, so audit an API of your tests. The program
//! does the same by hand: `l402-sandbox audit http://127.0.0.1:8080 'GET /weather' 'GET /health'`.
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
//! - An audit asks a lot. With the default budget an API answers 429 after some thirty unpaid requests in
//!   a minute: give the config of the test `BrokerBudget::unlimited()`.
//! - An invoice can be paid once. A test that pays twice needs two challenges.
//! - Its invoices begin with `lnbcrt` and no other wallet can pay them, so it can never take real
//!   money. Real money needs the other client: `L402Config::from_env()` with a merchant's key.
