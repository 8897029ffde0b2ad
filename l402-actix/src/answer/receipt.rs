//! The receipt on the answer to a payment.

use actix_web::{
    HttpResponse,
    http::header::{HeaderMap, HeaderName, HeaderValue},
    web::Bytes,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::key::{Key, hex};

const PAYMENT_RECEIPT: HeaderName = HeaderName::from_static("payment-receipt");

/// What is set aside for one without a challenge's id.
const USUAL_BYTES: usize = 192;

/// That a payment was verified for this very request. Made by the gate, and written to an answer that
/// serves it.
#[derive(Debug, Clone)]
pub(crate) struct Receipt {
    payment_hash: Key,
    challenge_id: Option<String>,
}

#[derive(Serialize)]
struct Body<'a> {
    method: &'static str,
    reference: &'a str,
    status: &'static str,
    timestamp: &'a str,
    #[serde(rename = "challengeId", skip_serializing_if = "Option::is_none")]
    challenge_id: Option<&'a str>,
}

impl Receipt {
    /// Of a payment with this proven hash. `challenge_id` is what a credential of the `Payment`
    /// scheme repeats.
    pub(crate) fn of(payment_hash: Key, challenge_id: Option<String>) -> Self {
        Self { payment_hash, challenge_id }
    }

    /// Puts it on a 2xx; on no other answer.
    pub(crate) fn write(&self, response: &mut HttpResponse) {
        if response.status().is_success() {
            self.write_to(response.headers_mut());
        }
    }

    /// The same where the status has been looked at.
    pub(crate) fn write_to(&self, headers: &mut HeaderMap) {
        if let Some(value) = self.value(OffsetDateTime::now_utc()) {
            headers.insert(PAYMENT_RECEIPT, value);
        }
    }

    fn value(&self, now: OffsetDateTime) -> Option<HeaderValue> {
        let timestamp = now.replace_nanosecond(0).ok()?.format(&Rfc3339).ok()?;
        let body = Body {
            method: "lightning",
            reference: &hex(&self.payment_hash),
            status: "success",
            timestamp: &timestamp,
            challenge_id: self.challenge_id.as_deref(),
        };
        let mut json = Vec::with_capacity(USUAL_BYTES);
        serde_json::to_writer(&mut json, &body).ok()?;
        HeaderValue::from_maybe_shared(Bytes::from(URL_SAFE_NO_PAD.encode(json))).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(receipt: &Receipt) -> String {
        let value = receipt.value(OffsetDateTime::UNIX_EPOCH).expect("a header");
        let json = URL_SAFE_NO_PAD.decode(value.as_bytes()).expect("base64url");
        String::from_utf8(json).expect("text")
    }

    #[test]
    fn a_receipt_names_the_payment_hash_and_for_mpp_the_challenge() {
        let hash = "ab".repeat(32);
        let token = Receipt::of([0xab; 32], None);
        let expected = format!(
            r#"{{"method":"lightning","reference":"{hash}","status":"success","timestamp":"1970-01-01T00:00:00Z"}}"#
        );
        assert_eq!(read(&token), expected);
        let mpp = Receipt::of([0xab; 32], Some("a \"quoted\" é".to_owned()));
        assert!(read(&mpp).ends_with(r#","challengeId":"a \"quoted\" é"}"#));
    }
}
