//! The credentials that the broker has just refused.

use std::time::{Duration, Instant};

use l402_server::Verification;

use super::sales::Known;
use crate::{memory::Memory, terms::Question};

/// How long a refusal stands without asking again. Long enough that a client in a loop costs a few
/// calls a minute; short, because what is refused now may be good in a moment: a payment that the
/// broker had not seen yet.
const REMEMBERED_FOR: Duration = Duration::from_secs(5);

/// The same for somebody who has just paid.
const REMEMBERED_OF_JUST_PAID: Duration = Duration::from_secs(1);

/// How many are remembered. The budget lets through fewer in five seconds.
const CAPACITY: usize = 1_000;

/// A no of the broker's. Never a failure, which says nothing about the credential, and not its 400:
/// what stands in front of a broker answers that too, and whoever has paid must not be refused for it
/// a moment later.
#[derive(Clone)]
pub(crate) struct Refused {
    pub(crate) verdict: Verification,
    /// What was known here when the question was asked. A yes that has come since, to another request,
    /// does not make of this one that the credential *was* good.
    pub(crate) known: Known,
    /// Where it was asked once more: whether the credential is genuine, and for something else.
    pub(crate) is_for_something_else: Option<bool>,
    since: Instant,
}

impl Refused {
    pub(crate) fn now(verdict: Verification, known: Known) -> Self {
        Self { verdict, known, is_for_something_else: None, since: Instant::now() }
    }

    /// Whether it still stands, for somebody who has just paid or for anybody else.
    pub(crate) fn stands(&self, has_just_paid: bool) -> bool {
        let for_ = if has_just_paid { REMEMBERED_OF_JUST_PAID } else { REMEMBERED_FOR };
        self.since.elapsed() < for_
    }
}

/// Refusals by the question they answer.
#[derive(Default)]
pub(crate) struct RefusedMemory(Memory<Refused>);

impl RefusedMemory {
    pub(crate) fn recall(&self, question: &Question) -> Option<Refused> {
        self.0.get(&question.name())
    }

    pub(crate) fn remember(&self, question: &Question, refused: Refused) {
        self.0.put(question.name(), refused, CAPACITY);
    }
}
