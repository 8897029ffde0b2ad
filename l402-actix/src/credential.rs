//! A credential that a client has presented, with what is worked out of it: once, at however many gates
//! and for however many requests it comes.

use l402_server::VerifyRequest;

use crate::key::{Key, key};

/// A token, or in the `Payment` scheme a preimage alone.
#[derive(Debug, PartialEq)]
pub(crate) struct Credential {
    /// As it is verified, but for what it has to cover.
    pub(crate) request: VerifyRequest,
    /// The hash of the preimage, which no caveat changes.
    pub(crate) payment_hash: Option<Key>,
    /// All of it that the broker's answer depends on.
    pub(crate) name: Key,
}

impl From<VerifyRequest> for Credential {
    fn from(request: VerifyRequest) -> Self {
        let payment_hash = request.payment_hash();
        // A preimage must not be mistaken for a payment hash, which anybody reads off an invoice.
        let (kind, proof): (&str, &[u8]) = match &payment_hash {
            Some(payment_hash) => ("payment hash", payment_hash),
            None => ("preimage", request.preimage().as_bytes()),
        };
        let macaroon = request.macaroon().map(str::as_bytes);
        let name = key(&[Some(kind.as_bytes()), macaroon, Some(proof)]);
        Self { request, payment_hash, name }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(request: VerifyRequest) -> Key {
        Credential::from(request).name
    }

    #[test]
    fn it_is_named_by_its_macaroon_and_its_preimage() {
        let name = named(VerifyRequest::new("m", "00"));
        assert_eq!(name, named(VerifyRequest::new("m", "00").resource("/a").amount_sats(5)));
        for other in [
            VerifyRequest::new("n", "00"),
            VerifyRequest::new("m", "01"),
            VerifyRequest::preimage_only("00"),
        ] {
            assert_ne!(name, named(other));
        }
        let preimage = "0a".repeat(32);
        let in_capitals = VerifyRequest::new("m", preimage.to_uppercase());
        assert_eq!(named(VerifyRequest::new("m", preimage)), named(in_capitals));
    }

    #[test]
    fn a_preimage_is_never_mistaken_for_a_payment_hash() {
        let paid = Credential::from(VerifyRequest::new("m", "00".repeat(32)));
        let hash = paid.payment_hash.as_ref().map(crate::key::hex).expect("a hash");
        assert_ne!(paid.name, named(VerifyRequest::new("m", hash)));
    }
}
