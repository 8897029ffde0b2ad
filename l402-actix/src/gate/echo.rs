//! What a credential of the `Payment` scheme repeats of its challenge. Nobody has checked it: its name
//! stands in the receipt again, and the rest picks the words of a refusal.

use std::time::SystemTime;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use l402_server::decode_hex;
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{answer::Problem, key::Key};

/// The longest name of a challenge that is repeated.
const MAX_ID_BYTES: usize = 256;

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Echo {
    /// The challenge's `id`.
    pub(super) id: Option<String>,
    expires: Option<SystemTime>,
    payment_hash: Option<Key>,
}

impl Echo {
    /// `Payment <base64url of JSON>`, which was read before.
    pub(super) fn of(credential: &str) -> Self {
        let json = credential.trim().split_once(' ').and_then(|(_, encoded)| decode(encoded));
        let Some(json) = json else { return Self::default() };
        let challenge = &json["challenge"];
        let request = challenge["request"].as_str().and_then(decode).unwrap_or_default();
        let hash = &request["methodDetails"]["paymentHash"];
        let expires = challenge["expires"]
            .as_str()
            .and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok().map(SystemTime::from));
        Self {
            id: challenge["id"].as_str().filter(|id| id.len() <= MAX_ID_BYTES).map(str::to_owned),
            expires,
            payment_hash: hash.as_str().and_then(|digits| decode_hex(digits.as_bytes())),
        }
    }

    /// Why a payment of this challenge may have been refused.
    pub(super) fn problem(&self, proven: Option<Key>, was_accepted: bool) -> Problem {
        if proven.is_none() {
            Problem::MalformedCredential
        } else if self.payment_hash.is_some() && self.payment_hash != proven {
            Problem::InvalidPreimage
        } else if !was_accepted && self.expires.is_some_and(|at| at <= SystemTime::now()) {
            Problem::ExpiredInvoice
        } else {
            Problem::UnknownChallenge
        }
    }
}

fn decode(encoded: &str) -> Option<Value> {
    let json = URL_SAFE_NO_PAD.decode(encoded.trim().trim_end_matches('=')).ok()?;
    serde_json::from_slice(&json).ok()
}
