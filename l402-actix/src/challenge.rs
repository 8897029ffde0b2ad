//! The two answers that speak the protocol: the 402 with a challenge, the 401 without one.

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, HeaderMap, HeaderValue, WWW_AUTHENTICATE},
    },
};
use l402_server::{Challenge, MAX_CREDENTIAL_BYTES};
use serde::Serialize;

use crate::error::{self, Refusal};

/// The longest reason of the broker that is passed on to a client, in characters.
const MAX_REASON_CHARS: usize = 200;

/// What a credential adds to its macaroon at most: scheme, colon, and a preimage in the longest
/// form that is read.
const CREDENTIAL_OVERHEAD_BYTES: usize = "L402 :".len() + 96;

/// The longest challenge of the `Payment` scheme. Its credential repeats it as JSON, with the
/// preimage and names beside it, in base64, which makes four bytes of three.
const MAX_MPP_CHALLENGE_BYTES: usize = MAX_CREDENTIAL_BYTES / 4 * 3 - 512;

#[derive(Serialize)]
struct PaymentRequired<'a> {
    error: &'static str,
    l402: Details<'a>,
}

#[derive(Serialize)]
struct Details<'a> {
    macaroon: &'a str,
    invoice: &'a str,
    amount_sats: u64,
    payment_hash: &'a str,
    expires_at: &'a str,
    resource: &'a str,
}

/// A challenge -> `402 Payment Required`.
///
/// The header's form is the one that every client reads: scheme in capitals, `macaroon` first,
/// `invoice` second, in double quotes, each after a comma and one space. `version` and `token` are
/// for readers of the current specification and come last.
pub(crate) fn payment_required(challenge: &Challenge) -> Result<HttpResponse, Refusal> {
    if let Some(fault) = fault(challenge) {
        return Err(Refusal::UnusableChallenge(fault));
    }
    let (macaroon, invoice) = (&challenge.macaroon, &challenge.invoice);
    let header = format!(
        r#"L402 macaroon="{macaroon}", invoice="{invoice}", version="0", token="{macaroon}""#
    );
    let mut response = HttpResponse::PaymentRequired();
    response.append_header((WWW_AUTHENTICATE, header));
    // After ours: clients of the L402 scheme read the first line.
    if let Some(mpp) = challenge.mpp_challenge.as_deref().filter(|mpp| is_mpp_challenge(mpp)) {
        response.append_header((WWW_AUTHENTICATE, mpp));
    }
    Ok(response.insert_header((CACHE_CONTROL, "no-store")).json(PaymentRequired {
        error: "Payment Required",
        l402: Details {
            macaroon,
            invoice,
            amount_sats: challenge.price_sats,
            payment_hash: &challenge.payment_hash,
            expires_at: &challenge.expires_at,
            resource: &challenge.resource,
        },
    }))
}

/// Why a challenge cannot be sent, if it cannot.
pub(crate) fn fault(challenge: &Challenge) -> Option<&'static str> {
    let (macaroon, invoice) = (&challenge.macaroon, &challenge.invoice);
    if !is_quotable(macaroon) || !is_quotable(invoice) {
        return Some("it would break the header");
    }
    // Whoever paid for it could never present it: a credential ends at a comma, and its macaroon at
    // a colon.
    if macaroon.contains([',', ':']) {
        return Some("the macaroon holds what no credential can");
    }
    if macaroon.len() + CREDENTIAL_OVERHEAD_BYTES > MAX_CREDENTIAL_BYTES {
        return Some("the macaroon is too long to be presented");
    }
    (invoice.len() > MAX_CREDENTIAL_BYTES).then_some("the invoice is too long for a header")
}

/// A challenge of the `Payment` scheme that can be handed on as it is. One without a `request`
/// parameter is of the scheme's former profile, on which a client throws.
fn is_mpp_challenge(value: &str) -> bool {
    // Each second piece is the inside of a quoted string, where `request=` would be mere text.
    let has_request = value.strip_prefix("Payment ").is_some_and(|parameters| {
        let outside = parameters.split('"').step_by(2);
        outside.flat_map(|text| text.split([' ', ','])).any(|part| part.starts_with("request="))
    });
    has_request
        && value.len() <= MAX_MPP_CHALLENGE_BYTES
        && value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
}

/// Visible ASCII without what ends or escapes a quoted string.
fn is_quotable(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}

/// A refused credential -> `401 Unauthorized`.
///
/// It carries the challenge that RFC 9110 wants on every 401, but neither macaroon nor invoice:
/// one client pays whatever it finds there, and would be refused again.
pub(crate) fn unauthorized(reason: Option<&str>) -> HttpResponse {
    let reason = reason.filter(|reason| is_presentable(reason));
    let mut response =
        error::answer(StatusCode::UNAUTHORIZED, reason.unwrap_or("Invalid L402 credential."));
    let header = HeaderValue::from_static(r#"L402 error="invalid_token""#);
    response.headers_mut().insert(WWW_AUTHENTICATE, header);
    response
}

fn is_presentable(reason: &str) -> bool {
    !reason.trim().is_empty()
        && reason.len() <= MAX_REASON_CHARS
        && reason.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
}

/// Takes payment challenges out of the headers. Clients pay what they find there, on whichever
/// status, so they belong on a 402 alone.
pub(crate) fn strip(headers: &mut HeaderMap) {
    let others: Vec<HeaderValue> =
        headers.remove(WWW_AUTHENTICATE).filter(|line| !asks_for_payment(line)).collect();
    for line in others {
        headers.append(WWW_AUTHENTICATE, line);
    }
}

fn asks_for_payment(line: &HeaderValue) -> bool {
    let scheme = line.as_bytes().trim_ascii_start().split(|byte| *byte == b' ').next();
    let is = |name: &str| scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(name.as_bytes()));
    ["L402", "LSAT", "Payment"].into_iter().any(is)
}
