//! The payment as an argument of the handler.

use std::{
    fmt,
    future::{Ready, ready},
    sync::Arc,
};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest, HttpResponse, ResponseError, dev::Payload,
    http::StatusCode,
};

use crate::{answer, lines::Lines, payment::Payment};

impl FromRequest for Payment {
    type Error = NoPayment;
    type Future = Ready<Result<Self, NoPayment>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // Copied only for whoever takes it: the request shares it with the cache.
        let verified = request.extensions().get::<Arc<Self>>().map(|payment| (**payment).clone());
        ready(verified.ok_or(NoPayment(())))
    }
}

/// A [`Payment`] was asked for where there is none; answered as a logged 500.
#[derive(Debug)]
pub struct NoPayment(());

impl fmt::Display for NoPayment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a handler takes a `Payment` but is not gated; put `#[l402]` over it")
    }
}

impl std::error::Error for NoPayment {}

impl ResponseError for NoPayment {
    fn status_code(&self) -> StatusCode {
        StatusCode::INTERNAL_SERVER_ERROR
    }

    // Logged here and not where it is made: for an `Option<Payment>` it is no error.
    fn error_response(&self) -> HttpResponse {
        if let Some(times) = Lines::of_the_process().due("no payment", None, "") {
            tracing::error!(kind = "misconfigured", times, "{self}");
        }
        answer::misconfigured()
    }
}
