//! Typed async client for Lightning Enable's L402 producer API.
//!
//! [L402] puts a price on an HTTP request: the server answers `402 Payment Required` with a
//! Lightning invoice and a macaroon, the client pays, and asks again with the macaroon and the
//! preimage that the payment revealed. Lightning Enable's hosted broker mints the first pair and
//! verifies the second, so a seller holds no keys and runs no Lightning node. This crate is the
//! broker's API in Rust. It knows no web framework: `l402-actix` puts it behind an attribute for
//! Actix Web, and a queue worker or a function can use it alone.
//!
//! # Ask for a payment, then verify it
//!
//! ```
//! # use l402_sandbox::Sandbox;
//! use l402_server::{ChallengeRequest, L402Client, VerifyRequest};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let sandbox = Sandbox::start().await;
//! # let client: L402Client = sandbox.client();
//! // In production: let client = L402Client::from_env()?;
//! let challenge = client
//!     .create_challenge(&ChallengeRequest::new("/reports/42", 250).description("Report 42"))
//!     .await?;
//! // Hand `challenge.invoice` and `challenge.macaroon` to the payer, who comes back with a preimage.
//! # let preimage = sandbox.pay(&challenge.invoice)?;
//! let request = VerifyRequest::new(challenge.macaroon, preimage)
//!     .resource("/reports/42")
//!     .amount_sats(250);
//! let verification = client.verify_token(&request).await?;
//! assert!(verification.valid);
//! # Ok(())
//! # }
//! ```
//!
//! # What it takes care of
//!
//! - Redirects are never followed and a plain `http` broker is refused unless it is on this
//!   machine: the API key would travel with the request.
//! - One timeout (default [`DEFAULT_TIMEOUT`]) covers a whole call: connection, retry, body.
//! - Replies are bounded ([`MAX_REPLY_BYTES`]) and checked against what was asked.
//! - Every mint carries an idempotency key, so the one retry after a broken connection cannot
//!   mint twice, and two payers are never handed one invoice.
//! - What each reply says is left of the account's minute is kept:
//!   [`rate_limit`](L402Client::rate_limit).
//! - A refusal keeps the broker's own name of the problem, its *slug*, and its words; an error names
//!   the URL that was tried.
//! - Neither `Debug` nor an error shows the API key, a macaroon or a preimage.
//!
//! # Before the first sale, and after
//!
//! [`check`](L402Client::check) says at start-up whether this account can sell: the key, the plan, the
//! wallet that receives. [`challenges`](L402Client::challenges) and
//! [`challenge_pages`](L402Client::challenge_pages) list what was minted, what was paid and when.
//!
//! # Features
//!
//! `rustls` (default): TLS with reqwest's default backend. Without it, enable one of reqwest's
//! other TLS features in your own `Cargo.toml`; a client without any TLS can only talk to a
//! broker on this machine.
//!
//! [L402]: https://docs.lightning.engineering/the-lightning-network/l402

// The feature that an item needs, beside it on docs.rs.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod account;
mod builder;
mod call;
mod client;
mod credential;
mod error;
mod hex;
mod http;
mod invoice;
mod key;
mod lenient;
mod listing;
mod merchant;
mod problem;
mod rate_limit;
mod reply;
mod secrets;
mod settings;
mod types;

pub use builder::{
    API_KEY_VARIABLE, API_URL_VARIABLE, DEFAULT_BASE_URL, DEFAULT_TIMEOUT, L402ClientBuilder,
};
pub use client::L402Client;
pub use credential::MAX_CREDENTIAL_BYTES;
pub use error::L402Error;
/// For `l402-actix`. Not public API.
#[doc(hidden)]
pub use hex::decode as decode_hex;
pub use listing::{ChallengePage, ChallengeStatus, ListChallenges, ListedChallenge};
pub use merchant::{Merchant, MerchantFeatures, MerchantOnboarding};
pub use rate_limit::RateLimit;
pub use reply::MAX_REPLY_BYTES;
/// The HTTP client underneath, for [`L402ClientBuilder::http_client_builder`].
pub use reqwest;
pub use types::{Challenge, ChallengeRequest, Verification, VerifyRequest};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
