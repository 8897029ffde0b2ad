//! How many broker calls may be made, and for whom the last ones are kept.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use l402_server::L402Error;

use crate::{
    error::Refusal,
    key::Key,
    memory::{CAPACITY, Memory},
    observe::{self, Limiter},
    window::Window,
};

/// The hosted broker's documented limit for one API key, mint and verify together.
const DEFAULT_CALLS_PER_MINUTE: u32 = 100;

/// How long mints rest after a 429 at most, and where the broker does not say: its limit counts by
/// the minute, so a longer wait is a clock or a unit that is off.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// How often the log says that the budget is used up.
const NOTICE_INTERVAL: Duration = Duration::from_secs(60);

/// How many calls a minute may be made to the broker; see
/// [`L402Config::broker_budget`](crate::L402Config::broker_budget).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokerBudget(Option<u32>);

impl BrokerBudget {
    /// So many calls in any 60 seconds, at least 2; fewer count as 2. Half of them are for mints,
    /// half for verifying credentials that have not been seen before.
    ///
    /// It counts in this process, for all workers and configs of one account. Where several
    /// processes share an API key, give each its share.
    #[must_use]
    pub const fn per_minute(calls: u32) -> Self {
        Self(Some(if calls < 2 { 2 } else { calls }))
    }

    /// No limit, and no rest for mints after the broker's 429. Whoever asks without paying can then
    /// use up the broker's own limit, and those who have paid are refused with them.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self(None)
    }
}

impl Default for BrokerBudget {
    fn default() -> Self {
        Self::per_minute(DEFAULT_CALLS_PER_MINUTE)
    }
}

/// What is left of an account's budget, and who need not care.
#[derive(Default)]
pub(crate) struct Budget {
    spent: Mutex<Spent>,
    /// Questions that the broker has answered with yes. Only that gets one in here, so a flood of
    /// garbage drives none out.
    accepted: Memory<()>,
    /// The questions that payers of recent challenges will ask. Nobody can ask one without the
    /// preimage, so it has been paid for; without this, a flood of garbage would keep whoever has
    /// just paid from what they have bought.
    awaited: Memory<()>,
}

#[derive(Default)]
struct Spent {
    mints: Window,
    strangers: Window,
    mints_rest_until: Option<Instant>,
    refused: u64,
    noticed: Option<Instant>,
}

impl Budget {
    /// Takes a mint out of the budget.
    pub(crate) fn mint(&self, budget: BrokerBudget) -> Result<(), Refusal> {
        let BrokerBudget(Some(calls)) = budget else { return Ok(()) };
        let (mut spent, now) = (self.spent(), Instant::now());
        let rest = spent.mints_rest_until.map(|until| until.saturating_duration_since(now));
        match rest.filter(|rest| !rest.is_zero()) {
            Some(rest) => Err(spent.refuse(Limiter::BudgetMint, rest, now)),
            None => spent
                .mints
                .take(calls / 2, now)
                .map_err(|wait| spent.refuse(Limiter::BudgetMint, wait, now)),
        }
    }

    /// Takes a verification of an unknown credential out of the budget.
    pub(crate) fn stranger(&self, budget: BrokerBudget) -> Result<(), Refusal> {
        let BrokerBudget(Some(calls)) = budget else { return Ok(()) };
        let (mut spent, now) = (self.spent(), Instant::now());
        let taken = spent.strangers.take(calls - calls / 2, now);
        taken.map_err(|wait| spent.refuse(Limiter::BudgetVerify, wait, now))
    }

    /// Whether the question is one that is never held up: accepted before, or of somebody who has
    /// paid a challenge of this process.
    ///
    /// By question and not by token: whoever has bought one token could otherwise present it at a
    /// thousand other routes.
    pub(crate) fn knows(&self, question: &Key) -> bool {
        self.accepted.holds(question) || self.awaited.holds(question)
    }

    pub(crate) fn accepted(&self, question: Key) {
        self.awaited.forget(&question);
        self.accepted.put(question, (), CAPACITY);
    }

    /// Takes note of a no. Who is awaited stays so: a broker that has not seen the payment yet
    /// says no as well.
    pub(crate) fn refused(&self, question: &Key) {
        self.accepted.forget(question);
    }

    /// Takes note of a payment that is used up.
    pub(crate) fn forget(&self, question: &Key) {
        self.accepted.forget(question);
        self.awaited.forget(question);
    }

