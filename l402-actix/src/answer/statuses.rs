//! Each refusal's status, what its client reads, and the line in the log: the one place for them.

use std::{borrow::Cow, error::Error as _, iter::successors, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    error::InternalError,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, SET_COOKIE},
    },
};
use l402_server::L402Error;

use super::{
    challenge,
    hint::hint,
    plain::{Failure, answer, misconfigured, problem, retry_after},
    problem::Problem,
    refusal::Refusal,
    settings::Settings,
};
use crate::{
    balance::StoreError,
    broker::is_malformed,
    lines::Lines,
    observe::{self, Limiter, Watch},
    terms::Unfit,
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
const BLANK: &str = "This request does not say what a payment would be for here.";
const TOO_LONG: &str = "What a payment would be for is too long here: at most 1 KiB.";
const UNPRINTABLE: &str = "What a payment would be for has control characters here.";
const BODY_TOO_LONG: &str = "This body is too long to be priced.";

impl Refusal {
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
        let lines = settings.map_or(Lines::of_the_process(), |settings| &settings.lines);
        let failure = Failure { has_presented: watch.has_presented() };
        watch.in_span(|| self.into_response(kind, &|| observe::route(request), lines, failure))
    }

    /// What the broker has said that it should not.
    fn nonsense(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::UnusableChallenge(fault) => {
                format!("the broker's challenge is unusable: {fault}").into()
            }
            Self::Contradiction => {
                "the broker called a token valid for something else than it was asked about".into()
            }
            Self::MissingFact(fact) => {
                format!("the broker called a token valid without its `{fact}`").into()
            }
            Self::Unproven => "the broker called a token valid whose preimage is not 32 bytes, so \
                               that its payment cannot be counted"
                .into(),
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
            let route = route();
            if let Some(times) = lines.due(&nonsense, kind, &route) {
                tracing::error!(kind, route, times, "{nonsense}");
            }
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
            Self::Unfit(unfit) => not_for_sale(unfit),
            Self::Misconfigured(fault) => {
                say_misconfigured(fault, kind, &route(), lines);
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

/// What the client asks for cannot be sold.
fn not_for_sale(unfit: Unfit) -> HttpResponse {
    tracing::debug!(?unfit, "nothing can be sold for this request");
    match unfit {
        Unfit::ResourceBlank => answer(StatusCode::BAD_REQUEST, BLANK),
        Unfit::ResourceTooLong => answer(StatusCode::URI_TOO_LONG, TOO_LONG),
        Unfit::ResourceUnprintable => answer(StatusCode::BAD_REQUEST, UNPRINTABLE),
        Unfit::BodyTooLong => answer(StatusCode::PAYLOAD_TOO_LARGE, BODY_TOO_LONG),
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

/// Anybody may ask, without a payment.
fn say_misconfigured(fault: &str, kind: Option<&'static str>, route: &str, lines: &Lines) {
    if let Some(times) = lines.due(fault, kind, route) {
        tracing::error!(kind, route, times, "misconfigured: {fault}");
        observe::say_if_unheard(route, &fault);
    }
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
