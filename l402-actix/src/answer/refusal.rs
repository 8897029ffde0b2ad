//! Every way in which the gate refuses, with its status: the one place for errors.

use std::{error::Error as _, iter::successors, sync::Arc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    error::InternalError,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, HeaderValue, SET_COOKIE},
    },
};
use l402_server::{L402Error, Verification};

use super::{
    balance::Standing,
    challenge,
    form::Form,
    hint::hint,
    lines::Lines,
    plain::{Failure, answer, misconfigured, problem, retry_after},
    problem::Problem,
    settings::Settings,
};
use crate::{
    balance::StoreError,
    broker::{BrokerRefusal, CheckedChallenge, is_malformed},
    observe::{self, Limiter, Outcome, Watch, Why},
    terms::{TermsFault, Unfit},
};

/// How long a client is asked to wait when the broker does not say: the broker's limit counts by
/// the minute.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(60);

/// How long a client is asked to wait for another request with its token: most handlers answer
/// within a second.
const IN_USE_RETRY_AFTER: Duration = Duration::from_secs(1);

/// How long a client is asked to wait for the store of balances: most outages are restarts.
const STORE_RETRY_AFTER: Duration = Duration::from_secs(10);

// What a client reads. Whoever has paid must learn not to pay again; why it failed is for the log.
const BAD_GATEWAY: &str = "The payment service gave no usable answer.";
const UNAVAILABLE: &str = "The payment service is busy.";
const TOO_MANY: &str = "Too many requests.";
const TIMEOUT: &str = "The payment service did not answer in time.";
const IN_USE: &str = "What is left of this payment is held by requests that are still being \
    answered. Do not pay again: retry later with the same credential.";
const REFUSED_PAYMENT: &str = "The payment service does not accept this payment. Do not pay again: \
    retry later with the same credential.";
