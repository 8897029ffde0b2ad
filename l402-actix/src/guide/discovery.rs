//! A public list of what you sell, for agents: the feature `discovery`.
//!
//! ```toml
//! l402-actix = { version = "0.1", features = ["discovery"] }
//! ```
//!
//! [`L402Manifest`] serves `/.well-known/l402-manifest.json`. Paid routes are registered through
//! [`PaidRoutes`], which takes down path, method, description and price, so that nothing is written
//! twice; the `#[l402]` stands above the route attribute, where it sees the path:
//!
//! ```
//! # #[cfg(not(feature = "discovery"))]
//! # fn main() {}
//! # #[cfg(feature = "discovery")]
//! # #[actix_web::main]
//! # async fn main() {
//! use actix_web::{App, get, test, web};
//! use l402_actix::{L402Config, L402Manifest, l402};
//!
//! #[l402(price_sats = 250, description = "The forecast for one city")]
//! #[get("/forecast/{city}")]
//! async fn forecast(city: web::Path<String>) -> String {
//!     format!("{city}: sunny")
//! }
//!
//! let sandbox = l402_sandbox::Sandbox::start().await;
//! let client = sandbox.client();
//! let config = L402Config::new(client);
//! let manifest = L402Manifest::new("Weather API", &config)
//!     .description("Forecasts for agents")
//!     .base_url("https://weather.example")
//!     .category("weather");
//! let app = App::new().app_data(config).configure(|app| {
//!     manifest.register(app, |paid| {
//!         paid.scope("/v1", |v1| {
//!             v1.service(forecast);
//!         });
//!     });
//! });
//! let app = test::init_service(app).await;
//!
//! let request = test::TestRequest::get().uri("/.well-known/l402-manifest.json").to_request();
//! let manifest: serde_json::Value = test::call_and_read_body_json(&app, request).await;
//! assert_eq!(manifest["endpoints"][0]["path"], "/v1/forecast/{city}");
//! assert_eq!(manifest["endpoints"][0]["pricing"]["base_price_sats"], 250);
//! # assert!(sandbox.requests().is_empty());
//! # }
//! ```
//!
//! A handler without a route attribute goes in by `paid.route(path, method, handler)`, a scope under
//! [`RequirePayment`](crate::RequirePayment) by `paid.scope_priced`, and what is free by `paid.free`.
//!
//! After a registration `.tags(["weather"])` says what it is found under, `.deprecated()` that it will
//! go, and `.hidden()` leaves it out of both documents while it is sold as before. After a scope they
//! concern all of it.
//!
//! # An OpenAPI document
//!
//! The manifest also serves `/openapi.json`, which is where registries look. Without more words it has
//! the paid routes alone. `L402Manifest::openapi` takes a document of yours, such as utoipa's, and puts
//! into it what a client has to know of the paid routes:
//!
//! | what | read by |
//! | --- | --- |
//! | the 402 with its header and body, and the security scheme | everybody |
//! | `x-payment-info`: `{"offers": [{"intent": "charge", "method": "lightning", "amount": "250", "currency": "sat"}]}`, with `null` for a computed price | registries, by the draft *Service Discovery for HTTP Payment Authentication* |
//! | `x-service-info`: categories and the documentation's URL | the same |
//! | `x-l402`: the price as in the manifest | clients of L402 |
//!
//! `without_openapi` serves none. The example `discovery` of the repository does all of it.
//!
//! # What agents do with it
//!
//! An agent that is given the API's name reads the manifest and picks a route by its description and
//! price. The 402 has the last word. Lightning Enable's own agent tool buys with `GET` and `HEAD` only,
//! and follows no redirect. Offer it a `GET` route, under the very path that answers.
//!
//! # What it costs
//!
//! Nothing at the broker. Both documents are written when the app is built; they are free, and may
//! be cached for five minutes.
//!
//! # What goes wrong
//!
//! - A paid route that is registered past [`PaidRoutes`] is not listed. It is sold nevertheless, and is
//!   an error in the log when it first asks for money, with `kind` `misconfigured`, its method and its
//!   pattern or path. With `L402Manifest::strict` it answers 500 in place of the 402, so that a test
//!   finds it.
//! - Without `base_url` clients take where they found the manifest, which behind a proxy can be a
//!   name that you did not mean. It is never taken from a request.
//! - Registered in a scope's `configure`, the manifest is under the scope, where nobody looks.
//! - The manifest knows the config that it was given, and no other: a default price in a config of a
//!   scope's own is not in it.
//!

#![cfg_attr(
    feature = "discovery",
    doc = "[`L402Manifest`]: crate::L402Manifest\n[`PaidRoutes`]: crate::PaidRoutes"
)]
#![cfg_attr(
    not(feature = "discovery"),
    doc = "[`L402Manifest`]: https://docs.rs/l402-actix/latest/l402_actix/struct.L402Manifest.html"
)]
#![cfg_attr(
    not(feature = "discovery"),
    doc = "[`PaidRoutes`]: https://docs.rs/l402-actix/latest/l402_actix/struct.PaidRoutes.html"
)]
