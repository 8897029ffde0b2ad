//! What spans, log lines and figures tell apart, in words of closed sets: alerts and dashboards
//! search by them.

use l402_server::L402Error;

/// How a request went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The client went away before the gate had decided.
    #[default]
    Abandoned,
    /// `OPTIONS`, which nobody pays for.
    Preflight,
    Free,
    Paid,
    Challenged(Why),
    /// For something about the request, or for a limit.
    Rejected(&'static str),
    /// For want of the broker's word.
    BrokerError(&'static str),
    /// For something that is wrong here.
    ServerError(&'static str),
}

/// What a refusal does not tell by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Why {
    #[default]
    NoCredential,
    /// A genuine token that is for something else, or that paid less.
    NotCovered,
    Spent,
    /// A token that was good.
    Expired,
    InvalidToken,
}

impl Why {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NoCredential => "no_credential",
            Self::NotCovered => "not_covered",
            Self::Spent => "spent",
            Self::Expired => "expired",
            Self::InvalidToken => "invalid_token",
        }
    }
}

impl Outcome {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Abandoned => "abandoned",
            Self::Preflight => "preflight",
            Self::Free => "free",
            Self::Paid => "paid",
            Self::Challenged(_) => "challenged",
            Self::Rejected(_) => "rejected",
            Self::BrokerError(_) => "broker_error",
            Self::ServerError(_) => "server_error",
        }
    }

    pub(crate) fn reason(self) -> Option<&'static str> {
        match self {
            Self::Challenged(why) => Some(why.name()),
            Self::Rejected(reason) | Self::BrokerError(reason) | Self::ServerError(reason) => {
                Some(reason)
            }
            Self::Abandoned | Self::Preflight | Self::Free | Self::Paid => None,
        }
    }
}

/// What a broker call failed by.
pub(crate) fn kind(err: &L402Error) -> &'static str {
    match err {
        L402Error::Auth { .. } => "key_refused",
        L402Error::Plan { .. } => "plan_refused",
        L402Error::NoWallet { .. } => "no_wallet",
        L402Error::IdempotencyKeyReuse { .. } => "idempotency_key_reuse",
        L402Error::RateLimited { .. } => "rate_limited",
        L402Error::Unavailable { .. } => "unavailable",
        L402Error::Api { status: 500.., .. } => "broker_fault",
        L402Error::Api { .. } => "request_refused",
        L402Error::Timeout { .. } => "timeout",
        L402Error::Network { .. } => "unreachable",
        L402Error::InvalidResponse { .. } => "invalid_reply",
        L402Error::InvalidRequest(_) => "invalid_request",
        _ => "other",
    }
}

/// Which of the broker's endpoints is called.
#[derive(Clone, Copy)]
pub(crate) enum Endpoint {
    Challenges,
    Verify,
}

#[cfg(feature = "metrics")]
impl Endpoint {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Challenges => "challenges",
            Self::Verify => "verify",
        }
    }
}

/// What has spared a broker call.
#[derive(Clone, Copy)]
pub(crate) enum Cache {
    /// A verdict that stands, or that another request is just waiting for.
    Verdict,
    /// A refusal that is remembered.
    Refusal,
    /// A challenge that the client holds.
    Challenge,
}

#[cfg(feature = "metrics")]
impl Cache {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Verdict => "verdict",
            Self::Refusal => "refusal",
            Self::Challenge => "challenge",
        }
    }
}

/// What has forbidden a broker call.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Limiter {
    BudgetMint,
    BudgetVerify,
    Client,
    Payer,
}

impl Limiter {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::BudgetMint => "budget_mint",
            Self::BudgetVerify => "budget_verify",
            Self::Client => "client",
            Self::Payer => "payer",
        }
    }
}
