//! A challenge of the broker's, looked at when it arrives.

use std::{
    ops::Deref,
    time::{Duration, SystemTime},
};

use l402_server::{Challenge, MAX_CREDENTIAL_BYTES};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::refusal::BrokerRefusal;

/// What a credential adds to its macaroon at most: scheme, colon, and a preimage in the longest
/// form that is read.
const CREDENTIAL_OVERHEAD_BYTES: usize = "L402 :".len() + 96;

/// The longest challenge of the `Payment` scheme. Its credential repeats it as JSON, with the
/// preimage and names beside it, in base64, which makes four bytes of three.
const MAX_MPP_CHALLENGE_BYTES: usize = MAX_CREDENTIAL_BYTES / 4 * 3 - 512;

/// The longest date that is read and handed on. RFC 3339 sets no limit to the fraction of a second.
const MAX_DATE_BYTES: usize = 64;

/// A payment hash is 32 bytes, in hexadecimal.
const MAX_PAYMENT_HASH_BYTES: usize = 64;

/// A challenge that headers can carry and that can be presented once it is paid. An MPP challenge
/// beside it is as good, or left out, and so is a date. Its resource is the one that was asked for.
#[derive(Debug, Clone)]
pub(crate) struct CheckedChallenge(Challenge);

impl CheckedChallenge {
    pub(super) fn check(mut challenge: Challenge) -> Result<Self, BrokerRefusal> {
        if let Some(fault) = fault(&challenge) {
            return Err(BrokerRefusal::UnusableChallenge(fault));
        }
        challenge.mpp_challenge.take_if(|mpp| !is_mpp_challenge(mpp));
        challenge.expires_at.take_if(|date| date.len() > MAX_DATE_BYTES);
        Ok(Self(challenge))
    }

    /// The same, to be paid by L402 alone.
    pub(crate) fn without_mpp(mut self) -> Self {
        self.0.mpp_challenge = None;
        self
    }
}

impl Deref for CheckedChallenge {
    type Target = Challenge;

    fn deref(&self) -> &Challenge {
        &self.0
    }
}

/// Why a challenge cannot be sent, if it cannot.
fn fault(challenge: &Challenge) -> Option<&'static str> {
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
    if challenge.payment_hash.len() > MAX_PAYMENT_HASH_BYTES {
        return Some("the payment hash is too long for one");
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

/// How long until an invoice expires; `None` if the date cannot be read or has passed. An hour at
/// most, so that a clock that is off does little.
pub(crate) fn time_left(challenge: &Challenge) -> Option<Duration> {
    let expires_at = challenge.expires_at.as_deref()?;
    let expires_at: SystemTime = OffsetDateTime::parse(expires_at, &Rfc3339).ok()?.into();
    let left = expires_at.duration_since(SystemTime::now()).ok()?;
    Some(left.min(Duration::from_secs(60 * 60)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A payment is presented as base64 of JSON that repeats the challenge.
    #[test]
    fn an_mpp_challenge_is_handed_on_if_its_credential_is_not_too_long_to_be_read() {
        let is_handed_on = |length: usize| {
            let mpp = format!("{:0<length$}", "Payment request=");
            let reply = json!({
                "invoice": "lnbcrt", "macaroon": "AgEL", "paymentHash": "00", "resource": "/a",
                "priceSats": 1, "mppChallenge": mpp,
            });
            let challenge = serde_json::from_value(reply).expect("a challenge");
            let checked = CheckedChallenge::check(challenge).expect("one that can be sent");
            checked.mpp_challenge.is_some()
        };
        // With 512 bytes beside it, in base64.
        let presented = |length: usize| (length + 512).div_ceil(3) * 4;
        assert!(presented(5_632) <= MAX_CREDENTIAL_BYTES && is_handed_on(5_632));
        assert!(presented(5_633) > MAX_CREDENTIAL_BYTES && !is_handed_on(5_633));
    }
}
