//! Charge sats for an Actix Web route with one attribute.
//!
//! [`#[l402]`](macro@l402) over a handler makes its route answer `402 Payment Required` with a
//! Lightning invoice until somebody has paid it, over the [L402] protocol. Lightning Enable's
//! hosted broker mints the invoices and verifies the payments; this crate is the glue. Payers are
//! mostly programs: agents and HTTP clients that pay by themselves.
//!
//! # A route that charges
//!
//! ```
//! use actix_web::{App, get, test, web};
//! use l402_actix::{L402Config, Payment, l402};
//!
//! #[get("/forecast/{city}")]
//! #[l402(price_sats = 100)]
//! async fn forecast(city: web::Path<String>, payment: Payment) -> String {
//!     format!("{city}: sunny, for {} sats", payment.amount_sats)
//! }
//!
//! # #[actix_web::main]
//! # async fn main() {
//! // The broker on this machine; in production it is `L402Config::from_env()`.
//! let sandbox = l402_sandbox::Sandbox::start().await;
//! let config = L402Config::new(sandbox.client());
//! let app = test::init_service(App::new().app_data(config).service(forecast)).await;
//!
//! // Ask: 402, with an invoice and a macaroon.
//! let request = test::TestRequest::get().uri("/forecast/berlin").to_request();
//! let response = test::call_service(&app, request).await;
//! assert_eq!(response.status(), 402);
//!
//! // Pay, and ask again with what the payment revealed.
//! let credential = sandbox.pay_challenge(response.headers()).unwrap();
//! let request = test::TestRequest::get()
//!     .uri("/forecast/berlin")
//!     .insert_header(("Authorization", credential))
//!     .to_request();
//! let body = test::call_and_read_body(&app, request).await;
//! assert_eq!(body, "berlin: sunny, for 100 sats");
//! # }
//! ```
//!
//! # Where to go from here
//!
//! The [`guide`] has a page for each thing that a merchant wants to do: [prices](guide::pricing)
//! that are computed, shared by a module or put over a folder of files; what a token
//! [opens](guide::resources); callers with [invalid tokens](guide::invalid_tokens); routes with
//! [authentication of their own](guide::existing_auth); pages in [browsers](guide::browsers);
//! [MPP](guide::mpp); and [tests](guide::testing) that buy from your API without an account.
//!
//! # How it works
//!
//! The attribute wraps the handler in a function that takes one argument, the request with its
//! body unread. It asks the gate, and only then extracts the handler's own arguments and calls it.
//! Whoever reaches the handler has passed the gate, by whichever scope, path or method it was
//! registered, and an unpaid request's body is never read.
//!
//! The token that a payment buys is bound to the route's resource (default: the request's path
//! without its query) and to the price. Both are sent to the broker with each verification and
//! compared again with its reply.
//!
//! # What a gated route answers
//!
//! | situation | status |
//! | --- | --- |
//! | no credential, or one that is not shaped like one (over 8 KiB, another scheme) | 402 with a challenge |
//! | a verified credential, or [`Price::FREE`] | the handler's answer |
//! | a credential that is not genuine, or that the broker can make nothing of | 401, or what [`OnInvalidToken`] says |
//! | a genuine token for another resource, or that paid less than the price now | 402 with a fresh challenge |
//! | an error of a `price_with`, or of an extractor under `extract_first` | that error, without a charge |
//! | broker unreachable, its answer unusable, or the API key or plan refused | 502 |
//! | broker over its rate limit (429) or away (503) | 503 with `Retry-After`, at most an hour |
//! | broker too slow: the client's timeout is the deadline of the whole gate | 504 |
//! | a resource longer than 1 KiB | 414 |
//! | no config, two kinds of it, no price, a price of 0, computed ones too | 500 |
//! | `OPTIONS`, where your routing lets it through | 204, free of charge, without the handler |
//!
//! A failure never asks for payment; its body tells a client that has paid to keep the credential.
//! Bodies are JSON, `{"error":…,"message":…}`, and never repeat the broker's words about a failed
//! call: those are in the log.
//!
//! # Security
//!
//! - A credential is a bearer token: whoever has it can use it until it expires (an hour by the
//!   broker's default). Serve over TLS.
//! - Each answer of a gated route is `Cache-Control: private`, so that no shared cache serves paid
//!   content; see [`L402Config::shared_cache`].
//! - The query is not part of the default resource: a token for `/search` opens every search.
//!
//! # Features
//!
//! - `rustls` (default): TLS to the broker with reqwest's default backend.
//! - `discovery`: `L402Manifest`, the list of paid routes at `/.well-known/l402-manifest.json`, and
//!   what an OpenAPI document says of them.
//!
//! [L402]: https://docs.lightning.engineering/the-lightning-network/l402

// The feature that an item needs, beside it on docs.rs.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod caching;
mod challenge;
mod config;
mod credential;
#[cfg(feature = "discovery")]
mod discovery;
mod error;
mod gate;
// Pages alone, so only for those who read them.
#[cfg(doc)]
pub mod guide;
mod idempotency;
mod invalid;
mod middleware;
mod payment;
mod pricing;
mod process;
mod resource;
mod trial;

pub use config::L402Config;
#[cfg(feature = "discovery")]
pub use discovery::{L402Manifest, PaidRoutes};
pub use invalid::OnInvalidToken;
pub use l402_macros::l402;
pub use l402_server::{self, L402Client, L402Error};
pub use middleware::{RequirePayment, RequirePaymentService};
pub use payment::{NoPayment, Payment};
pub use pricing::Price;
