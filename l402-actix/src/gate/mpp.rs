//! A payment in the `Payment` scheme, which has no macaroon.

use std::sync::Arc;

use l402_server::VerifyRequest;

use super::{
    echo::Echo,
    hold,
    list::{Case, Said, Scheme},
    paid::{Admission, Paid, Proof},
    refuse, sell, told,
    visit::Visit,
};
use crate::{
    answer::{Problem, Refusal},
    balance::{Accepted, Mark, within_time},
    broker::{Answer, BrokerRefusal, Purpose, is_malformed},
    key::{Key, hex, key},
    payment::Payment,
};

/// The broker takes such a payment once, so it is asked once: not for a diagnosis, and not again if
/// the answer was lost. From its yes on our store answers for it.
pub(super) async fn decide(
    visit: &Visit<'_>,
    payment: VerifyRequest,
    echo: Echo,
) -> Result<Admission, Refusal> {
    visit.broker.presented(&payment);
    visit.problem.set(Problem::UnknownChallenge);
    let question = payment.resource(visit.resource.as_ref()).amount_sats(visit.sats.accept);
    let name = visit.terms().question(&question);
    let payment_hash = name.payment_hash;
    let good_for = visit.good_for().unwrap_or(hold::ONE_USE);
    if let Some((mark, payment)) = accepted_before(visit, payment_hash).await? {
        let hold = hold::hold(visit, mark, good_for).await?;
        let receipt = visit.receipt(payment_hash, echo.id);
        let paid = Paid { payment, proof: Proof::Mpp { payment_hash }, receipt };
        return Ok(Admission { paid, hold: Some(hold) });
    }
    // In this order: garbage comes no further than the budget, and a store that is away must
    // not cost a payment, so that it is held before it is used up.
    let known = visit.broker.known(&name);
    let permit = visit.broker.allow_verify(&name, Purpose::OnlyOnce).await?;
    let claimed = match payment_hash.map(|hash| visit.mark(hash)) {
        Some(mark) => Some((mark, hold::hold(visit, mark, good_for).await?)),
        None => None,
    };
    let verdict = match visit.broker.verify_once(permit, &name, &question).await {
        Err(BrokerRefusal::Verify(err)) if is_malformed(&err) => {
            sell::end_reuse(visit);
            return Err(Refusal::RefusedPayment(Problem::MalformedCredential));
        }
        verdict => verdict?,
    };
    let payment = match verdict {
        Answer::Yes(payment) => payment,
        // Valid without facts means: valid for what was sent.
        Answer::Incomplete(verdict) => Arc::new(Payment {
            resource: verdict.resource.unwrap_or_else(|| visit.resource.to_string()),
            merchant_id: verdict.merchant_id,
            amount_sats: verdict.amount_sats.unwrap_or(visit.sats.accept),
            payment_hash: verdict.payment_hash,
        }),
        Answer::No(verdict) => {
            let case = Case {
                scheme: Scheme::Payment,
                mode: visit.mode(),
                minted_for: visit.minted_for(known),
                was_accepted: known.accepted,
                has_expired: false,
                opens_scope: false,
                has_second_question: false,
            };
            visit.problem.set(echo.problem(&question, known.accepted));
            return Err(refuse::by(visit, case.line(Said::No), verdict).await);
        }
    };
    visit.settled(&question);
    if !visit.is_covered_by(&payment) {
        return Err(Refusal::Contradiction);
    }
    told::accepted(visit, &name, &payment);
    // A preimage that proves no payment hash could be presented any number of times.
    let (mark, hold) = claimed.ok_or(Refusal::Unproven)?;
    write_down(visit, mark).await;
    let receipt = visit.receipt(payment_hash, echo.id);
    let paid = Paid { payment, proof: Proof::Mpp { payment_hash }, receipt };
    Ok(Admission { paid, hold: Some(hold) })
}

/// What the broker has accepted for this resource, at this price or more.
async fn accepted_before(
    visit: &Visit<'_>,
    payment_hash: Option<Key>,
) -> Result<Option<(Mark, Arc<Payment>)>, Refusal> {
    let Some(hash) = payment_hash else { return Ok(None) };
    let mark = visit.mark(hash);
    let accepted = within_time(visit.store().accepted(mark)).await?;
    let is_for_this = |accepted: &Accepted| {
        accepted.resource == resource(visit) && accepted.amount_sats >= visit.sats.accept
    };
    Ok(accepted.filter(is_for_this).map(|accepted| {
        let payment = Arc::new(Payment {
            resource: visit.resource.to_string(),
            merchant_id: None,
            amount_sats: accepted.amount_sats,
            payment_hash: Some(hex(&hash)),
        });
        (mark, payment)
    }))
}

/// Its payer is served now, whatever becomes of this: only a retry would be refused.
async fn write_down(visit: &Visit<'_>, mark: Mark) {
    let accepted = Accepted { resource: resource(visit), amount_sats: visit.sats.accept };
    let kept_for = visit.config.balance.kept_for();
    if let Err(err) = within_time(visit.store().accept(mark, accepted, kept_for)).await {
        tracing::error!(%mark, "cannot write down that an MPP payment was accepted: {err}");
    }
}

fn resource(visit: &Visit<'_>) -> Key {
    key(&[Some(visit.resource.as_bytes())])
}
