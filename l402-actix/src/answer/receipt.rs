//! The receipt on the answer to a payment.

use actix_web::{
    HttpResponse,
    http::header::{HeaderMap, HeaderName, HeaderValue},
    web::Bytes,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::key::{Key, write_hex};

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

    /// Written piece by piece into one buffer: it is on the way of each answer that was just paid for.
    fn value(&self, now: OffsetDateTime) -> Option<HeaderValue> {
        let mut json = Vec::with_capacity(USUAL_BYTES);
        json.extend_from_slice(br#"{"method":"lightning","reference":""#);
        write_hex(&mut json, &self.payment_hash);
        json.extend_from_slice(br#"","status":"success","timestamp":""#);
        now.replace_nanosecond(0).ok()?.format_into(&mut json, &Rfc3339).ok()?;
        json.push(b'"');
        if let Some(id) = &self.challenge_id {
            json.extend_from_slice(br#","challengeId":"#);
            serde_json::to_writer(&mut json, id).ok()?;
        }
        json.push(b'}');
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
