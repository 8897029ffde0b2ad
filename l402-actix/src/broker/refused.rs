//! The credentials that the broker has just refused.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use l402_server::{L402Error, Verification};

use crate::{memory::Memory, terms::Question};

/// How long a refusal stands without asking again. Long enough that a client in a loop costs a few
/// calls a minute; short, because what is refused now may be good in a moment: a payment that the
/// broker had not seen yet.
const REMEMBERED_FOR: Duration = Duration::from_secs(5);

/// The same for somebody who has just paid.
const REMEMBERED_OF_JUST_PAID: Duration = Duration::from_secs(1);

/// How many are remembered. The budget lets through fewer in five seconds.
const CAPACITY: usize = 1_000;

/// What the broker, and where it was asked the diagnosis, has made of a credential. Never a
/// failure: that says nothing about the credential.
#[derive(Clone)]
pub(crate) enum Refused {
    /// It is not genuine, as far as that was asked.
    NotGenuine(Verification),
    /// It was minted here for just this, within the last hour, and never accepted: it has just been
    /// paid, and the broker may learn of that in a moment.
    JustPaid(Verification),
    /// It is genuine, and not for this request.
    ForSomethingElse,
    /// The broker could make nothing of it: its 400.
    Malformed(Arc<L402Error>),
}

/// Refusals by the question they answer: without a diagnosis, and with one. Configs that ask for it
/// and configs that do not may share an account, and their answers differ.
#[derive(Default)]
pub(crate) struct RefusedMemory([Memory<(Instant, Refused)>; 2]);

impl RefusedMemory {
    /// The refusal of this question, if it is recent.
    pub(crate) fn recall(&self, question: &Question, diagnosed: bool) -> Option<Refused> {
        let (since, refused) = self.0[usize::from(diagnosed)].get(&question.name())?;
        let remembered_for = match refused {
            Refused::JustPaid(_) => REMEMBERED_OF_JUST_PAID,
            _ => REMEMBERED_FOR,
        };
        (since.elapsed() < remembered_for).then_some(refused)
    }

    pub(crate) fn remember(&self, question: &Question, diagnosed: bool, refused: Refused) {
        // A 400 is no verdict: what stands in front of a broker answers it too, and whoever has paid
        // must not be refused for it a moment later.
        if matches!(refused, Refused::Malformed(_)) {
            return;
        }
        self.0[usize::from(diagnosed)].put(question.name(), (Instant::now(), refused), CAPACITY);
    }
}