const SEVERAL_PAYMENTS: &str = "Send one payment in one request.";
const SEVERAL: &str = "Send one token in one credential.";
const TOO_LONG: &str = "What a payment would be for is too long here: at most 1 KiB.";
const UNPRINTABLE: &str = "What a payment would be for has control characters here.";
const BODY_TOO_LONG: &str = "This body is too long to be priced.";

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

    /// The answer. What it logs is in the request's span, and names the route for those who do not
    /// look at spans.
    ///
    /// `settings` are those of the config in sight, or `None` where there is none to be told.
    pub(crate) fn answer(
        self,
        watch: &Watch,
        request: &HttpRequest,
        settings: Option<&Settings>,
    ) -> HttpResponse {
        let outcome = self.outcome(watch.why());
        watch.refused(outcome);
        // In the words of the span and the figures, for those who search the log.
        let kind = outcome.reason();
        let lines = settings.map(|settings| settings.lines.clone()).unwrap_or_default();
        let failure = Failure { has_presented: watch.has_presented() };
        watch.in_span(|| self.into_response(kind, &|| observe::route(request), &lines, failure))
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
    fn outcome(&self, why: Why) -> Outcome {
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

    /// What the broker has said that it should not.
    fn nonsense(&self) -> Option<String> {
        Some(match self {
            Self::UnusableChallenge(fault) => {
                format!("the broker's challenge is unusable: {fault}")
            }
            Self::Contradiction => {
                "the broker called a token valid for something else than it was asked about"
                    .to_owned()
            }
            Self::MissingFact(fact) => {
                format!("the broker called a token valid without its `{fact}`")
            }
            Self::Unproven => "the broker called a token valid whose preimage is not 32 bytes, so \
                               that its payment cannot be counted"
                .to_owned(),
            _ => return None,
        })
    }

    /// Logs what the merchant has to know and answers what the client may know.
    fn into_response(
        self,
        kind: Option<&'static str>,
        route: &dyn Fn() -> String,
        lines: &Lines,
        failure: Failure,
    ) -> HttpResponse {
        if let Some(nonsense) = self.nonsense() {
            tracing::error!(kind, route = route(), "{nonsense}");
            return failure.answer(StatusCode::BAD_GATEWAY, BAD_GATEWAY);
        }
        match self {
            Self::Preflight => HttpResponse::NoContent().finish(),
            Self::Kept(cookie) => HttpResponse::NoContent()
                .insert_header((SET_COOKIE, cookie))
                .insert_header(("X-L402-Cookie", "1"))
                .insert_header((CACHE_CONTROL, "no-store"))
                .finish(),
            Self::Forgotten(refusal, cookie) => {
                let mut response = refusal.into_response(kind, route, lines, failure);
                response.headers_mut().append(SET_COOKIE, cookie);
                response
            }
            Self::PaymentRequired(challenge, form) => {
                let response = challenge::payment_required(&challenge, form.good_for, form.problem);
                form.write(&challenge, response)
            }
            Self::RefusedPayment(kind) => {
                tracing::debug!(?kind, "payment refused");
                problem(StatusCode::FORBIDDEN, kind, REFUSED_PAYMENT)
            }
            Self::SeveralPayments => {
                tracing::debug!("several payments in one request");
                problem(StatusCode::BAD_REQUEST, Problem::MalformedCredential, SEVERAL_PAYMENTS)
            }
            Self::InvalidToken(verdict) | Self::JustPaid(verdict) => {
                tracing::debug!(reason = verdict.error, "credential refused");
                challenge::unauthorized(verdict.error.as_deref())
            }
            Self::ByMerchant(mut response) => {
                if response.status() != StatusCode::PAYMENT_REQUIRED {
                    challenge::strip(response.headers_mut());
                }
                *response
            }
            Self::Unfit(unfit) => {
                tracing::debug!(?unfit, "nothing can be sold for this request");
                match unfit {
                    Unfit::ResourceTooLong => answer(StatusCode::URI_TOO_LONG, TOO_LONG),
                    Unfit::ResourceUnprintable => answer(StatusCode::BAD_REQUEST, UNPRINTABLE),
                    Unfit::BodyTooLong => answer(StatusCode::PAYLOAD_TOO_LARGE, BODY_TOO_LONG),
                }
            }
            Self::Misconfigured(fault) => {
                let route = route();
                tracing::error!(kind, route, "misconfigured: {fault}");
                observe::say_if_unheard(&route, &fault);
                misconfigured()
            }
            // The broker could make nothing of the credential.
            Self::Verify(err) if is_malformed(&err) => {
                tracing::debug!("credential refused as malformed: {err}");
                challenge::unauthorized(None)
            }
            Self::Verify(err) => failed("verify", kind, &route(), &err, lines, failure),
            Self::Mint(err) => failed("mint", kind, &route(), &err, lines, failure),
            Self::OverBudget { retry_after, limiter } => {
                say_over_budget(limiter, kind, &route(), lines);
                failure.later(StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, retry_after)
            }
            Self::ClientOverLimit { retry_after } => {
                too_many(Limiter::Client, retry_after, failure)
            }
            Self::PayerOverRight { retry_after } => too_many(Limiter::Payer, retry_after, failure),
            Self::SeveralTokens => {
                tracing::debug!("several tokens in one credential");
                challenge::unauthorized(Some(SEVERAL))
            }
            Self::WithBalance(refusal, standing) => {
                let mut response = refusal.into_response(kind, route, lines, failure);
                standing.write(response.headers_mut());
                response
            }
            Self::InUse => {
                tracing::debug!("balance in use");
                retry_after(answer(StatusCode::CONFLICT, IN_USE), IN_USE_RETRY_AFTER)
            }
            Self::Balances(err) => {
                let route = route();
                let about = if matches!(err, StoreError::Full) { "full" } else { "away" };
                if let Some(times) = lines.due(about, kind, &route) {
                    tracing::error!(kind, route, times, "{err}");
                }
                failure.later(StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, STORE_RETRY_AFTER)
            }
            // Answered above.
            Self::UnusableChallenge(_)
            | Self::Contradiction
            | Self::MissingFact(_)
            | Self::Unproven => failure.answer(StatusCode::BAD_GATEWAY, BAD_GATEWAY),
            Self::Deadline => {
                let route = route();
                if let Some(times) = lines.due("gate", kind, &route) {
                    tracing::warn!(kind, route, times, "the gate's deadline has passed");
                }
                failure.answer(StatusCode::GATEWAY_TIMEOUT, TIMEOUT)
            }
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

/// Beyond what one client, or one payer, may cause.
fn too_many(limiter: Limiter, wait: Duration, failure: Failure) -> HttpResponse {
    observe::limited(limiter);
    tracing::debug!(limiter = limiter.name(), "over its limit");
    failure.later(StatusCode::TOO_MANY_REQUESTS, TOO_MANY, wait)
}

/// The store of balances has failed for an answer that was an error of Actix's.
pub(crate) fn undrawn() -> actix_web::Error {
    let response = Failure { has_presented: true }.later(
        StatusCode::SERVICE_UNAVAILABLE,
        UNAVAILABLE,
        STORE_RETRY_AFTER,
    );
    InternalError::from_response("what an answer costs could not be written down", response).into()
}

fn say_over_budget(limiter: Limiter, kind: Option<&'static str>, route: &str, lines: &Lines) {
    observe::limited(limiter);
    let limiter = limiter.name();
    if let Some(times) = lines.due(limiter, kind, route) {
        tracing::warn!(
            kind,
            limiter,
            route,
            times,
            "the budget of broker calls is used up; requests are answered 503 until a call is free"
        );
    }
}

/// A failed broker call -> its answer. The call's own text stays in the log, as an error where the
/// merchant has to do something and as a warning where waiting helps.
fn failed(
    call: &'static str,
    kind: Option<&'static str>,
    route: &str,
    err: &L402Error,
    lines: &Lines,
    failure: Failure,
) -> HttpResponse {
    let (is_for_the_merchant, response) = match err {
        L402Error::RateLimited { retry_after, .. } | L402Error::Unavailable { retry_after, .. } => {
            let wait = retry_after.unwrap_or(DEFAULT_RETRY_AFTER);
            (false, failure.later(StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, wait))
        }
        L402Error::Timeout { .. } => (false, failure.answer(StatusCode::GATEWAY_TIMEOUT, TIMEOUT)),
        // Nothing was sent, so the fault is on this side.
        L402Error::InvalidRequest(_) => (true, misconfigured()),
        // It passes without the merchant.
        L402Error::Network { .. } | L402Error::Api { status: 500.., .. } => {
            (false, failure.answer(StatusCode::BAD_GATEWAY, BAD_GATEWAY))
        }
        // It does not: the key, the plan, a missing wallet, or a broker that keeps to another contract.
        _ => (true, failure.answer(StatusCode::BAD_GATEWAY, BAD_GATEWAY)),
    };
    if let Some(times) = lines.due(call, kind, route) {
        let cause = cause(err);
        let hint = hint(err, cause.as_deref());
        if is_for_the_merchant {
            tracing::error!(call, kind, route, times, cause, hint, "{err}");
        } else {
            tracing::warn!(call, kind, route, times, cause, hint, "{err}");
        }
        // Also what may pass: in the first minutes it is a sandbox that does not run.
        observe::say_if_unheard(route, &format_args!("{err}. {}", hint.unwrap_or_default()));
    }
    response
}

/// All that is behind an error: what is wrong with a connection stands at the very end.
fn cause(err: &L402Error) -> Option<String> {
    let causes: Vec<String> = successors(err.source(), |&cause| cause.source())
        .map(std::string::ToString::to_string)
        .collect();
    (!causes.is_empty()).then(|| causes.join(": "))
}
