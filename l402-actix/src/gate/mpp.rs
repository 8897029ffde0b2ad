//! A payment in the `Payment` scheme, which has no macaroon.

use std::sync::Arc;

use l402_server::VerifyRequest;

use super::{
    hold, invalid,
    paid::{Admission, Paid, Proof},
    visit::Visit,
};
use crate::{
    answer::Refusal,
    balance::Mark,
    broker::{Answer, Purpose},
    payment::Payment,
};

/// The broker takes such a payment once, so it is asked once: not for a diagnosis, and not again if
/// the answer was lost.
pub(super) async fn decide(
    visit: &Visit<'_>,
    payment: VerifyRequest,
) -> Result<Admission, Refusal> {
    visit.broker.presented(&payment);
    let question = payment.resource(visit.resource.as_ref()).amount_sats(visit.sats.accept);
    let name = visit.terms().question(&question);
    // In this order: garbage comes no further than the budget, and a store that is away must
    // not cost a payment, so that it is held before it is used up.
    let permit = visit.broker.allow_verify(&name, Purpose::OnlyOnce)?;
    let payment_hash = name.payment_hash;
    let held = match payment_hash {
        Some(hash) if visit.offer.single_use => Some(hold::hold(visit, Mark::new(hash)).await?),
        _ => None,
    };
    let payment = match visit.broker.verify_once(permit, &name, &question).await? {
        Answer::Yes(payment) => payment,
        // Valid without facts means: valid for what was sent.
        Answer::Incomplete(verdict) => Arc::new(Payment {
            resource: verdict.resource.unwrap_or_else(|| visit.resource.to_string()),
            merchant_id: verdict.merchant_id,
            amount_sats: verdict.amount_sats.unwrap_or(visit.sats.accept),
            payment_hash: verdict.payment_hash,
        }),
        Answer::No(verdict) => return Err(invalid::refuse(visit, verdict).await),
    };
    visit.settled(&question);
    if !visit.is_covered_by(&payment) {
        return Err(Refusal::Contradiction);
    }
    let paid = Paid { payment, proof: Proof::Mpp { payment_hash } };
    match held {
        Some(reservation) => Ok(Admission { paid, reservation: Some(reservation) }),
        None => hold::admission(visit, paid).await,
    }
}