    pub(crate) fn await_payer(&self, question: Key) {
        self.awaited.put(question, (), CAPACITY);
    }

    /// Lets mints rest when the broker's own limit is used up, so that those who have paid get what
    /// is left of it.
    pub(crate) fn heed(&self, err: &L402Error, budget: BrokerBudget) {
        if budget == BrokerBudget::unlimited() {
            return;
        }
        if let L402Error::RateLimited { retry_after } = err {
            let rest = retry_after.unwrap_or(MAX_PAUSE).min(MAX_PAUSE);
            let until = Instant::now() + rest;
            let mut spent = self.spent();
            spent.mints_rest_until = spent.mints_rest_until.max(Some(until));
        }
    }

    fn spent(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Spent {
    /// Says so in the log, but not for each request: a flood must not become a flood of lines.
    fn refuse(&mut self, call: Limiter, retry_after: Duration, now: Instant) -> Refusal {
        observe::limited(call);
        self.refused += 1;
        if self.noticed.is_none_or(|noticed| now.duration_since(noticed) >= NOTICE_INTERVAL) {
            tracing::warn!(
                kind = "over_budget",
                limiter = call.name(),
                refused = self.refused,
                "the budget of broker calls is used up; requests are answered 503 until a call is \
                 free"
            );
            self.noticed = Some(now);
            self.refused = 0;
        }
        Refusal::OverBudget { retry_after }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(take: impl Fn() -> Result<(), Refusal>) -> usize {
        (0..1000).filter(|_| take().is_ok()).count()
    }

    #[test]
    fn mints_take_one_half_and_unknown_credentials_the_other() {
        for (calls, mints, strangers) in [(100, 50, 50), (7, 3, 4), (2, 1, 1), (0, 1, 1)] {
            let (spent, budget) = (Budget::default(), BrokerBudget::per_minute(calls));
            assert_eq!(taken(|| spent.mint(budget)), mints, "{calls}");
            assert_eq!(taken(|| spent.stranger(budget)), strangers, "{calls}");
        }
        let spent = Budget::default();
        assert_eq!(taken(|| spent.mint(BrokerBudget::unlimited())), 1000);
        assert_eq!(taken(|| spent.stranger(BrokerBudget::unlimited())), 1000);
    }

    #[test]
    fn a_429_stops_mints_for_as_long_as_it_says_but_not_for_hours() {
        let budget = BrokerBudget::default();
        for (says, at_most) in [(Some(7), 7), (Some(86_400), 60), (None, 60)] {
            let spent = Budget::default();
            let retry_after = says.map(Duration::from_secs);
            spent.heed(&L402Error::RateLimited { retry_after }, budget);
            let Err(Refusal::OverBudget { retry_after }) = spent.mint(budget) else {
                panic!("minted after a 429");
            };
            assert!(retry_after <= Duration::from_secs(at_most), "{says:?}: {retry_after:?}");
            assert!(spent.stranger(budget).is_ok(), "verifies go on");
            assert!(spent.mint(BrokerBudget::unlimited()).is_ok());
        }
        let spent = Budget::default();
        spent.heed(&L402Error::Timeout, budget);
        assert!(spent.mint(budget).is_ok());
    }

    #[test]
    fn garbage_drives_no_accepted_credential_out() {
        let spent = Budget::default();
        spent.accepted([1; 32]);
        for number in 0_u64..20_000 {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&number.to_be_bytes());
            spent.await_payer(key);
            spent.refused(&key);
        }
        assert!(spent.knows(&[1; 32]));
        spent.refused(&[1; 32]);
        assert!(!spent.knows(&[1; 32]));
    }

    #[test]
    fn the_log_says_so_once_a_minute_and_how_often() {
        let (mut spent, begin) = (Spent::default(), Instant::now());
        let mut at = |seconds| {
            let now = begin + Duration::from_secs(seconds);
            spent.refuse(Limiter::BudgetMint, Duration::ZERO, now);
            (spent.noticed, spent.refused)
        };
        assert_eq!(at(0), (Some(begin), 0), "at once");
        assert_eq!(at(1), (Some(begin), 1));
        assert_eq!(at(59), (Some(begin), 2));
        let minute_later = begin + Duration::from_secs(60);
        assert_eq!(at(60), (Some(minute_later), 0));
    }
}
