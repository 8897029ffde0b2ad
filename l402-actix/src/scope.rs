//! A gate within a scope that charges, which is [`RequirePayment`](crate::RequirePayment)'s: one
//! request, one credential, and two prices.

use std::{sync::Arc, time::Duration};

use crate::{
    error::Refusal,
    gate::{Admission, Paid, Proof, Visit},
    key::{Key, Terms},
};

/// A payment that the scope around a gate has verified for this very request.
#[derive(Clone)]
pub(crate) struct Passed {
    pub(crate) paid: Paid,
    /// What the token is bought for, whoever has stated it.
    pub(crate) resource: Arc<str>,
    account: Key,
    /// What the broker was asked for: whether this resource, and how much.
    resource_asked: bool,
    amount_asked: Option<u64>,
    /// What the request costs, at the dearest gate that has let it in.
    pub(crate) price_sats: u64,
    /// What is left of the deadline.
    pub(crate) time_left: Duration,
}

impl Passed {
    /// What the broker was asked for.
    pub(crate) fn terms(&self) -> Terms<'_> {
        Terms {
            account: &self.account,
            resource: self.resource_asked.then_some(&*self.resource),
            amount_sats: self.amount_asked,
        }
    }
}

impl Visit<'_> {
    /// What the gates in this scope have to know.
    pub(crate) fn passed(&self, paid: Paid) -> Passed {
        let terms = self.terms();
        Passed {
            paid,
            resource: Arc::from(self.resource.as_ref()),
            account: *terms.account,
            resource_asked: terms.resource.is_some(),
            amount_asked: terms.amount_sats,
            price_sats: self.price_sats(),
            time_left: self.time_left(),
        }
    }

    /// Takes the payment that was verified around this gate, if it covers this one too. The broker
    /// is asked again only where it has not been asked for as much.
    pub(crate) async fn decide_after(&self, passed: &Passed) -> Result<Admission, Refusal> {
        let (terms, around) = (self.terms(), passed.terms());
        // A request carries one token, and a token has one resource and one merchant. What is
        // bought here could never pass the scope, so nobody is asked to buy it.
        if terms.account != around.account {
            return Err(Refusal::Misconfigured(
                "a gate under `RequirePayment` with another API key or broker than its scope's; \
                 use one config for both",
            ));
        }
        if terms.resource.is_some()
            && around.resource.is_some()
            && terms.resource != around.resource
        {
            return Err(Refusal::Misconfigured(
                "a gate under `RequirePayment` with another resource than its scope's; leave it \
                 out here, or state the same on both",
            ));
        }
        let paid = &passed.paid;
        if !self.is_covered_by(&paid.payment) {
            return Err(self.refuse_after(paid).await);
        }
        match &paid.proof {
            // One use is sold on a verdict of this moment only.
            Proof::Token { token, may_be_cached }
                if !around.include(&terms) || (*may_be_cached && self.offer.single_use) =>
            {
                self.decide_on_token(token.clone()).await
            }
            _ => self.admission(paid.clone()).await,
        }
    }

    /// The refusal of a payment that is enough for the scope around and not for this gate.
    async fn refuse_after(&self, paid: &Paid) -> Refusal {
        if matches!(paid.proof, Proof::Mpp { is_assumed: true }) {
            // Whatever is paid next, the broker would not say that it is more.
            return Refusal::Misconfigured(
                "a handler costs more than the scope around it, and the broker does not say what \
                 an MPP payment has paid; price the scope at or above its handlers",
            );
        }
        tracing::warn!(
            scope_sats = paid.payment.amount_sats,
            handler_sats = self.sats.price,
            "a handler costs more than was paid for the scope around it; price the scope at or \
             above its handlers"
        );
        self.challenge_anew().await
    }
}
