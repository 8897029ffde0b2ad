//! What a request has in its hand at a gate, as far as that can be told without asking anybody.

use std::sync::Arc;

use l402_server::VerifyRequest;

use crate::{
    Payment,
    credential::{self, Credential},
    gate::{Paid, Proof, Visit},
    key::Key,
    scope::Passed,
};

pub(crate) enum Presented<'a> {
    /// What the scope around has verified.
    Around(&'a Passed),
    Nothing,
    /// A token whose verdict stands, and covers the request.
    Verified(Paid),
    /// A token that has to be verified, and the name of the question that does it.
    Token(VerifyRequest, Key),
    Mpp(VerifyRequest),
}

impl Visit<'_> {
    pub(crate) fn presented(&self) -> Presented<'_> {
        if let Some(passed) = &self.around {
            return Presented::Around(passed);
        }
        let own_header = self.config.credential_header.as_ref();
        match credential::find(self.request.headers(), own_header, self.config.mpp) {
            None => Presented::Nothing,
            Some(Credential::Mpp(payment)) => Presented::Mpp(payment),
            Some(Credential::Token(token)) => {
                self.broker.presented(&token);
                let name = self.terms().of_question(&token);
                match self.standing(&name) {
                    Some(payment) => {
                        self.broker.settled(&token);
                        Presented::Verified(self.paid_by(token, payment))
                    }
                    None => Presented::Token(token, name),
                }
            }
        }
    }

    /// The payment of a verdict that stands. One that does not cover the request any more, since
    /// the price of what is not enforced at the broker has changed, is looked at like a new one.
    fn standing(&self, name: &Key) -> Option<Arc<Payment>> {
        let payment = self.broker.standing(name, self.cache()?)?;
        self.is_covered_by(&payment).then_some(payment)
    }

    pub(crate) fn paid_by(&self, token: VerifyRequest, payment: Arc<Payment>) -> Paid {
        Paid { payment, proof: Proof::Token { token, may_be_cached: self.cache().is_some() } }
    }
}
