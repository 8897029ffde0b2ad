//! The question whether a token covers the terms, and the names that it goes by.

use l402_server::VerifyRequest;

use crate::{
    credential::Credential,
    key::{Key, key},
    payment::Payment,
};

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

    /// Whether a payment covers them.
    pub(crate) fn are_covered_by(&self, payment: &Payment) -> bool {
        self.resource.is_none_or(|resource| payment.resource == resource)
            && self.amount_sats.is_none_or(|sats| payment.amount_sats >= sats)
    }

    /// The question whether this credential covers them.
    pub(crate) fn put_to(&self, credential: &Credential) -> VerifyRequest {
        let mut question = credential.request.clone();
        if let Some(resource) = self.resource {
            question = question.resource(resource);
        }
        if let Some(sats) = self.amount_sats {
            question = question.amount_sats(sats);
        }
        question
    }

    /// The question whether this credential covers them, by its names.
    pub(crate) fn question(&self, credential: &Credential) -> Question {
        let resource = self.resource.map(str::as_bytes);
        let verdict = key(&[Some(self.account), Some(&credential.name), resource]);
        let payment_hash = credential.payment_hash;
        Question { verdict, amount_sats: self.amount_sats, payment_hash }
    }
}

/// A question to the broker, by its names.
#[derive(Clone, Copy)]
pub(crate) struct Question {
    /// Everything that a yes depends on but the amount: a yes to more is one to less.
    pub(crate) verdict: Key,
    pub(crate) amount_sats: Option<u64>,
    /// Who asks, as far as that is proven: the hash of the preimage, which no caveat changes.
    pub(crate) payment_hash: Option<Key>,
}

impl Question {
    /// Everything that the broker's answer depends on: a no to more is none to less.
    pub(crate) fn name(&self) -> Key {
        let amount = self.amount_sats.map(u64::to_be_bytes);
        key(&[Some(&self.verdict), amount.as_ref().map(<[u8; 8]>::as_slice)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_named_by_all_that_the_answer_depends_on() {
        let terms = Terms { account: &[1; 32], resource: Some("/a"), amount_sats: Some(5) };
        let token = Credential::from(VerifyRequest::new("m", "00"));
        let question = terms.question(&token);
        assert_eq!(question.name(), terms.question(&token).name());
        for other in [
            Terms { account: &[2; 32], ..terms }.question(&token),
            Terms { resource: Some("/b"), ..terms }.question(&token),
            Terms { resource: None, ..terms }.question(&token),
            terms.question(&VerifyRequest::new("n", "00").into()),
        ] {
            assert_ne!(question.verdict, other.verdict);
            assert_ne!(question.name(), other.name());
        }
        for amount_sats in [Some(6), None] {
            let other = Terms { amount_sats, ..terms }.question(&token);
            assert_eq!(question.verdict, other.verdict, "a yes is for any amount up to its own");
            assert_ne!(question.name(), other.name());
        }
    }
}
