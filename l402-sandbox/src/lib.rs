//! Lightning Enable's L402 broker on your own machine, for development and tests.
//!
//! [`Sandbox::start`] needs no account, no network and no settings. It mints real macaroons, whose
//! signatures it really checks, and real BOLT11 invoices on regtest, and it has a wallet that pays
//! them. It can never take real money: every invoice begins with `lnbcrt`, and nobody else's
//! wallet can pay it.
//!
//! # Buy something
//!
//! ```
//! use l402_sandbox::Sandbox;
//! use l402_server::{ChallengeRequest, VerifyRequest};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = Sandbox::start().await;
//! let client = sandbox.client();
//!
//! let challenge = client.create_challenge(&ChallengeRequest::new("/weather", 100)).await?;
//! assert!(challenge.invoice.starts_with("lnbcrt"));
//!
//! let preimage = sandbox.pay(&challenge.invoice)?;
//! let request = VerifyRequest::new(challenge.macaroon, preimage).resource("/weather").amount_sats(100);
//! assert!(client.verify_token(&request).await?.valid);
//! # Ok(())
//! # }
//! ```
//!
//! In a test of a whole API, [`Sandbox::pay_challenge`] takes the headers of a 402 and returns the
//! `Authorization` value to ask again with.
//!
//! # See what it saw
//!
//! [`Sandbox::requests`] has each request with its headers and its body, and
//! [`mints`](Sandbox::mints), [`verifies`](Sandbox::verifies) and
//! [`payments`](Sandbox::payments) count them.
//!
//! # Let time pass
//!
//! ```
//! # use l402_sandbox::Sandbox;
//! # use l402_server::{ChallengeRequest, VerifyRequest};
//! # use std::time::Duration;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let sandbox = Sandbox::start().await;
//! # let client = sandbox.client();
//! # let challenge = client.create_challenge(&ChallengeRequest::new("/weather", 100)).await?;
//! # let preimage = sandbox.pay(&challenge.invoice)?;
//! sandbox.advance(Duration::from_secs(2 * 60 * 60));
//! let verification = client.verify_token(&VerifyRequest::new(challenge.macaroon, preimage)).await?;
//! assert!(!verification.valid, "a token lives an hour");
//! # Ok(())
//! # }
//! ```
//!
//! # Let it fail
//!
//! [`Sandbox::fault`] tells it what to do wrong next: a refusal of the hosted broker's by its name,
//! any other status, silence, a reset, a body that drips or never ends. See [`Fault`] and
//! [`Fault::named`].
//!
//! # See what your API asks for
//!
//! [`Sandbox::audit`] asks an API that is running what it costs, route by route, so that a test can
//! say what is free.
//!
//! # What it enforces
//!
//! As the broker does: the merchant behind the API key, the expiry, the path when a `resource` is
//! sent, the amount when `amountSats` is sent; every caveat of a kind has to hold, appended ones
//! ([`append_caveat`]) included, and so has a `preimage` caveat. Caveats that it does not know are
//! skipped. The same idempotency key returns the same challenge until its invoice expires, and is
//! refused with other parameters; without a key the caller's address is one. The rate limit is there
//! when it is [asked for](SandboxBuilder::rate_limit). Refusals are problem documents (RFC 9457).
//!
//! `GET /api/merchant/me` and `GET /api/l402/challenges` answer too: what the account is, and what it
//! has sold.
//!
//! # As a wallet for other people's clients
//!
//! It answers the LND REST routes `POST /v2/router/send` and `POST /v1/channels/transactions`, as
//! LND does, so that an L402 client pays through it unmodified:
//! `LND_REST_HOST=<url> LND_MACAROON_HEX=00`. The program `l402-sandbox` prints these lines.

// `builder` starts a `sandbox`, the handle that the user holds, and beside it the `server`. That
// reads a request, has it seen by the `state`, which says what is to go wrong, hands it to `broker`
// or `wallet`, and sends their `reply` as an `answer`. `audit` needs none of them: it asks an API.
mod answer;
mod audit;
mod broker;
mod builder;
mod event;
mod faults;
mod hex;
mod invoice;
mod macaroon;
mod named;
mod problems;
mod random;
mod reply;
mod sandbox;
mod seen;
mod server;
mod settings;
mod state;
mod wallet;

pub use audit::{Asked, Audit, Verdict};
pub use builder::{SandboxBuilder, StartError};
pub use event::Event;
pub use faults::Fault;
pub use macaroon::{MalformedMacaroon, append_caveat, caveats};
pub use named::UnknownFault;
pub use sandbox::Sandbox;
pub use seen::{Endpoint, SeenRequest};
pub use settings::{DEFAULT_INVOICE_LIFETIME, DEFAULT_TOKEN_LIFETIME, ReadOut};
pub use wallet::PaymentError;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
