//! The two answers that speak the protocol: the 402 with a challenge, the 401 without one.

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, HeaderMap, HeaderValue, WWW_AUTHENTICATE},
    },
};
use serde::Serialize;

use super::plain;
use crate::{broker::CheckedChallenge, terms::GoodFor};

/// The longest reason of the broker that is passed on to a client, in characters.
const MAX_REASON_CHARS: usize = 200;

/// The members beside `l402` repeat it for clients that read the top level only: without
/// `price_sats` there one of them pays beyond the budget that its user has set.
#[derive(Serialize)]
struct PaymentRequired<'a> {
    error: &'static str,
    l402: Details<'a>,
    macaroon: &'a str,
    invoice: &'a str,
    price_sats: u64,
    #[serde(rename = "amountSats")]
    amount_sats: u64,
    #[serde(rename = "paymentHash")]
    payment_hash: &'a str,
}

#[derive(Serialize)]
struct Details<'a> {
    macaroon: &'a str,
    invoice: &'a str,
    amount_sats: u64,
    payment_hash: &'a str,
    expires_at: &'a str,
    resource: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    uses: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    units: Option<u64>,
}

/// A challenge -> `402 Payment Required`.
///
/// The header's form is the one that every client reads: scheme in capitals, `macaroon` first,
/// `invoice` second, in double quotes, each after a comma and one space. `version` and `token` are
/// for readers of the current specification and come last.
pub(super) fn payment_required(
    challenge: &CheckedChallenge,
    good_for: Option<GoodFor>,
) -> HttpResponse {
    let (uses, units) = match good_for {
        None => (None, None),
        Some(GoodFor::Uses(uses)) => (Some(uses), None),
        Some(GoodFor::Units { units, .. }) => (None, Some(units)),
    };
    let (macaroon, invoice) = (&challenge.macaroon, &challenge.invoice);
    let header = format!(
        r#"L402 macaroon="{macaroon}", invoice="{invoice}", version="0", token="{macaroon}""#
    );
    let mut response = HttpResponse::PaymentRequired();
    response.append_header((WWW_AUTHENTICATE, header));
    // After ours: clients of the L402 scheme read the first line.
    if let Some(mpp) = challenge.mpp_challenge.as_deref() {
        response.append_header((WWW_AUTHENTICATE, mpp));
    }
    response.insert_header((CACHE_CONTROL, "no-store")).json(PaymentRequired {
        error: "Payment Required",
        l402: Details {
            macaroon,
            invoice,
            amount_sats: challenge.price_sats,
            payment_hash: &challenge.payment_hash,
            expires_at: &challenge.expires_at,
            resource: &challenge.resource,
            uses,
            units,
        },
        macaroon,
        invoice,
        price_sats: challenge.price_sats,
        amount_sats: challenge.price_sats,
        payment_hash: &challenge.payment_hash,
    })
}

/// A refused credential -> `401 Unauthorized`.
///
/// It carries the challenge that RFC 9110 wants on every 401, but neither macaroon nor invoice:
/// one client pays whatever it finds there, and would be refused again.
pub(super) fn unauthorized(reason: Option<&str>) -> HttpResponse {
    let reason = reason.filter(|reason| is_presentable(reason));
    let mut response =
        plain::answer(StatusCode::UNAUTHORIZED, reason.unwrap_or("Invalid L402 credential."));
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
pub(super) fn strip(headers: &mut HeaderMap) {
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
