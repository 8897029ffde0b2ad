//! Why the broker gave no answer.

use std::{sync::Arc, time::Duration};

use l402_server::L402Error;

use super::budget::{Call, Denied, jittered};
use crate::observe::Limiter;

/// What a question to the broker failed by.
#[derive(Debug, Clone)]
pub(crate) enum BrokerRefusal {
    /// The mint failed.
    Mint(Arc<L402Error>),
    /// It minted what no header can carry.
    UnusableChallenge(&'static str),
    /// The verification failed.
    Verify(Arc<L402Error>),
    /// The budget of broker calls is used up.
    OverBudget {
        /// Until a call is free.
        retry_after: Duration,
        /// What it was wanted for.
        limiter: Limiter,
    },
    /// The client has caused as many broker calls as one client may.
    ClientOverLimit {
        /// Until it may cause another.
        retry_after: Duration,
    },
    /// A payer has caused more broker calls than its right, and the others need the rest.
    PayerOverRight {
        /// Until it may cause another.
        retry_after: Duration,
    },
    /// The call that was waited for has ended without an answer.
    Unanswered,
}

impl BrokerRefusal {
    pub(super) fn denied(denied: Denied, call: Call) -> Self {
        match denied {
            Denied::Account(wait) => Self::OverBudget {
                retry_after: jittered(wait),
                limiter: match call {
                    Call::Mint => Limiter::BudgetMint,
                    Call::Verify | Call::Diagnose => Limiter::BudgetVerify,
                },
            },
            Denied::Client(wait) => Self::ClientOverLimit { retry_after: jittered(wait) },
            Denied::Payer(wait) => Self::PayerOverRight { retry_after: jittered(wait) },
        }
    }
}

/// Whether the broker has looked at the credential and could make nothing of it.
pub(crate) fn is_malformed(err: &L402Error) -> bool {
    matches!(err, L402Error::Api { status: 400, .. })
}
