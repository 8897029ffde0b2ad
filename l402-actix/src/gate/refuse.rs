//! The lines of the list that refuse -> what is answered.

use std::sync::Arc;

use l402_server::{L402Error, Verification};

use super::{list::Line, sell, visit::Visit};
use crate::{
    answer::{OnInvalidToken, Problem, Refusal},
    observe::Why,
};

/// What a token is answered that the broker says no to.
pub(super) async fn by(visit: &Visit<'_>, line: Line, verdict: Verification) -> Refusal {
    let why = match line {
        Line::WasGood => Why::Expired,
        Line::ForSomethingElse => Why::NotCovered,
        Line::Rechallenge | Line::RefusedPayment => Why::InvalidToken,
        Line::JustPaid => {
            let refusal = match visit.problem.get() {
                Problem::PaymentRequired => Refusal::JustPaid(verdict),
                problem => Refusal::RefusedPayment(problem),
            };
            return without_price(visit, refusal);
        }
        // A person can do nothing about a cookie, which is forgotten with this answer.
        Line::Unauthorized | Line::NotGenuine if visit.from_cookie.get() => Why::InvalidToken,
        Line::Unauthorized | Line::NotGenuine => {
            return without_price(visit, Refusal::InvalidToken(verdict));
        }
        // No answer to a no, so that the broker contradicts itself.
        Line::Malformed | Line::Admitted | Line::Contradiction | Line::SecondQuestion => {
            return Refusal::Contradiction;
        }
    };
    sell::challenge_anew(visit, why).await
}

/// In every mode: it is no verdict, and asking for money would not help.
pub(super) fn malformed(visit: &Visit<'_>, err: Arc<L402Error>) -> Refusal {
    without_price(visit, Refusal::Verify(err))
}

fn without_price(visit: &Visit<'_>, refusal: Refusal) -> Refusal {
    sell::end_reuse(visit);
    refusal
}

/// The merchant's own answer in the place of the 401 at the end of the list, where there is one.
pub(super) async fn answer(visit: &Visit<'_>, verdict: Verification) -> Refusal {
    match &visit.config.on_invalid_token {
        OnInvalidToken::Custom(custom) => {
            visit.watch.because(Why::InvalidToken);
            let answer = Box::pin(custom.answer(visit.request, verdict)).await;
            Refusal::ByMerchant(Box::new(answer))
        }
        _ => Refusal::InvalidToken(verdict),
    }
}
