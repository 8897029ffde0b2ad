//! What a request has in its hand at a gate, as far as that can be told without asking anybody.

use std::{rc::Rc, sync::Arc};

use super::{
    cookie,
    credential::{self, Found},
    echo::Echo,
    paid::Paid,
    told,
    visit::Visit,
};
use crate::{answer::Problem, credential::Credential, payment::Payment, terms::Question};

pub(super) enum Presented {
    Nothing,
    /// A token whose verdict stands, and covers the request.
    Standing(Paid),
    /// What the scope around has verified, and covers this gate.
    Verified(Paid),
    /// What the scope around has taken, once and for all, and this gate does not.
    NotTaken,
    /// A token that has to be verified, and the names of the question that does it.
    Token(Rc<Credential>, Question),
    /// An MPP payment, and what its credential repeats of its challenge.
    Mpp(Rc<Credential>, Echo),
    SeveralPayments,
    /// Several tokens at once, of which the broker verifies one.
    Several,
}

/// In the request's headers.
pub(super) fn presented(visit: &Visit<'_>) -> Presented {
    let own_header = visit.config.answer.credential_header.as_ref();
    let found = credential::find(visit.request.headers(), own_header, visit.config.mpp);
    match found.or_else(|| cookie::find(visit).map(Found::Token)) {
        None => Presented::Nothing,
        Some(Found::Several) => Presented::Several,
        Some(Found::SeveralPayments) => Presented::SeveralPayments,
        Some(Found::UnreadablePayment) => {
            visit.problem.set(Problem::MalformedCredential);
            Presented::Nothing
        }
        Some(Found::Mpp(payment, echo)) => Presented::Mpp(payment, echo),
        Some(Found::Token(token)) => {
            visit.broker.presented(token.payment_hash.as_ref());
            let name = visit.terms().question(&token);
            match standing(visit, &name) {
                Some(payment) => {
                    visit.broker.spared();
                    visit.settled(token.payment_hash);
                    // The request that has brought it about may have gone before it could say so.
                    told::accepted(visit, &name, &payment);
                    Presented::Standing(Paid::by(token, payment, false))
                }
                None => Presented::Token(token, name),
            }
        }
    }
}

/// The payment of a verdict that stands, compared with the request like a new one.
fn standing(visit: &Visit<'_>, name: &Question) -> Option<Arc<Payment>> {
    let payment = visit.broker.standing(name, visit.cache()?)?;
    visit.is_covered_by(&payment).then_some(payment)
}
