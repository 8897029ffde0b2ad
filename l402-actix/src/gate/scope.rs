//! A gate within a scope that charges, which is [`RequirePayment`](crate::RequirePayment)'s: one
//! request, one credential, and two prices.

use super::{
    paid::{Passed, Proof},
    presented::Presented,
    visit::Visit,
};
use crate::{answer::Refusal, terms::GoodFor};

/// Takes the payment that was verified around this gate, if it covers this one too. The broker
/// is asked again only where it has not been asked for as much.
pub(super) fn presented(visit: &Visit<'_>, passed: &Passed) -> Result<Presented, Refusal> {
    let terms = visit.terms();
    // A request carries one token, and a token has one resource and one merchant. What is
    // bought here could never pass the scope, so nobody is asked to buy it.
    if terms.account != &passed.account
        || visit.config.answer.credential_header != passed.own_header
    {
        return Err(Refusal::Misconfigured(
            "a gate under `RequirePayment` with another API key, broker or credential header \
             than its scope's; use one config for both",
        ));
    }
    if *visit.resource != *passed.resource {
        return Err(Refusal::Misconfigured(
            "a gate under `RequirePayment` with another resource than its scope's; leave it \
             out here, or state the same on both",
        ));
    }
    let paid = &passed.paid;
    let is_covered = visit.is_covered_by(&paid.payment);
    match &paid.proof {
        Proof::Mpp { .. } if is_covered => Ok(Presented::Verified(paid.clone())),
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
                && !(*may_be_cached && visit.good_for().is_some_and(GoodFor::is_single_use)) =>
        {
            Ok(Presented::Verified(paid.clone()))
        }
        Proof::Token { token, .. } => {
            // Enough for the scope and, by what the broker read out there, perhaps not for this
            // gate. A broker that repeats what it was asked would say so of every token: it is
            // asked for this gate's price before anybody is asked to pay that.
            Ok(Presented::Token(token.clone(), terms.question(token)))
        }
    }
}
