//! The question whether a token covers the terms, and the names that it and its asker go by.

use l402_server::{Challenge, VerifyRequest};

use crate::key::{Key, key, payment_hash};

/// Somebody who has paid, or says so: by account, credential and resource, whatever that costs by
/// now, and the sats that were paid or are asked about.
#[derive(Clone, Copy)]
pub(crate) struct Payer {
    pub(crate) name: Key,
    pub(crate) sats: u64,
}

/// What a token has to cover: the resource and the amount as they are sent, each `None` where the
/// config does not enforce it.
#[derive(Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) account: &'a Key,
    pub(crate) resource: Option<&'a str>,
    pub(crate) amount_sats: Option<u64>,
}

impl Terms<'_> {
    /// Whether a token that covers these covers the others too, of the same account.
    pub(crate) fn include(&self, others: &Terms<'_>) -> bool {
        (others.resource.is_none() || others.resource == self.resource)
            && others.amount_sats <= self.amount_sats
    }

    /// The question whether a token covers them.
    pub(crate) fn put_to(&self, token: &VerifyRequest) -> VerifyRequest {
        let mut question = token.clone();
        if let Some(resource) = self.resource {
            question = question.resource(resource);
        }
        if let Some(sats) = self.amount_sats {
            question = question.amount_sats(sats);
        }
        question
    }

    /// Names a question by everything that the broker's verdict depends on.
    ///
    /// The preimage goes in as its payment hash, so that [`payer`](Self::payer) can tell the name
    /// before the preimage is known.
    pub(crate) fn of_question(&self, question: &VerifyRequest) -> Key {
        let macaroon = question.macaroon();
        match question.payment_hash() {
            Some(hash) => self.named("payment hash", macaroon, &hash),
            None => self.named("preimage", macaroon, question.preimage().as_bytes()),
        }
    }

    /// Who asks a question.
    pub(crate) fn asker(&self, question: &VerifyRequest) -> Payer {
        let name = Terms { amount_sats: None, ..*self }.of_question(question);
        Payer { name, sats: self.amount_sats.unwrap_or(0) }
    }

    /// Whoever pays this challenge and will ask, by token or, with no macaroon, by MPP.
    pub(crate) fn payer(&self, challenge: &Challenge, macaroon: Option<&str>) -> Option<Payer> {
        let terms = Terms { amount_sats: None, ..*self };
        let name = terms.named("payment hash", macaroon, &payment_hash(challenge)?);
        Some(Payer { name, sats: challenge.price_sats })
    }

    fn named(&self, kind: &str, macaroon: Option<&str>, proof: &[u8]) -> Key {
        key(&[
            Some(self.account),
            Some(kind.as_bytes()),
            macaroon.map(str::as_bytes),
            Some(proof),
            self.resource.map(str::as_bytes),
            self.amount_sats.map(u64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_named_by_all_that_the_verdict_depends_on() {
        let terms = Terms { account: &[1; 32], resource: Some("/a"), amount_sats: Some(5) };
        let token = VerifyRequest::new("m", "00");
        let name = terms.of_question(&token);
        assert_eq!(name, terms.of_question(&token.clone()));
        for other in [
            Terms { account: &[2; 32], ..terms }.of_question(&token),
            Terms { resource: Some("/b"), ..terms }.of_question(&token),
            Terms { resource: None, ..terms }.of_question(&token),
            Terms { amount_sats: Some(6), ..terms }.of_question(&token),
            Terms { amount_sats: None, ..terms }.of_question(&token),
            terms.of_question(&VerifyRequest::new("n", "00")),
            terms.of_question(&VerifyRequest::new("m", "01")),
            terms.of_question(&VerifyRequest::preimage_only("00")),
        ] {
            assert_ne!(name, other);
        }
    }

    #[test]
    fn a_preimage_is_never_mistaken_for_a_payment_hash() {
        let terms = Terms { account: &[1; 32], resource: None, amount_sats: None };
        let preimage = "00".repeat(32);
        let hash = VerifyRequest::preimage_only(preimage.as_str()).payment_hash().expect("a hash");
        let hash: String =
            hash.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        let paid = terms.of_question(&VerifyRequest::new("m", preimage));
        let reads_the_invoice = terms.of_question(&VerifyRequest::new("m", hash));
        assert_ne!(paid, reads_the_invoice);
    }
}
