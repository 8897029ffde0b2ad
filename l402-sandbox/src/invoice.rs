//! BOLT11 invoices on regtest: signed, payable by the sandbox's wallet, and by nobody else.

use std::{str::FromStr as _, time::Duration};

use bitcoin::{
    hashes::{Hash as _, sha256},
    secp256k1::{Secp256k1, SecretKey},
};
use lightning_invoice::{Bolt11Invoice, Currency, InvoiceBuilder, PaymentSecret};

use crate::random::random;

/// What a description can hold at most: a BOLT11 field has 1023 characters of five bits.
pub(crate) const MAX_DESCRIPTION_BYTES: usize = 639;

/// How many blocks the payer leaves the payee to claim the payment; LND's default.
const FINAL_CLTV_EXPIRY: u64 = 80;

pub(crate) struct Invoice {
    pub(crate) text: String,
    pub(crate) payment_hash: [u8; 32],
    pub(crate) preimage: [u8; 32],
}

/// A fresh invoice over `sats`. `None` if the amount or the description do not fit into one.
pub(crate) fn issue(
    node_key: &SecretKey,
    sats: u64,
    description: &str,
    now: Duration,
    expiry: Duration,
) -> Option<Invoice> {
    let preimage = random();
    let payment_hash = sha256::Hash::hash(&preimage);
    let signed = InvoiceBuilder::new(Currency::Regtest)
        .amount_milli_satoshis(sats.checked_mul(1000)?)
        .description(description.to_owned())
        .payment_hash(payment_hash)
        .payment_secret(PaymentSecret(random()))
        // Whole seconds are all that an invoice holds.
        .duration_since_epoch(Duration::from_secs(now.as_secs()))
        .expiry_time(expiry)
        .min_final_cltv_expiry_delta(FINAL_CLTV_EXPIRY)
        .build_signed(|hash| Secp256k1::signing_only().sign_ecdsa_recoverable(hash, node_key))
        .ok()?;
    Some(Invoice { text: signed.to_string(), payment_hash: payment_hash.to_byte_array(), preimage })
}

/// The payment hash of an invoice, whoever issued it. `None` if it is no valid invoice.
pub(crate) fn payment_hash(invoice: &str) -> Option<[u8; 32]> {
    let invoice = Bolt11Invoice::from_str(invoice).ok()?;
    Some(invoice.payment_hash().to_byte_array())
}

/// The hash that a payment with this preimage has.
pub(crate) fn payment_hash_of(preimage: &[u8; 32]) -> [u8; 32] {
    sha256::Hash::hash(preimage).to_byte_array()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node_key() -> SecretKey {
        SecretKey::from_slice(&[7; 32]).expect("a key")
    }

    #[test]
    fn an_invoice_is_regtest_signed_and_says_what_was_asked_for() {
        let now = Duration::from_secs(1_900_000_000);
        let expiry = Duration::from_secs(600);
        let issued = issue(&node_key(), 100, "The weather", now, expiry).expect("an invoice");
        assert!(issued.text.starts_with("lnbcrt1u1"), "{}", issued.text);
        let read = Bolt11Invoice::from_str(&issued.text).expect("a valid signature");
        assert_eq!(read.currency(), Currency::Regtest);
        assert_eq!(read.amount_milli_satoshis(), Some(100_000));
        assert_eq!(read.description().to_string(), "The weather");
        assert_eq!(read.duration_since_epoch(), now);
        assert_eq!(read.expiry_time(), expiry);
        let key = node_key().public_key(&Secp256k1::new());
        assert_eq!(read.recover_payee_pub_key(), key);
        assert_eq!(payment_hash(&issued.text), Some(issued.payment_hash));
        assert_eq!(payment_hash_of(&issued.preimage), issued.payment_hash);
    }

    #[test]
    fn what_fits_into_no_invoice_is_refused() {
        let issue = |sats, text: &str| {
            issue(&node_key(), sats, text, Duration::ZERO, Duration::from_secs(1))
        };
        assert!(issue(1, &"x".repeat(MAX_DESCRIPTION_BYTES)).is_some());
        assert!(issue(1, &"x".repeat(MAX_DESCRIPTION_BYTES + 1)).is_none());
        assert!(issue(u64::MAX, "").is_none());
    }

    #[test]
    fn an_invoice_with_a_letter_changed_is_none() {
        let issued =
            issue(&node_key(), 1, "", Duration::ZERO, Duration::from_secs(1)).expect("one");
        let mut text = issued.text.into_bytes();
        let last = text.len() - 1;
        text[last] = if text[last] == b'q' { b'p' } else { b'q' };
        assert_eq!(payment_hash(str::from_utf8(&text).expect("text")), None);
        assert_eq!(payment_hash(""), None);
    }
}
