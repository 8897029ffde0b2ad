//! Every way in which the gate refuses, with its status: the one place for errors.

use std::{error::Error as _, iter::successors, sync::Arc, time::Duration};

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, HeaderValue, RETRY_AFTER},
    },
};
use l402_server::{Challenge, L402Error, Verification};
use serde::Serialize;

use crate::{StoreError, challenge, form::Form, observe::Watch, refused};

/// How long a client is asked to wait when the broker does not say: the broker's limit counts by
/// the minute.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(60);

/// The longest wait that is passed on. A broker that names more has a clock or a unit that is off.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);

/// How long a client is asked to wait for another request with its token: most handlers answer
/// within a second.
const IN_USE_RETRY_AFTER: Duration = Duration::from_secs(1);

/// How long a client is asked to wait for the store of spent tokens: most outages are restarts.
const STORE_RETRY_AFTER: Duration = Duration::from_secs(10);

// What a client reads. Whoever has paid must learn not to pay again; why it failed is for the log.
pub(crate) const MISCONFIGURED: &str = "This route's payment gate is not set up correctly.";
const BAD_GATEWAY: &str = "The payment service gave no usable answer. \
    Nothing is wrong with your payment: do not pay again, retry later with the same credential.";
const UNAVAILABLE: &str = "The payment service is busy. \
    Nothing is wrong with your payment: do not pay again, retry later with the same credential.";
const TOO_MANY: &str = "Too many requests. \
    Nothing is wrong with a payment: do not pay again, retry later with the same credential.";
const TIMEOUT: &str = "The payment service did not answer in time. \
    Nothing is wrong with your payment: do not pay again, retry later with the same credential.";
const IN_USE: &str = "Another request with this token is still being answered. \
    Do not pay again: retry later with the same credential.";
const TOO_LONG: &str = "This path is too long to be paid for.";

