//! What the broker has said about a credential.

use std::sync::Arc;

use l402_server::{L402Error, Verification};

use crate::{Payment, error::Refusal};

/// The broker's answer, or why there is none.
pub(crate) type Verdict = Result<Answer, Arc<L402Error>>;

/// An answer of the broker's.
#[derive(Clone)]
pub(crate) enum Answer {
    /// Yes, with all that has to be compared. Shared, because it may be kept for many requests.
    Yes(Arc<Payment>),
    /// Yes, and not for what.
    Incomplete(Verification),
    No(Verification),
}

impl Answer {
    pub(crate) fn is_yes(&self) -> bool {
        !matches!(self, Self::No(_))
    }
}

impl From<Verification> for Answer {
    fn from(verdict: Verification) -> Self {
        match verdict {
            Verification {
                valid: true,
                resource: Some(resource),
                amount_sats: Some(amount_sats),
                merchant_id,
                payment_hash,
                ..
            } => Self::Yes(Arc::new(Payment { resource, merchant_id, amount_sats, payment_hash })),
            verdict if verdict.valid => Self::Incomplete(verdict),
            verdict => Self::No(verdict),
        }
    }
}

/// A yes that leaves a fact out cannot be compared with what the request costs, so it opens nothing.
pub(crate) fn missing_fact(incomplete: &Verification) -> Refusal {
    let fact = if incomplete.resource.is_none() { "resource" } else { "amountSats" };
    Refusal::MissingFact(fact)
}
