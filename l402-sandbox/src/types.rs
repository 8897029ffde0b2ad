//! The small types of the public API.

use std::fmt;

use serde_json::Value;

/// Where a request went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// `POST /api/l402/challenges`.
    Mint,
    /// `POST /api/l402/challenges/verify`.
    Verify,
    /// The LND REST routes.
    Wallet,
    /// Anything else.
    Other,
}

/// Which caveat of a kind a verify reply reads out, where a macaroon holds several.
///
/// Only the first is the broker's own; whoever holds the macaroon can append more. What a broker
/// reads out is up to it, so whoever compares the reply has to be right with both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ReadOut {
    /// The broker's own.
    #[default]
    First,
    /// The one that was appended last.
    Last,
}

/// A request as it came in.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SeenRequest {
    /// Where it went.
    pub endpoint: Endpoint,
    /// The method, in capitals.
    pub method: String,
    /// The path, without its query.
    pub path: String,
    /// The headers, with their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; `null` if it was no JSON.
    pub body: Value,
}

impl SeenRequest {
    /// The first value of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Something that happened, for [`SandboxBuilder::on_event`](crate::SandboxBuilder::on_event).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A challenge was minted.
    Minted {
        /// The resource it is for.
        resource: String,
        /// Its price.
        price_sats: u64,
    },
    /// A credential was judged.
    Verified {
        /// The resource it was presented for, if one was named.
        resource: Option<String>,
        /// Why it was refused; `None` if it was accepted.
        refusal: Option<String>,
    },
    /// [`L402Client::check`](l402_server::L402Client::check) asked about a key that is good.
    KeyChecked,
    /// A call of the broker's was refused for its API key. The key itself is never told.
    KeyRefused {
        /// Whether there was one.
        sent: bool,
    },
    /// An invoice was paid.
    Paid {
        /// What was bought with it.
        resource: String,
        /// Its amount.
        amount_sats: u64,
    },
    /// The wallet was asked to pay and did not.
    NotPaid {
        /// Why.
        reason: String,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minted { resource, price_sats } => {
                write!(f, "minted    {price_sats} sats for {resource}")
            }
            Self::KeyChecked => write!(f, "checked   the API key"),
            Self::KeyRefused { sent: true } => {
                write!(f, "refused   an API key that is not the sandbox's")
            }
            Self::KeyRefused { sent: false } => write!(f, "refused   a call without an API key"),
            Self::Paid { resource, amount_sats } => {
                write!(f, "paid      {amount_sats} sats for {resource}")
            }
            Self::NotPaid { reason } => write!(f, "not paid  {reason}"),
            Self::Verified { resource, refusal } => {
                let resource = resource.as_deref().unwrap_or("any resource");
                match refusal {
                    None => write!(f, "accepted  a token for {resource}"),
                    Some(reason) => write!(f, "refused   a token for {resource}: {reason}"),
                }
            }
        }
    }
}
