//! Any reply of a broker's at all: it is read or refused, nothing panics, and what is said of it holds no
//! secret.
//!
//! The input is a byte for the status, one for what was asked, header lines of `name:value` up to an empty
//! line, and the body.

use futures_util::FutureExt as _;
use reqwest::Response;

use crate::{
    error::L402Error,
    rate_limit::LastRateLimit,
    reply::{MAX_REPLY_BYTES, accept},
    secrets::Secrets,
    types::{Challenge, Verification},
};

const STATUSES: [u16; 16] =
    [200, 200, 200, 201, 204, 301, 400, 401, 402, 403, 404, 409, 429, 500, 503, 599];
const SECRETS: [&str; 3] = ["le_live_key", "AgEMbWFjYXJvb24", "5ec2e7"];

/// Panics if reading does, or if a secret comes to light.
pub fn check(input: &[u8]) {
    let [status, asked, rest @ ..] = input else { return };
    let (head, body) = match rest.windows(2).position(|end| end == b"\n\n") {
        Some(at) => (&rest[..at], &rest[at + 2..]),
        None => (&[][..], rest),
    };
    let mut response = http::Response::builder().status(STATUSES[usize::from(status % 16)]);
    for line in head.split(|byte| *byte == b'\n') {
        if let Some(colon) = line.iter().position(|byte| *byte == b':')
            && let (Ok(name), Ok(value)) = (
                http::HeaderName::from_bytes(&line[..colon]),
                http::HeaderValue::from_bytes(&line[colon + 1..]),
            )
        {
            response = response.header(name, value);
        }
    }
    let response = response.body(body.to_vec()).expect("its parts are sound");
    let limit = LastRateLimit::default();
    limit.note(response.headers());
    if let Some(limit) = limit.get() {
        assert!(limit.remaining <= limit.limit && limit.limit > 0);
        assert!(limit.reset_after.as_secs() <= 60);
    }
    let (response, secrets) = (Response::from(response), Secrets(SECRETS));
    let said = if asked % 2 == 0 {
        let read = accept::<Challenge>(response, &secrets, MAX_REPLY_BYTES).now_or_never();
        read.expect("it is all there").map(|challenge| format!("{challenge:?}"))
    } else {
        let read = accept::<Verification>(response, &secrets, MAX_REPLY_BYTES).now_or_never();
        read.expect("it is all there").map(|verdict| format!("{verdict:?}"))
    };
    if let Err(err) = said {
        for secret in SECRETS {
            assert!(!words(&err).contains(secret), "{err:?}");
        }
    }
}

/// All that a log may show of it.
fn words(err: &L402Error) -> String {
    let mut words = format!("{err} {err:?}");
    let mut source = std::error::Error::source(err);
    while let Some(err) = source {
        words += &format!(" {err} {err:?}");
        source = err.source();
    }
    words
}