/// Why the handler is not called.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// `OPTIONS` asks about the route and cannot carry a credential: 204, free of charge.
    Preflight,
    /// Nobody has paid yet: 402.
    PaymentRequired(Box<Challenge>, Form),
    /// The credential is not genuine, as the broker's verdict says: 401.
    InvalidToken(Verification),
    /// What a function of the merchant's has answered.
    ByMerchant(Box<HttpResponse>),
    /// The resource is longer than a token could carry: 414.
    ResourceTooLong,
    /// A fault in the merchant's set-up: 500.
    Misconfigured(&'static str),
    /// The mint failed: 500, 502, 503 or 504.
    Mint(Arc<L402Error>),
    /// The verification failed: 401, 500, 502, 503 or 504.
    Verify(Arc<L402Error>),
    /// The budget of broker calls is used up, which its own log line says: 503.
    OverBudget {
        /// Until a call is free.
        retry_after: Duration,
    },
    /// The client has caused as many broker calls as one client may: 429.
    ClientOverLimit {
        /// Until it may cause another.
        retry_after: Duration,
    },
    /// The broker minted what no header can carry: 502.
    UnusableChallenge(&'static str),
    /// The broker called a token valid and left out what it is valid for: 502.
    MissingFact(&'static str),
    /// Another request with the same single-use token is still being answered: 409.
    InUse,
    /// Whether the token is spent cannot be told: 503.
    SpentTokens(StoreError),
    /// The gate's deadline passed between two answers of the broker: 504.
    Deadline,
}

impl Refusal {
    /// An error of a function of the merchant's, which is answered as it is.
    pub(crate) fn by_merchant(err: actix_web::Error) -> Self {
        Self::ByMerchant(Box::new(HttpResponse::from_error(err)))
    }

    /// Logs what the merchant has to know and answers what the client may know.
    pub(crate) fn into_response(self, watch: &Watch, route: &dyn Fn() -> String) -> HttpResponse {
        // In the words of the span and the figures, for those who search the log.
        let kind = watch.refused(&self);
        match self {
            Self::Preflight => HttpResponse::NoContent().finish(),
            Self::PaymentRequired(challenge, form) => {
                match challenge::payment_required(&challenge) {
                    Ok(response) => form.write(&challenge, response),
                    Err(refusal) => refusal.into_response(watch, route),
                }
            }
            Self::InvalidToken(verdict) => {
                tracing::debug!(reason = verdict.error, "credential refused");
                challenge::unauthorized(verdict.error.as_deref())
            }
            Self::ByMerchant(mut response) => {
                if response.status() != StatusCode::PAYMENT_REQUIRED {
                    challenge::strip(response.headers_mut());
                }
                *response
            }
            Self::ResourceTooLong => {
                tracing::debug!("resource too long");
                answer(StatusCode::URI_TOO_LONG, TOO_LONG)
            }
            Self::Misconfigured(fault) => {
                tracing::error!(kind, route = route(), "misconfigured: {fault}");
                answer(StatusCode::INTERNAL_SERVER_ERROR, MISCONFIGURED)
            }
            // The broker could make nothing of the credential.
            Self::Verify(err) if refused::is_malformed(&err) => {
                tracing::debug!("credential refused as malformed: {err}");
                challenge::unauthorized(None)
            }
            Self::Verify(err) => failed("verify", kind, route, &err),
            Self::Mint(err) => failed("mint", kind, route, &err),
            Self::OverBudget { retry_after } => {
                try_later(StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, retry_after)
            }
            Self::ClientOverLimit { retry_after } => {
                tracing::debug!("client over its limit");
                try_later(StatusCode::TOO_MANY_REQUESTS, TOO_MANY, retry_after)
            }
            Self::UnusableChallenge(fault) => {
                tracing::error!(
                    kind,
                    route = route(),
                    "the broker's challenge is unusable: {fault}"
                );
                answer(StatusCode::BAD_GATEWAY, BAD_GATEWAY)
            }
            Self::MissingFact(fact) => {
                tracing::error!(
                    kind,
                    route = route(),
                    "the broker called a token valid without its `{fact}`"
                );
                answer(StatusCode::BAD_GATEWAY, BAD_GATEWAY)
            }
            Self::InUse => {
                tracing::debug!("single-use token in use");
                retry_after(answer(StatusCode::CONFLICT, IN_USE), IN_USE_RETRY_AFTER)
            }
            Self::SpentTokens(err) => {
                tracing::error!(kind, route = route(), "{err}");
                try_later(StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, STORE_RETRY_AFTER)
            }
            Self::Deadline => {
                tracing::warn!(kind, route = route(), "the gate's deadline has passed");
                answer(StatusCode::GATEWAY_TIMEOUT, TIMEOUT)
            }
        }
    }
}

/// A failed broker call -> its answer. The call's own text stays in the log, as an error where the
/// merchant has to do something and as a warning where waiting helps.
fn failed(
    call: &'static str,
    kind: Option<&'static str>,
    route: &dyn Fn() -> String,
    err: &L402Error,
) -> HttpResponse {
    let (route, cause) = (route(), cause(err));
    match err {
        L402Error::RateLimited { retry_after } | L402Error::Unavailable { retry_after } => {
            tracing::warn!(call, kind, route, cause, "{err}");
            let wait = retry_after.unwrap_or(DEFAULT_RETRY_AFTER);
            try_later(StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, wait)
        }
        L402Error::Timeout => {
            tracing::warn!(call, kind, route, cause, "{err}");
            answer(StatusCode::GATEWAY_TIMEOUT, TIMEOUT)
        }
        // Nothing was sent, so the fault is on this side.
        L402Error::InvalidRequest(_) => {
            tracing::error!(call, kind, route, cause, "{err}");
            answer(StatusCode::INTERNAL_SERVER_ERROR, MISCONFIGURED)
        }
        // It passes without the merchant.
        L402Error::Network(_) | L402Error::Api { status: 500.., .. } => {
            tracing::warn!(call, kind, route, cause, "{err}");
            answer(StatusCode::BAD_GATEWAY, BAD_GATEWAY)
        }
        // It does not: the key, the plan, or a broker that keeps to another contract.
        _ => {
            tracing::error!(call, kind, route, cause, "{err}");
            answer(StatusCode::BAD_GATEWAY, BAD_GATEWAY)
        }
    }
}

/// All that is behind an error: what is wrong with a connection stands at the very end.
fn cause(err: &L402Error) -> Option<String> {
    let causes: Vec<String> = successors(err.source(), |&cause| cause.source())
        .map(std::string::ToString::to_string)
        .collect();
    (!causes.is_empty()).then(|| causes.join(": "))
}

fn try_later(status: StatusCode, message: &str, wait: Duration) -> HttpResponse {
    retry_after(answer(status, message), wait.clamp(Duration::from_secs(1), MAX_RETRY_AFTER))
}

fn retry_after(mut response: HttpResponse, wait: Duration) -> HttpResponse {
    // A second that has begun is a second to wait.
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
    message: &'a str,
}

/// An answer of the gate's own that is no challenge.
pub(crate) fn answer(status: StatusCode, message: &str) -> HttpResponse {
    let error = status.canonical_reason().unwrap_or_default();
    let mut response = HttpResponse::build(status).json(Body { error, message });
    let is_for_now = [StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS].contains(&status);
    if is_for_now || status.is_server_error() {
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
