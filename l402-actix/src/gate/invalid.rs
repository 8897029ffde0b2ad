//! A credential that is not genuine, or that the broker can make nothing of.

use std::sync::Arc;

use l402_server::{L402Error, Verification};

use super::{sell, visit::Visit};
use crate::{
    answer::{OnInvalidToken, Refusal},
    observe::Why,
};

/// 402 or 401, as the config has it.
pub(super) async fn refuse(visit: &Visit<'_>, verdict: Verification) -> Refusal {
    match visit.config.on_invalid_token {
        OnInvalidToken::Rechallenge => sell::challenge_anew(visit, Why::InvalidToken).await,
        // The scope around has found it genuine, and this gate does not ask what it is good for.
        OnInvalidToken::Unauthorized if visit.too_little().is_some() => {
            sell::challenge_anew(visit, Why::NotCovered).await
        }
        _ => {
            sell::end_reuse(visit);
            Refusal::InvalidToken(verdict)
        }
    }
}

/// 401, in every mode: its payment may arrive at the broker in a moment, and another one would not be
/// better.
pub(super) fn just_paid(visit: &Visit<'_>, verdict: Verification) -> Refusal {
    sell::end_reuse(visit);
    Refusal::JustPaid(verdict)
}

/// 401, in every mode: it is no verdict, and asking for money would not help.
pub(super) fn malformed(visit: &Visit<'_>, err: Arc<L402Error>) -> Refusal {
    sell::end_reuse(visit);
    Refusal::Verify(err)
}

/// The merchant's own answer in the place of the 401, where there is one.
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
