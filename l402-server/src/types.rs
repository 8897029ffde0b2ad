//! What is asked of the broker and what it answers. These types are the wire format: `serde` puts
//! the field names into camelCase and leaves unset fields out.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{L402Error, hex, invoice, lenient::lenient};

/// The longest idempotency key that is sent: the broker cuts longer ones at this length, and two
/// keys that differ only behind it would be one.
const MAX_IDEMPOTENCY_KEY_BYTES: usize = 256;

/// What stands in for a secret in `Debug`.
const REDACTED: &str = "[redacted]";

/// A price for a resource, to be turned into a [`Challenge`].
///
/// # Examples
///
/// ```
/// use l402_server::ChallengeRequest;
///
/// let request = ChallengeRequest::new("/weather", 100).description("Weather, one hour");
/// ```
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChallengeRequest {
    resource: String,
    price_sats: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip)]
    pub(crate) idempotency_key: Option<String>,
}

impl ChallengeRequest {
    /// `price_sats` (at least 1) for `resource`, the name that the token will be bound to.
    pub fn new(resource: impl Into<String>, price_sats: u64) -> Self {
        Self { resource: resource.into(), price_sats, description: None, idempotency_key: None }
    }

    /// What the payer reads in the wallet.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Makes repeated mints give one challenge: the same key within the invoice's expiry returns
    /// the challenge that it returned before. At most 256 visible ASCII characters.
    ///
    /// The default is a fresh random key for each call. One key for two payers hands both the same
    /// invoice, and only the first can pay it.
    #[must_use]
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    pub(crate) fn check(&self) -> Result<(), L402Error> {
        check_resource(&self.resource)?;
        check_sats("price_sats", self.price_sats)?;
        match &self.idempotency_key {
            Some(key)
                if key.is_empty()
                    || key.len() > MAX_IDEMPOTENCY_KEY_BYTES
                    || !key.bytes().all(|byte| byte.is_ascii_graphic()) =>
            {
                Err(L402Error::invalid_request(
                    "the idempotency key must be 1 to 256 visible ASCII characters",
                ))
            }
            _ => Ok(()),
        }
    }
}

/// An invoice to pay and the macaroon that the payment makes valid.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Challenge {
    /// The BOLT11 invoice.
    pub invoice: String,
    /// The macaroon, in base64, exactly as the broker gave it.
    pub macaroon: String,
    /// The invoice's payment hash, in hexadecimal.
    pub payment_hash: String,
    /// When the invoice expires, in ISO 8601; the broker's default is ten minutes from now. `None` if
    /// the broker does not say.
    #[serde(default, deserialize_with = "lenient")]
    pub expires_at: Option<String>,
    /// The resource that was asked for.
    pub resource: String,
    /// The price that was asked for, in sats.
    pub price_sats: u64,
    /// A challenge in the `Payment` scheme (MPP), when the broker offers it.
    #[serde(default, deserialize_with = "lenient")]
    pub mpp_challenge: Option<String>,
}

impl Challenge {
    /// Compares the reply with the question: an invoice over another amount, or a token for
    /// another resource, must not reach a payer.
    pub(crate) fn check(&self, asked: &ChallengeRequest) -> Result<(), L402Error> {
        let fault = if self.invoice.is_empty() {
            "`invoice` is empty"
        } else if self.macaroon.is_empty() {
            "`macaroon` is empty"
        } else if self.resource != asked.resource {
            "`resource` is not the one that was asked for"
        } else if self.price_sats != asked.price_sats {
            "`priceSats` is not the price that was asked for"
        } else if invoice::states_another_amount(&self.invoice, self.price_sats) {
            "`invoice` is over another amount than the price"
        } else {
            return Ok(());
        };
        Err(L402Error::invalid_response(fault))
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Challenge")
            .field("resource", &self.resource)
            .field("price_sats", &self.price_sats)
            .field("payment_hash", &self.payment_hash)
            .field("expires_at", &self.expires_at)
            .field("macaroon", &REDACTED)
            .finish_non_exhaustive()
    }
}

/// A credential to be verified, and what it must have paid for.
///
/// The broker checks the merchant and the expiry of every token. It checks the resource and the
/// amount only when they are sent, so send both, and compare the reply with them.
///
/// # Examples
///
/// ```
/// use l402_server::VerifyRequest;
///
/// # let (macaroon, preimage) = ("AgEL", "00");
/// let request = VerifyRequest::new(macaroon, preimage).resource("/weather").amount_sats(100);
/// ```
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifyRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    macaroon: Option<String>,
    preimage: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount_sats: Option<u64>,
}

impl VerifyRequest {
    /// The two halves of an L402 credential: the macaroon in base64, the preimage in hexadecimal.
    pub fn new(macaroon: impl Into<String>, preimage: impl Into<String>) -> Self {
        Self { macaroon: Some(macaroon.into()), ..Self::preimage_only(preimage) }
    }

