//! A gate within a scope that charges, which is [`RequirePayment`](crate::RequirePayment)'s: one
//! request, one credential, and two prices.

use std::{sync::Arc, time::Duration};

use actix_web::http::header::HeaderName;
use l402_server::VerifyRequest;

use crate::{
    Payment,
    error::Refusal,
    gate::{Admission, Paid, Proof, Visit},
    key::{Key, Terms},
    observe::Why,
};

/// A payment that the scope around a gate has verified for this very request.
#[derive(Clone)]
pub(crate) struct Passed {
    pub(crate) paid: Paid,
    /// What the token is bought for, whoever has stated it.
    pub(crate) resource: Arc<str>,
    account: Key,
    own_header: Option<HeaderName>,
    /// Whether MPP payments are taken, at all gates so far.
    pub(crate) mpp: bool,
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
            own_header: self.config.credential_header.clone(),
            mpp: self.takes_mpp(),
            resource_asked: terms.resource.is_some(),
            amount_asked: terms.amount_sats,
            price_sats: self.price_sats(),
            time_left: self.time_left(),
        }
    }

    /// Takes the payment that was verified around this gate, if it covers this one too. The broker
    /// is asked again only where it has not been asked for as much.
    pub(crate) async fn decide_after(&self, passed: &Passed) -> Result<Admission, Refusal> {
        let terms = self.terms();
        // A request carries one token, and a token has one resource and one merchant. What is
        // bought here could never pass the scope, so nobody is asked to buy it.
        if terms.account != &passed.account || self.config.credential_header != passed.own_header {
            return Err(Refusal::Misconfigured(
                "a gate under `RequirePayment` with another API key, broker or credential header \
                 than its scope's; use one config for both",
            ));
        }
        if *self.resource != *passed.resource {
            return Err(Refusal::Misconfigured(
                "a gate under `RequirePayment` with another resource than its scope's; leave it \
                 out here, or state the same on both",
            ));
        }
        let paid = &passed.paid;
        let is_covered = self.is_covered_by(&paid.payment);
        match &paid.proof {
            Proof::Mpp { .. } if is_covered => self.admission(paid.clone()).await,
            // It is used up, and of the next one the broker might say no more: asking for it could
            // be paid without end.
            Proof::Mpp { .. } => Err(Refusal::Misconfigured(
                "an MPP payment for a scope does not cover a handler in it, which costs more; \
                 price the scope at or above its handlers",
            )),
            // One use is sold on a verdict of this moment only.
            Proof::Token { may_be_cached, .. }
                if is_covered
                    && passed.terms().include(&terms)
                    && !(*may_be_cached && self.offer.single_use) =>
            {
                self.admission(paid.clone()).await
            }
            Proof::Token { token, .. } if is_covered => {
                // Its holder has just been let in by the scope and is no stranger here.
                self.broker.await_payer(terms.asker(token));
                self.decide_on_token(token.clone(), terms.of_question(token)).await
            }
            Proof::Token { token, .. } => self.decide_on_too_little(token, &paid.payment).await,
        }
    }

    /// A token that is enough for the scope and, by what the broker read out there, not for this
    /// gate. A broker that repeats what it was asked would say so of every token: it is asked for
    /// this gate's price before anybody is asked to pay that.
    async fn decide_on_too_little(
        &self,
        token: &VerifyRequest,
        payment: &Payment,
    ) -> Result<Admission, Refusal> {
        match self.decide_on_token(token.clone(), self.terms().of_question(token)).await {
            // Refused without a diagnosis, which the scope has made: it is genuine.
            Err(Refusal::InvalidToken(_)) if !self.config.on_invalid_token.diagnoses() => {
                Err(self.challenge_anew(Why::NotCovered).await)
            }
            decision => {
                if let Err(Refusal::PaymentRequired(..)) = decision {
                    tracing::warn!(
                        scope_sats = payment.amount_sats,
                        handler_sats = self.sats.price,
                        "a handler costs more than was paid for the scope around it; price the \
                         scope at or above its handlers"
                    );
                }
                decision
            }
        }
    }
}
