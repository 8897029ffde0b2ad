//! A gate within a scope that charges, which is [`RequirePayment`](crate::RequirePayment)'s: one
//! request, one credential, and two prices.

use std::rc::Rc;

use super::{
    paid::{Passed, Proof},
    presented::Presented,
    visit::Visit,
    within::{self, Of, noted},
};
use crate::{answer::Refusal, credential::Credential};

/// Takes the payment that was verified around this gate, if it covers this one too and may be taken
/// by its settings. The broker is asked again only where it has not been asked for as much.
pub(super) fn presented(visit: &Visit<'_>, passed: &Passed) -> Result<Presented, Refusal> {
    let terms = visit.terms();
    // A request carries one token, and a token has one resource and one merchant. What is
    // bought here could never pass the scope, so nobody is asked to buy it.
    if terms.account != &passed.account
        || visit.config.answer.credential_header != passed.own_header
    {
        let fault = Refusal::Misconfigured(
            "a gate under `RequirePayment` with another API key, broker or credential header \
             than its scope's; use one config for both",
        );
        return Err(noted(visit.request, Of::Route, fault));
    }
    if *visit.resource != *passed.resource {
        return Err(within::other_resource(
            visit,
            "a gate under `RequirePayment` with another resource than its scope's; leave it \
             out here, or state the same on both",
        ));
    }
    let paid = &passed.paid;
    let is_covered = visit.is_covered_by(&paid.payment);
    match &paid.proof {
        Proof::Mpp { .. } if is_covered && visit.config.mpp => {
            Ok(Presented::Verified(paid.clone()))
        }
        // It stays good where it is taken. Here a token is asked for, about which the broker can be
        // asked anew: of the next MPP payment it might say no more than of this one.
        Proof::Mpp { .. } => {
            within::refuses_mpp(visit);
            Ok(Presented::NotTaken)
        }
        Proof::Token { token, is_fresh }
            if is_covered
                && passed.terms().include(&terms)
                && (*is_fresh || stands(visit, passed, token)) =>
        {
            Ok(Presented::Verified(paid.clone()))
        }
        Proof::Token { token, .. } => {
            // Enough for the scope and, by what the broker read out there, perhaps not for this
            // gate. A broker that repeats what it was asked would say so of every token: it is
            // asked for this gate's price before anybody is asked to pay that.
            Ok(Presented::Token(Rc::clone(token), terms.question(token)))
        }
    }
}

/// Whether the verdict that was good at the scope stands by this gate's own setting. One use is sold
/// on a verdict of this moment only.
fn stands(visit: &Visit<'_>, passed: &Passed, token: &Credential) -> bool {
    let question = passed.terms().question(token);
    visit.cache().is_some_and(|cache| visit.broker.standing(&question, cache).is_some())
}
