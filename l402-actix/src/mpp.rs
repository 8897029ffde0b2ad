//! The decision on a payment in the `Payment` scheme, which has no macaroon.

use std::sync::Arc;

use l402_server::VerifyRequest;

use crate::{
    Payment,
    broker::Purpose,
    error::Refusal,
    gate::{Admission, Paid, Proof, Visit},
    spent::Mark,
    verdict::Answer,
};

impl Visit<'_> {
    /// A payment in the `Payment` scheme. The broker takes it once, so it is asked once: not for
    /// a diagnosis, and not again if the answer was lost.
    pub(crate) async fn decide_on_mpp(&self, payment: VerifyRequest) -> Result<Admission, Refusal> {
        self.broker.presented(&payment);
        let question = payment.resource(self.resource.as_ref()).amount_sats(self.sats.accept);
        let purpose = Purpose::OnlyOnce { payer: self.terms().asker(&question) };
        // In this order: garbage comes no further than the budget, and a store that is away must
        // not cost a payment, so that it is held before it is used up.
        self.broker.allow_verify(purpose)?;
        let payment_hash = question.payment_hash();
        let held = match payment_hash {
            Some(hash) if self.offer.single_use => Some(self.reserve(Mark::new(hash)).await?),
            _ => None,
        };
        let payment = match self.broker.verify_once(&question, purpose).await? {
            Answer::Yes(payment) => payment,
            // Valid without facts means: valid for what was sent.
            Answer::Incomplete(verdict) => Arc::new(Payment {
                resource: verdict.resource.unwrap_or_else(|| self.resource.to_string()),
                merchant_id: verdict.merchant_id,
                amount_sats: verdict.amount_sats.unwrap_or(self.sats.accept),
                payment_hash: verdict.payment_hash,
            }),
            Answer::No(verdict) => {
                self.broker.end_reuse(|| self.sale());
                return Err(self.refuse(verdict).await);
            }
        };
        self.broker.settled(&question);
        let payment = self.compare(payment).await?;
        let paid = Paid { payment, proof: Proof::Mpp { payment_hash } };
        match held {
            Some(reservation) => Ok(Admission { paid, reservation: Some(reservation) }),
            None => self.admission(paid).await,
        }
    }
}
