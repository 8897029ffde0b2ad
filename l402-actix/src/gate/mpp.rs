//! A payment in the `Payment` scheme, which has no macaroon.

use std::sync::Arc;

use l402_server::VerifyRequest;

use super::{
    acceptance,
    echo::Echo,
    hold,
    list::{Case, Said, Scheme},
    paid::{Admission, Paid, Proof},
    refuse, sell, told,
    visit::Visit,
};
use crate::{
    answer::{Problem, Refusal},
    balance::{Hold, Mark},
    broker::{Answer, BrokerRefusal, Purpose, is_malformed},
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
    if let Some((mark, payment, counted)) = acceptance::before(visit, payment_hash).await? {
        // Where this scope counts nothing, the gate within that it was drawn at does.
        let good_for = visit.good_for().or(counted).unwrap_or(hold::ONE_USE);
        let hold = hold::hold(visit, mark, good_for).await?;
        return Ok(admitted(visit, (mark, payment), hold, echo));
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
            // Another request of its payer may have been first, here or at another process.
            if let (Some((mark, payment, _)), Some((_, hold))) =
                (acceptance::before(visit, payment_hash).await?, claimed)
            {
                return Ok(admitted(visit, (mark, payment), hold, echo));
            }
            let known = visit.broker.known_with(known, &name);
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
    acceptance::write_down(visit, mark, &payment, visit.good_for()).await;
    Ok(admitted(visit, (mark, payment), hold, echo))
}

fn admitted(
    visit: &Visit<'_>,
    (mark, payment): (Mark, Arc<Payment>),
    hold: Hold,
    echo: Echo,
) -> Admission {
    let payment_hash = Some(*mark.payment_hash());
    let receipt = visit.receipt(payment_hash, echo.id);
    let paid = Paid { payment, proof: Proof::Mpp { payment_hash }, receipt };
    Admission { paid, hold: Some(hold) }
}
