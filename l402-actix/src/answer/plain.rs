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

/// The longest wait that is passed on. A broker that names more has a clock or a unit that is off.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);

const MISCONFIGURED: &str = "This route's payment gate is not set up correctly.";

/// For a fault in the merchant's set-up, which the log tells.
pub(crate) fn misconfigured() -> HttpResponse {
    answer(StatusCode::INTERNAL_SERVER_ERROR, MISCONFIGURED)
}

pub(super) fn try_later(status: StatusCode, message: &str, wait: Duration) -> HttpResponse {
    retry_after(answer(status, message), wait.clamp(Duration::from_secs(1), MAX_RETRY_AFTER))
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

/// An answer of the gate's own that is no challenge.
pub(super) fn answer(status: StatusCode, message: &str) -> HttpResponse {
    let error = status.canonical_reason().unwrap_or_default();
    let mut response = HttpResponse::build(status).json(Body { error, message });
    let is_for_now = [StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS].contains(&status);
    if is_for_now || status.is_server_error() {
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
