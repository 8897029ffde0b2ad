//! Every answer that the gate gives itself, and what it adds to the handler's.
//!
//! In: why a request is refused, or the challenge that it is asked to pay.
//! Out: status, headers and body, and one line in the log where the merchant has to know.
//! Never: whether a request has paid; that is decided before anything comes here.

mod balance;
mod caching;
mod challenge;
mod cookie;
mod form;
mod hint;
mod invalid;
#[cfg(feature = "paywall-page")]
mod paywall;
mod plain;
mod problem;
mod receipt;
mod refusal;
mod settings;
mod statuses;

pub(crate) use balance::Standing;
pub(crate) use caching::mark;
pub(crate) use cookie::{CredentialCookie, Unkept};
pub(crate) use form::Form;
pub(crate) use hint::explained;
pub use invalid::OnInvalidToken;
#[cfg(feature = "paywall-page")]
pub use paywall::{PaywallFacts, PaywallPage, prefers_html};
pub(crate) use plain::{answer as plain, misconfigured};
pub(crate) use problem::Problem;
pub(crate) use receipt::Receipt;
pub(crate) use refusal::Refusal;
pub(crate) use settings::Settings;
pub(crate) use statuses::undrawn;
