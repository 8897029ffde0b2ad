//! Charge sats for an Actix Web route with one attribute.
//!
//! [`#[l402]`](macro@l402) over a handler makes its route answer `402 Payment Required` with a
//! Lightning invoice. Whoever pays the invoice can use that path for an hour. This is the [L402]
//! protocol. Lightning Enable's hosted broker makes the invoices and checks the payments; this crate
//! is the glue. Payers are mostly programs: agents and HTTP clients that pay by themselves.
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
//! [streams](guide::streams), [WebSockets](guide::websockets), [uploads](guide::uploads) and [MCP
//! servers](guide::mcp_servers); [MPP](guide::mpp); [spans, alerts and figures](guide::observability);
//! [several processes](guide::several_processes) on one API key; [tests](guide::testing) that buy from
//! your API without an account; and what to look at before [production](guide::production).
//!
//! People with a browser can be shown a [page](guide::paywall) with a QR code in the place of the
//! JSON: [`PaywallPage`]. Agents find what you sell in a [manifest](guide::discovery):
//! [`L402Manifest`], with the routes registered through [`PaidRoutes`]. Each is a feature, off by
//! default.
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
//! 402 with an invoice to whoever has not paid, your handler's answer to whoever has, and 401 to a
//! token that is not genuine. A failure never asks for payment: it is 502, 503 or 504, and the payment
//! stays good. A fault in the set-up is 500, and the log says which. Every status, header and body is on
//! the page [wire](guide::wire).
//!
//! # Sparing the broker
//!
//! The hosted broker allows 100 calls a minute for an API key, mint and verify together, and each
//! is a round trip of 50 to 200 ms. [`L402Config::broker_budget`] sees to it that those who have not
//! paid cannot use them up, whether one process uses the key or ten.
//!
//! | setting | effect | price |
//! | --- | --- | --- |
//! | [`verify_cache`](L402Config::verify_cache), on | one call for all requests with a token in 10 s | an expired or revoked token works for up to 10 s more |
//! | [`reuse_challenges`](ClientIdentity::reuse_challenges), off | one mint for a client that keeps asking without paying | two payers under one address can be handed one invoice |
//! | [`calls_per_minute`](ClientIdentity::calls_per_minute), off | one client causes no more calls than this | clients behind one address share the limit |
//!
//! A credential that the broker has refused is answered the same for five seconds without a call,
//! and so is a used-up `single_use` token. All of it is kept once in each process, however many
//! workers it has.
//!
//! # Security
//!
//! - A credential is a bearer token: whoever has it can use it until it expires (an hour by the
//!   broker's default). Serve over TLS.
//! - Each answer of a gated route is `Cache-Control: private`, so that no shared cache serves paid
//!   content; see [`L402Config::shared_cache`].
//! - A token opens its resource until it expires. Where each answer costs something, say
//!   `single_use`, and read [`L402Config::balances`] on where it is written down.
//! - The query is not part of the default resource: a token for `/search` opens every search.
//!
//! # Features
//!
//! | feature | default | what it brings |
//! | --- | --- | --- |
//! | `rustls` | yes | TLS to the broker with reqwest's default backend |
//! | `discovery` | no | `L402Manifest`: the list of paid routes at `/.well-known/l402-manifest.json`, and what an OpenAPI document says of them |
//! | `metrics` | no | payments, refusals and broker calls as [figures](guide::observability) for the recorder of the `metrics` crate, such as a Prometheus exporter |
//! | `paywall-page` | no | a page with a QR code in the place of the 402's JSON, for people with a browser; see `L402Config::paywall_page` |
//! | `redb` | no | `RedbStore`: what payments have used up, in a file that survives a restart |
//! | `redis` | no | `RedisState`: what several processes and machines share; see `L402Config::shared_state` |
//!
//! [L402]: https://docs.lightning.engineering/the-lightning-network/l402

// Where the features are off the items are not there to link to, and docs.rs has them.
#![cfg_attr(feature = "paywall-page", doc = "[`PaywallPage`]: crate::PaywallPage")]
#![cfg_attr(
    not(feature = "paywall-page"),
    doc = "[`PaywallPage`]: https://docs.rs/l402-actix/latest/l402_actix/struct.PaywallPage.html"
)]
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
// The feature that an item needs, beside it on docs.rs.
#![cfg_attr(docsrs, feature(doc_cfg))]

// The rooms, from the top floor down; `tests/tests/repository/rooms` holds them to the arrows between them.
mod answer;
mod balance;
mod broker;
mod config;
#[cfg(feature = "discovery")]
mod discovery;
mod entry;
mod gate;
mod observe;
#[cfg(feature = "redis")]
mod shared;
mod start;
mod terms;
// The ground: small things without opinions.
mod background;
mod credential;
mod hook;
mod key;
mod lines;
mod memory;
mod notice;
mod payment;
mod process;
mod tape;
mod window;
// Pages alone, so only for those who read them.
#[cfg(doc)]
pub mod guide;

pub use answer::OnInvalidToken;
#[cfg(feature = "paywall-page")]
pub use answer::{PaywallFacts, PaywallPage};
pub use background::flush;
#[cfg(feature = "redb")]
pub use balance::RedbStore;
#[cfg(feature = "redis")]
pub use balance::RedisStore;
pub use balance::{
    Accepted, Balance, BalanceError, Balances, Claim, DEFAULT_CAPACITY, DEFAULT_KEPT_FOR, HoldId,
    Kind, Mark, MemoryStore, Portion, Quota, StoreError, StoreFuture,
};
pub use broker::{BrokerBudget, ClientIdentity, InvalidNetwork, VerifyCache};
pub use config::L402Config;
#[cfg(feature = "discovery")]
pub use discovery::{L402Manifest, PaidRoutes};
#[doc(hidden)]
pub use entry::attribute as __private;
pub use entry::{
    FilePath, NoBalance, NoFilePath, NoPayment, RequirePayment, RequirePaymentService,
};
pub use l402_macros::l402;
pub use l402_server::{self, L402Client, L402Error};
pub use payment::{Payment, Route};
#[cfg(feature = "redis")]
pub use shared::RedisState;
pub use start::NotReady;
pub use terms::{Computes, Price, ResourceBy};
