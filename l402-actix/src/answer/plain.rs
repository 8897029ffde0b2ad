//! The gate's own answers that are no challenge: a status, a message, and how long to wait.

use std::time::Duration;

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, HeaderValue, RETRY_AFTER},
    },
};
use serde::Serialize;

use super::problem::{Members, Problem};

/// The longest wait that is passed on. A broker that names more has a clock or a unit that is off.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);

/// The same for somebody who may have paid: a longer wait outlives the token.
const MAX_RETRY_AFTER_PAID: Duration = Duration::from_secs(5 * 60);

// Whoever has paid must learn not to pay again.
const PAID: &str = "Nothing is wrong with your payment: do not pay again, retry later with the \
    same credential.";
const UNPAID: &str = "Nothing was charged: retry later.";

const MISCONFIGURED: &str = "This route's payment gate is not set up correctly.";

/// For a fault in the merchant's set-up, which the log tells.
pub(crate) fn misconfigured() -> HttpResponse {
    answer(StatusCode::INTERNAL_SERVER_ERROR, MISCONFIGURED)
}

/// The failure of something behind the gate, as its client may hear of it.
#[derive(Clone, Copy)]
pub(super) struct Failure {
    /// Whether the client has come with a credential, so that it may have paid.
    pub(super) has_presented: bool,
}

impl Failure {
    pub(super) fn answer(self, status: StatusCode, what: &str) -> HttpResponse {
        let then = if self.has_presented { PAID } else { UNPAID };
        answer(status, &format!("{what} {then}"))
    }

    pub(super) fn later(self, status: StatusCode, what: &str, wait: Duration) -> HttpResponse {
        let longest = if self.has_presented { MAX_RETRY_AFTER_PAID } else { MAX_RETRY_AFTER };
        retry_after(self.answer(status, what), wait.clamp(Duration::from_secs(1), longest))
    }
}

pub(super) fn retry_after(mut response: HttpResponse, wait: Duration) -> HttpResponse {
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

/// The same to a credential of the `Payment` scheme, as a problem.
pub(super) fn problem(status: StatusCode, problem: Problem, message: &str) -> HttpResponse {
    #[derive(Serialize)]
    struct Both<'a> {
        #[serde(flatten)]
        problem: Members,
        #[serde(flatten)]
        body: Body<'a>,
    }
    let error = status.canonical_reason().unwrap_or_default();
    let body = Both { problem: problem.members(status.as_u16()), body: Body { error, message } };
    let mut response = HttpResponse::build(status).json(body);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    super::problem::mark(response.headers_mut());
    response
}

/// An answer of the gate's own that is no challenge.
pub(crate) fn answer(status: StatusCode, message: &str) -> HttpResponse {
    let error = status.canonical_reason().unwrap_or_default();
    let mut response = HttpResponse::build(status).json(Body { error, message });
    let is_for_now =
        [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS]
            .contains(&status);
    if is_for_now || status.is_server_error() {
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_that_has_begun_is_a_second_to_wait() {
        for (millis, seconds) in [(1000, "1"), (1001, "2"), (1999, "2"), (2000, "2")] {
            let wait = Duration::from_millis(millis);
            let response = retry_after(answer(StatusCode::SERVICE_UNAVAILABLE, "later"), wait);
            assert_eq!(response.headers().get(RETRY_AFTER).expect("a wait"), seconds, "{millis}");
        }
    }
}
