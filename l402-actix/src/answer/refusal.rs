//! Every way in which the gate refuses. `statuses.rs` answers them.

use std::{sync::Arc, time::Duration};

use actix_web::{HttpResponse, http::header::HeaderValue};
use l402_server::{L402Error, Verification};

use super::{balance::Standing, form::Form, problem::Problem};
use crate::{
    balance::StoreError,
    broker::{BrokerRefusal, CheckedChallenge, is_malformed},
    observe::{self, Limiter, Outcome, Why},
    terms::{TermsFault, Unfit},
};

/// Why the handler is not called.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// `OPTIONS` asks about the route and cannot carry a credential: 204, free of charge.
    Preflight,
    /// A verified token is kept in this cookie, as the page has asked for: 204.
    Kept(HeaderValue),
    /// A credential out of a cookie is refused, and this has it forgotten.
    Forgotten(Box<Self>, HeaderValue),
    /// The client is asked to pay: 402.
    PaymentRequired(Box<CheckedChallenge>, Form),
    /// The credential is not genuine, as the broker's verdict says: 401.
    InvalidToken(Verification),
    /// The same of one that was minted here for just this and never accepted: 401 in every mode.
    JustPaid(Verification),
    /// An MPP payment that was minted here for just this is refused, or the broker could make nothing
    /// of it: 403, and no challenge, since the next one could be refused like this one.
    RefusedPayment(Problem),
    /// Several credentials of the `Payment` scheme, of which the broker takes one: 400.
    SeveralPayments,
    /// What a function of the merchant's has answered.
    ByMerchant(Box<HttpResponse>),
    /// Nothing can be sold for such a request: 400, 413 or 414.
    Unfit(Unfit),
    /// A fault in the merchant's set-up: 500.
    Misconfigured(&'static str),
    /// The mint failed: 500, 502, 503 or 504.
    Mint(Arc<L402Error>),
    /// The verification failed: 401, 500, 502, 503 or 504.
    Verify(Arc<L402Error>),
    /// The budget of broker calls is used up: 503.
    OverBudget {
        /// Until a call is free.
        retry_after: Duration,
        /// What it was wanted for.
        limiter: Limiter,
    },
    /// The client has caused as many broker calls as one client may: 429.
    ClientOverLimit {
        /// Until it may cause another.
        retry_after: Duration,
    },
    /// A payer asks more often than its right, and the account's minute is short: 429.
    PayerOverRight {
        /// Until it may ask again.
        retry_after: Duration,
    },
    /// The broker minted what no header can carry: 502.
    UnusableChallenge(&'static str),
    /// The credential holds several tokens, and the broker verifies one: 401.
    SeveralTokens,
    /// The broker called a token valid, and for another resource or for less than it was asked: 502.
    Contradiction,
    /// The broker called a token valid and left out what it is valid for: 502.
    MissingFact(&'static str),
    /// All that is left of the payment is held by requests that are still being answered: 409.
    InUse,
    /// What is left of the payment cannot be told, or what the answer costs cannot be written: 503.
    Balances(StoreError),
    /// The broker called a token valid whose preimage proves no payment hash, so that it cannot be
    /// counted: 502.
    Unproven,
    /// The same, and what is left of the payment.
    WithBalance(Box<Refusal>, Standing),
    /// The decision has taken longer than the gate's deadline, or the call that was waited for has
    /// ended without an answer: 504.
    Deadline,
}

impl Refusal {
    /// An error of a function of the merchant's, which is answered as it is.
    pub(crate) fn by_merchant(err: actix_web::Error) -> Self {
        Self::ByMerchant(Box::new(HttpResponse::from_error(err)))
    }

    /// Whether the credential is what is refused, and no failure or limit stands in its way.
    pub(crate) fn is_about_the_credential(&self) -> bool {
        match self {
            Self::PaymentRequired(..)
            | Self::InvalidToken(_)
            | Self::JustPaid(_)
            | Self::RefusedPayment(_)
            | Self::ByMerchant(_) => true,
            Self::WithBalance(refusal, _) => refusal.is_about_the_credential(),
            _ => false,
        }
    }

    /// How the request went, in the words of the span and the figures.
    pub(super) fn outcome(&self, why: Why) -> Outcome {
        match self {
            Self::Preflight => Outcome::Preflight,
            Self::Kept(_) => Outcome::Paid,
            Self::Forgotten(refusal, _) | Self::WithBalance(refusal, _) => refusal.outcome(why),
            Self::PaymentRequired(..) => Outcome::Challenged(why),
            Self::InvalidToken(_) | Self::JustPaid(_) => {
                Outcome::Rejected(Why::InvalidToken.name())
            }
            Self::RefusedPayment(Problem::MalformedCredential) | Self::SeveralPayments => {
                Outcome::Rejected("malformed_token")
            }
            Self::RefusedPayment(_) => Outcome::Rejected(Why::InvalidToken.name()),
            Self::ByMerchant(_) if why == Why::InvalidToken => Outcome::Rejected(why.name()),
            Self::ByMerchant(_) => Outcome::Rejected("by_merchant"),
            Self::Unfit(unfit) => Outcome::Rejected(match unfit {
                Unfit::ResourceBlank => "resource_blank",
                Unfit::ResourceTooLong => "resource_too_long",
                Unfit::ResourceUnprintable => "resource_unprintable",
                Unfit::BodyTooLong => "body_too_long",
            }),
            Self::Misconfigured(_) => Outcome::ServerError("misconfigured"),
            Self::Verify(err) if is_malformed(err) => Outcome::Rejected("malformed_token"),
            Self::Mint(err) | Self::Verify(err) => match **err {
                L402Error::InvalidRequest(_) => Outcome::ServerError("misconfigured"),
                _ => Outcome::BrokerError(observe::kind(err)),
            },
            Self::OverBudget { .. } => Outcome::Rejected("over_budget"),
            Self::ClientOverLimit { .. } => Outcome::Rejected("client_over_limit"),
            Self::PayerOverRight { .. } => Outcome::Rejected("payer_over_right"),
            Self::SeveralTokens => Outcome::Rejected("malformed_token"),
            Self::UnusableChallenge(_)
            | Self::MissingFact(_)
            | Self::Contradiction
            | Self::Unproven => Outcome::BrokerError("invalid_reply"),
            Self::InUse => Outcome::Rejected("token_in_use"),
            Self::Balances(_) => Outcome::ServerError("balance_store"),
            Self::Deadline => Outcome::BrokerError("timeout"),
        }
    }
}

impl From<TermsFault> for Refusal {
    fn from(fault: TermsFault) -> Self {
        match fault {
            TermsFault::ByMerchant(err) => Self::by_merchant(err),
            TermsFault::Misconfigured(fault) => Self::Misconfigured(fault),
            TermsFault::Unfit(unfit) => Self::Unfit(unfit),
        }
    }
}

impl From<BrokerRefusal> for Refusal {
    fn from(refusal: BrokerRefusal) -> Self {
        match refusal {
            BrokerRefusal::Mint(err) => Self::Mint(err),
            BrokerRefusal::UnusableChallenge(fault) => Self::UnusableChallenge(fault),
            BrokerRefusal::Verify(err) => Self::Verify(err),
            BrokerRefusal::OverBudget { retry_after, limiter } => {
                Self::OverBudget { retry_after, limiter }
            }
            BrokerRefusal::ClientOverLimit { retry_after } => Self::ClientOverLimit { retry_after },
            BrokerRefusal::PayerOverRight { retry_after } => Self::PayerOverRight { retry_after },
            BrokerRefusal::Unanswered => Self::Deadline,
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(err: StoreError) -> Self {
        Self::Balances(err)
    }
}
