//! What happens in the sandbox, and how the terminal tells it.

use std::fmt;

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
    /// A call was refused by a fault that was asked for.
    Refused {
        /// Its name, one of [`Fault::NAMES`](crate::Fault::NAMES).
        fault: &'static str,
    },
    /// [`L402Client::check`](l402_server::L402Client::check) or
    /// [`merchant`](l402_server::L402Client::merchant) asked about a key that is good.
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
            Self::Refused { fault } => write!(f, "refused   a call, as asked for: {fault}"),
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
