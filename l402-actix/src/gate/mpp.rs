//! A payment in the `Payment` scheme, which has no macaroon.

use std::{rc::Rc, sync::Arc};

use super::{
    acceptance::{self, Acceptance, Before},
    echo::Echo,
    hold,
    list::{Case, Said, Scheme},
    paid::{Admission, Paid, Proof},
    refuse, sell,
    told::Teller,
    visit::Visit,
};
use crate::{
    answer::{Problem, Refusal},
    balance::{Claimed, Hold, Mark, StoreError},
    broker::{Answer, BrokerRefusal, Known, Line, is_malformed, missing_fact},
    credential::Credential,
    key::Key,
    payment::Payment,
    terms::{GoodFor, Question, Terms},
};

/// The broker takes such a payment once, so it is asked once: not for a diagnosis, and not again if
/// the answer was lost. From its yes on our store answers for it, also if nobody has waited for that.
pub(super) async fn decide(
    visit: &Visit<'_>,
    payment: Rc<Credential>,
    echo: Echo,
) -> Result<Admission, Refusal> {
    visit.broker.presented(payment.payment_hash.as_ref());
    visit.problem.set(Problem::UnknownChallenge);
    let terms = Terms {
        resource: Some(visit.resource.as_ref()),
        amount_sats: Some(visit.sats.accept),
        ..visit.terms()
    };
    let (name, question) = (terms.question(&payment), terms.put_to(&payment));
    let payment_hash = name.payment_hash;
    let (known, claimed, answer) = loop {
        let known = visit.broker.known(&name);
        let before = acceptance::before(visit, payment_hash).await?;
        let good_for = good_for(visit, before.as_ref());
        if let Some((mark, payment, _)) = before {
            let Some(hold) = hold_as_known(visit, mark, good_for).await? else { continue };
            return Ok(admitted(visit, (mark, payment), hold, echo));
        }
        // In this order: garbage comes no further than the budget, and a store that is away must
        // not cost a payment, so that it is held before it is used up.
        let permit = visit.broker.allow_once(&name).await?;
        let claimed = match payment_hash.map(|hash| visit.mark(hash)) {
            Some(mark) => match hold_as_known(visit, mark, good_for).await? {
                Some(hold) => Some((mark, hold)),
                None => continue,
            },
            None => None,
        };
        let taking = Taking::of(visit, &name, known)?;
        let taken = |answer| taking.taken(answer);
        match visit.broker.verify_once(permit, (&name, &question), known, taken).await {
            Err(BrokerRefusal::Verify(err)) if is_malformed(&err) => {
                sell::end_reuse(visit);
                return Err(Refusal::RefusedPayment(Problem::MalformedCredential));
            }
            answered => match answered? {
                Some(answer) => break (known, claimed, answer),
                // Once at most: from now on it is known to be accepted.
                None => {
                    if let Some((_, hold)) = claimed {
                        hold.undo().await;
                    }
                }
            },
        }
    };
    let payment = match answer {
        Answer::Yes(payment) => payment,
        Answer::Incomplete(verdict) => return Err(Refusal::MissingFact(missing_fact(&verdict))),
        Answer::No(verdict) => {
            if let Some((mark, hold)) = claimed {
                // Asked before what is known, which is written before a hold ends.
                let may_be_unwritten = may_be_unwritten(visit, &hold).await?;
                // Another request of its payer may have been first, here or at another process.
                let accepted = acceptance::for_anything(visit, mark).await?;
                let before = |accepted| acceptance::for_this(visit, mark, accepted);
                if let Some((mark, payment, _)) = accepted.as_ref().and_then(before) {
                    return Ok(admitted(visit, (mark, payment), hold, echo));
                }
                if may_be_unwritten && accepted.is_none() {
                    let cause =
                        "others may not have written down yet what they know of the payment";
                    return Err(Refusal::Balances(StoreError::unreachable(cause)));
                }
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
            visit.problem.set(echo.problem(payment_hash, known.accepted));
            return Err(refuse::by(visit, case.line(Said::No), verdict).await);
        }
    };
    if !visit.is_covered_by(&payment) {
        return Err(Refusal::Contradiction);
    }
    // A preimage that proves no payment hash could be presented any number of times.
    let (mark, hold) = claimed.ok_or(Refusal::Unproven)?;
    Ok(admitted(visit, (mark, payment), hold, echo))
}

/// Where this scope counts nothing, the gate within that it was drawn at does.
fn good_for(visit: &Visit<'_>, before: Option<&Before>) -> GoodFor {
    let counted = before.and_then(|(_, _, counted)| *counted);
    visit.good_for().or(counted).unwrap_or(hold::ONE_USE)
}

/// Holds it. `None` if that fails and another request has said since what it is good for: look again.
async fn hold_as_known(
    visit: &Visit<'_>,
    mark: Mark,
    is_good_for: GoodFor,
) -> Result<Option<Hold>, Refusal> {
    match hold::claim(visit, mark, is_good_for).await? {
        Claimed::Held(hold) => Ok(Some(hold)),
        claimed => {
            if visit.good_for().is_none() {
                let now = acceptance::before(visit, Some(*mark.payment_hash())).await?;
                if good_for(visit, now.as_ref()) != is_good_for {
                    return Ok(None);
                }
            }
            Err(hold::refused(visit, is_good_for, claimed).await)
        }
    }
}

/// Whether a process that has accepted it may not have been able to say so yet.
async fn may_be_unwritten(visit: &Visit<'_>, hold: &Hold) -> Result<bool, Refusal> {
    let store = visit.store()?;
    Ok(store.was_away_lately() || store.lease().is_some() && hold.is_beside_others().await?)
}

/// What a yes leads to, whether or not the request is still there.
struct Taking {
    line: Line,
    /// Set where a key of the merchant's could bring back the invoice.
    settles: Option<Key>,
    teller: Teller,
    /// `None` of what proves no payment hash.
    acceptance: Option<Acceptance>,
    /// What is sent, and whether it has to be covered.
    resource: (String, bool),
    accepts: (u64, bool),
    /// What it was sold for here, for the same.
    sold_sats: u64,
}

impl Taking {
    fn of(visit: &Visit<'_>, name: &Question, known: Known) -> Result<Self, Refusal> {
        let acceptance = |hash| Acceptance::of(visit, visit.mark(hash), visit.good_for());
        Ok(Self {
            line: visit.config.broker.line.clone(),
            settles: name.payment_hash.filter(|_| visit.settles()),
            teller: Teller::of(visit, name),
            acceptance: name.payment_hash.map(acceptance).transpose()?,
            resource: (visit.resource.to_string(), visit.config.enforce_resource),
            accepts: (visit.sats.accept, visit.config.enforce_amount),
            sold_sats: visit.sold_sats(known).unwrap_or_default(),
        })
    }

    /// Valid without facts means: valid for what was sent, or for more where that was sold here.
    async fn taken(self, answer: Answer) -> Answer {
        let ((resource, binds), (accepts, at_least)) = (&self.resource, self.accepts);
        let payment = match answer {
            Answer::Yes(payment) => payment,
            Answer::Incomplete(verdict) => Arc::new(Payment {
                resource: verdict.resource.unwrap_or_else(|| resource.clone()),
                merchant_id: verdict.merchant_id,
                amount_sats: verdict.amount_sats.unwrap_or(accepts.max(self.sold_sats)),
                payment_hash: verdict.payment_hash,
            }),
            no @ Answer::No(_) => return no,
        };
        self.line.settled(self.settles);
        let terms = Terms {
            account: &self.line.account.id,
            resource: binds.then_some(resource),
            amount_sats: at_least.then_some(accepts),
        };
        if terms.are_covered_by(&payment) {
            if let Some(acceptance) = self.acceptance {
                acceptance.write_down(payment.amount_sats).await;
            }
            self.teller.accepted(&payment);
        }
        Answer::Yes(payment)
    }
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