    /// A credential of the `Payment` scheme (MPP), which has no macaroon.
    ///
    /// The broker accepts each such preimage once. [`L402Client`](crate::L402Client) therefore
    /// never repeats the call.
    pub fn preimage_only(preimage: impl Into<String>) -> Self {
        Self { macaroon: None, preimage: preimage.into(), resource: None, amount_sats: None }
    }

    /// The macaroon; `None` in the `Payment` scheme.
    #[must_use]
    pub fn macaroon(&self) -> Option<&str> {
        self.macaroon.as_deref()
    }

    /// The preimage, as it was given.
    #[must_use]
    pub fn preimage(&self) -> &str {
        &self.preimage
    }

    /// The resource that the token must be bound to.
    #[must_use]
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.resource = Some(resource.into());
        self
    }

    /// What the token must have paid, in sats (at least 1).
    #[must_use]
    pub fn amount_sats(mut self, amount_sats: u64) -> Self {
        self.amount_sats = Some(amount_sats);
        self
    }

    /// The payment hash, which is the SHA-256 of the preimage: the payment's name for your own
    /// books. It proves nothing before the credential is verified. `None` if the preimage is not
    /// the 64 hexadecimal digits that the protocol wants.
    #[must_use]
    pub fn payment_hash(&self) -> Option<[u8; 32]> {
        let preimage: [u8; 32] = hex::decode(self.preimage.as_bytes())?;
        Some(Sha256::digest(preimage).into())
    }

    /// Whether sending it twice gives the same answer twice.
    pub(crate) fn may_be_repeated(&self) -> bool {
        self.macaroon.is_some()
    }

    /// What the broker's text must not repeat.
    pub(crate) fn secrets(&self) -> [&str; 2] {
        [self.macaroon.as_deref().unwrap_or_default(), &self.preimage]
    }

    pub(crate) fn check(&self) -> Result<(), L402Error> {
        if self.preimage.trim().is_empty() {
            return Err(L402Error::invalid_request("the preimage is empty"));
        }
        if self.macaroon.as_ref().is_some_and(|macaroon| macaroon.trim().is_empty()) {
            return Err(L402Error::invalid_request("the macaroon is empty"));
        }
        self.resource.as_deref().map_or(Ok(()), check_resource)?;
        self.amount_sats.map_or(Ok(()), |sats| check_sats("amount_sats", sats))
    }
}

impl fmt::Debug for VerifyRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyRequest")
            .field("macaroon", &self.macaroon.as_ref().map(|_| REDACTED))
            .field("preimage", &REDACTED)
            .field("resource", &self.resource)
            .field("amount_sats", &self.amount_sats)
            .finish()
    }
}

/// The broker's verdict on a credential.
///
/// Only [`valid`](Self::valid) decides whether the credential is good. The facts say what it is
/// good for; the broker may leave each of them out. A `valid`, `resource` or `amount_sats` of another
/// type is an invalid reply; the others are `None` then.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Verification {
    /// Whether the credential is genuine, unexpired, and covers what was sent along with it.
    pub valid: bool,
    /// The resource that the token is bound to.
    #[serde(default)]
    pub resource: Option<String>,
    /// The merchant that was paid.
    #[serde(default, deserialize_with = "lenient")]
    pub merchant_id: Option<u64>,
    /// What was paid, in sats.
    #[serde(default)]
    pub amount_sats: Option<u64>,
    /// The payment hash, in hexadecimal.
    #[serde(default, deserialize_with = "lenient")]
    pub payment_hash: Option<String>,
    /// Why the credential was refused, in the broker's words.
    #[serde(default, deserialize_with = "lenient")]
    pub error: Option<String>,
}

fn check_resource(resource: &str) -> Result<(), L402Error> {
    if resource.trim().is_empty() {
        return Err(L402Error::invalid_request("the resource is empty"));
    }
    Ok(())
}

fn check_sats(name: &str, sats: u64) -> Result<(), L402Error> {
    if sats == 0 {
        return Err(L402Error::invalid_request(format!("{name} must be at least 1")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payment_hash_is_the_same_however_the_preimage_is_spelt() {
        let preimage = "1f2e3d4c5b6a79880123456789abcdeffedcba98765432100f1e2d3c4b5a6978";
        let hash = VerifyRequest::preimage_only(preimage).payment_hash();
        assert!(hash.is_some());
        assert_eq!(VerifyRequest::new("AgEL", preimage.to_uppercase()).payment_hash(), hash);
    }

    #[test]
    fn a_preimage_of_another_shape_has_no_payment_hash() {
        for preimage in
            ["", "00", &"0".repeat(63), &"0".repeat(65), &"0".repeat(66), &"z".repeat(64)]
        {
            assert_eq!(VerifyRequest::preimage_only(preimage).payment_hash(), None, "{preimage}");
        }
    }

    #[test]
    fn the_payment_hash_is_sha_256() {
        // `printf '0%.0s' {1..64} | xxd -r -p | sha256sum`
        let hash = VerifyRequest::preimage_only("0".repeat(64)).payment_hash().expect("a hash");
        assert_eq!(hash[..4], [0x66, 0x68, 0x7a, 0xad]);
    }
}
