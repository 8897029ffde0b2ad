//! The balance as an argument of the handler.

use std::{
    fmt,
    future::{Ready, ready},
};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest, HttpResponse, ResponseError, dev::Payload,
    http::StatusCode,
};

use crate::{
    answer,
    balance::{Balance, BalanceError},
    lines::Lines,
    observe,
};

impl FromRequest for Balance {
    type Error = NoBalance;
    type Future = Ready<Result<Self, NoBalance>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let balance = request.extensions().get::<Self>().cloned();
        // Its handler may draw too much.
        ready(balance.map(|balance| balance.at(|| observe::route(request))).ok_or(NoBalance(())))
    }
}

/// A [`Balance`] was asked for where there is none; answered as a logged 500.
#[derive(Debug)]
pub struct NoBalance(());

impl NoBalance {
    pub(super) const FAULT: &str = "a handler takes a `Balance` but its payments are not counted; put `uses` or `units` into its \
         `#[l402(..)]`, or take `Option<Balance>` where the request can be free";

    /// Whether this is why no handler was called.
    pub(super) fn is_why<B>(answer: &HttpResponse<B>) -> bool {
        answer.error().is_some_and(|err| err.as_error::<Self>().is_some())
    }
}

impl fmt::Display for NoBalance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::FAULT)
    }
}

impl std::error::Error for NoBalance {}

impl ResponseError for NoBalance {
    fn status_code(&self) -> StatusCode {
        StatusCode::INTERNAL_SERVER_ERROR
    }

    // Logged here and not where it is made: for an `Option<Balance>` it is no error.
    fn error_response(&self) -> HttpResponse {
        if let Some(times) = Lines::of_the_process().due("no balance", None, "") {
            tracing::error!(kind = "misconfigured", times, "{self}");
        }
        answer::misconfigured()
    }
}

/// As an answer: 500 for a handler that draws more than it holds or too late, 409 where nothing is
/// left for this request, 503 where the store cannot say. Never 402, which would be paid.
impl ResponseError for BalanceError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::UsedUp => StatusCode::CONFLICT,
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        let due = |about| Lines::of_the_process().due(about, None, "");
        match self {
            Self::UsedUp => answer::plain(
                status,
                "Too little is left of this payment for this request. Ask for less, or without it for another one.",
            ),
            Self::Store(err) => {
                if let Some(times) = due("balance store") {
                    tracing::error!(times, "{err}");
                }
                answer::plain(status, "What is left of this payment cannot be told now.")
            }
            // `draw` has said it, and at which route.
            Self::NotHeld { .. } => answer::misconfigured(),
            Self::Settled => {
                if let Some(times) = due("settled") {
                    tracing::error!(times, "{self}");
                }
                answer::misconfigured()
            }
        }
    }
}
