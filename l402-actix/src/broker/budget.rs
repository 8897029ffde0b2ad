//! How many broker calls may be made, and for whom some of them are kept.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use l402_server::L402Error;

use crate::{
    memory::{CAPACITY, Memory},
    observe::{self, Limiter},
    terms::Payer,
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
    /// So many calls in any 60 seconds, at least 2; fewer count as 2.
    ///
    /// A third is for mints, a third for verifying credentials that nobody knows, and a third is
    /// kept for those who have paid, who are never held up: a mint that is sold is a verification
    /// soon after. When they have called more often in the last minute, the others make room for as
    /// much and a tenth of the budget. From nine tenths on nobody new can buy:
    /// [`L402Config::verify_cache`](crate::L402Config::verify_cache) spares most of their calls.
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
///
/// Payers are known by what they ask for and up to the sats that they have paid: a price that floats
/// must make no stranger of whoever has just paid it, and whoever has bought one thing could present
/// its token at a thousand other routes, or a thousand dearer variants of its own.
#[derive(Default)]
pub(crate) struct Budget {
    spent: Mutex<Spent>,
    /// To whom the broker has said yes, and how many sats they are good for. Only a yes gets one in
    /// here, so a flood of garbage drives none out.
    accepted: Memory<u64>,
    /// The payers of recent challenges, and how many sats those were over. Nobody can ask as one
    /// without the preimage, so it has been paid for; without this, a flood of garbage would keep
    /// whoever has just paid from what they have bought.
    awaited: Memory<u64>,
}

#[derive(Default)]
struct Spent {
    mints: Window,
    strangers: Window,
    known: Window,
    mints_rest_until: Option<Instant>,
    refused: u64,
    noticed: Option<Instant>,
}

impl Budget {
    /// Takes a mint out of the budget, or says how long until one is free.
    pub(crate) fn mint(&self, budget: BrokerBudget) -> Result<(), Duration> {
        let BrokerBudget(Some(calls)) = budget else { return Ok(()) };
        let (mut spent, now) = (self.spent(), Instant::now());
        let rest = spent.mints_rest_until.map(|until| until.saturating_duration_since(now));
        if let Some(rest) = rest.filter(|rest| !rest.is_zero()) {
            return Err(spent.refuse(Limiter::BudgetMint, rest, now));
        }
        let share = spent.share(calls, now);
        let taken = spent.mints.take(share, now);
        taken.map_err(|wait| spent.refuse(Limiter::BudgetMint, wait, now))
    }

    /// Takes note of a verification for somebody known, which is never held up here.
    pub(crate) fn known(&self, budget: BrokerBudget) {
        if budget != BrokerBudget::unlimited() {
            self.spent().known.note(Instant::now());
        }
    }

    /// Takes a verification for a stranger out of the budget, or says how long until one is free.
    pub(crate) fn stranger(&self, budget: BrokerBudget) -> Result<(), Duration> {
        self.take_of_strangers(budget, 0)
    }

    /// Takes the diagnosis of a refused credential out of the budget, as of a stranger's. However
    /// small the share is, there is room for one after a refusal: without it a client with a
    /// sibling's token would never hear that it has to buy.
    pub(crate) fn diagnose(&self, budget: BrokerBudget) -> Result<(), Duration> {
        self.take_of_strangers(budget, 2)
    }

    fn take_of_strangers(&self, budget: BrokerBudget, at_least: u32) -> Result<(), Duration> {
        let BrokerBudget(Some(calls)) = budget else { return Ok(()) };
        let (mut spent, now) = (self.spent(), Instant::now());
        let share = spent.share(calls, now).max(at_least);
        let taken = spent.strangers.take(share, now);
        taken.map_err(|wait| spent.refuse(Limiter::BudgetVerify, wait, now))
    }

    /// Whether it is somebody who has paid for this: accepted before, or for a challenge of this
    /// process.
    pub(crate) fn knows(&self, payer: Payer) -> bool {
        [&self.accepted, &self.awaited].into_iter().any(|memory| holds(memory, payer))
    }

    pub(crate) fn accepted(&self, payer: Payer) {
        let before = [&self.accepted, &self.awaited].map(|memory| memory.get(&payer.name));
        let most = before.into_iter().flatten().fold(payer.sats, u64::max);
        self.awaited.forget(&payer.name);
        self.accepted.put(payer.name, most, CAPACITY);
    }

    /// Takes note of a no. Who is awaited stays so: a broker that has not seen the payment yet
    /// says no as well.
    ///
    /// Who asked about more than was paid is known for less, as before.
    pub(crate) fn refused(&self, payer: Payer) {
        if holds(&self.accepted, payer) {
            self.accepted.forget(&payer.name);
        }
    }

    /// Takes note of a payment that is used up.
    pub(crate) fn forget(&self, payer: Payer) {
        self.accepted.forget(&payer.name);
        self.awaited.forget(&payer.name);
    }

    pub(crate) fn await_payer(&self, payer: Payer) {
        self.awaited.with(payer.name, |sats| *sats = payer.sats.max(*sats));
    }

    /// Takes note of a mint that nothing holds up.
    pub(crate) fn note_mint(&self) {
        self.spent().mints.note(Instant::now());
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

fn holds(memory: &Memory<u64>, payer: Payer) -> bool {
    memory.get(&payer.name).is_some_and(|sats| payer.sats <= sats)
}

impl Spent {
    /// How many of the calls mints may take at the moment, and strangers as many.
    fn share(&mut self, calls: u32, now: Instant) -> u32 {
        let kept = self.known.count(now).saturating_add(calls / 10);
        (calls / 3).max(1).min(calls.saturating_sub(kept) / 2)
    }

    /// Says so in the log, but not for each request: a flood must not become a flood of lines.
    fn refuse(&mut self, call: Limiter, wait: Duration, now: Instant) -> Duration {
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
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAYER: Payer = Payer { name: [1; 32], sats: 5 };

    fn taken(take: impl Fn() -> Result<(), Duration>) -> usize {
        (0..1000).filter(|_| take().is_ok()).count()
    }

    fn minted(budget: &Budget, calls: BrokerBudget) -> usize {
        taken(|| budget.mint(calls))
    }

    fn verified(budget: &Budget, calls: BrokerBudget) -> usize {
        taken(|| budget.stranger(calls))
    }

    #[test]
    fn mints_take_a_third_and_strangers_another() {
        for (calls, share) in [(100, 33), (7, 2), (2, 1), (0, 1)] {
            let (budget, calls) = (Budget::default(), BrokerBudget::per_minute(calls));
            assert_eq!(minted(&budget, calls), share, "{calls:?}");
            assert_eq!(verified(&budget, calls), share, "{calls:?}");
        }
        let budget = Budget::default();
        assert_eq!(minted(&budget, BrokerBudget::unlimited()), 1000);
        assert_eq!(verified(&budget, BrokerBudget::unlimited()), 1000);
    }

    #[test]
    fn strangers_make_room_for_payers_who_ask_more() {
        for (known, share) in [(0, 33), (24, 33), (30, 30), (85, 2), (90, 0), (5000, 0)] {
            let (budget, calls) = (Budget::default(), BrokerBudget::per_minute(100));
            for _ in 0..known {
                budget.known(calls);
            }
            assert_eq!(minted(&budget, calls), share, "{known}");
            assert_eq!(verified(&budget, calls), share, "{known}");
        }
    }

    #[test]
    fn a_429_stops_mints_for_as_long_as_it_says_but_not_for_hours() {
        let budget = BrokerBudget::default();
        for (says, at_most) in [(Some(7), 7), (Some(86_400), 60), (None, 60)] {
            let spent = Budget::default();
            let retry_after = says.map(Duration::from_secs);
            spent.heed(&L402Error::RateLimited { retry_after }, budget);
            let wait = spent.mint(budget).expect_err("no mint after a 429");
            assert!(wait <= Duration::from_secs(at_most), "{says:?}: {wait:?}");
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
        spent.accepted(PAYER);
        for number in 0_u64..20_000 {
            let mut name = [0; 32];
            name[..8].copy_from_slice(&number.to_be_bytes());
            spent.await_payer(Payer { name, sats: 5 });
            spent.refused(Payer { name, sats: 5 });
        }
        assert!(spent.knows(PAYER));
        spent.refused(PAYER);
        assert!(!spent.knows(PAYER));
    }

    #[test]
    fn payers_are_known_up_to_what_they_have_paid() {
        let (less, more) = (Payer { sats: 4, ..PAYER }, Payer { sats: 6, ..PAYER });
        let budget = Budget::default();
        budget.await_payer(PAYER);
        for asked in [PAYER, less] {
            assert!(budget.knows(asked) && !budget.knows(more));
            // A no about more than was paid says nothing of that.
            budget.refused(more);
            budget.accepted(asked);
            assert!(budget.knows(PAYER) && !budget.knows(more));
        }
        budget.refused(less);
        assert!(!budget.knows(less));

        budget.await_payer(PAYER);
        budget.await_payer(less);
        assert!(budget.knows(PAYER), "nobody is known for less than before");
    }

    #[test]
    fn a_share_of_one_has_room_for_a_diagnosis() {
        let (budget, calls) = (Budget::default(), BrokerBudget::per_minute(2));
        assert!(budget.stranger(calls).is_ok());
        assert!(budget.diagnose(calls).is_ok());
        assert!(budget.diagnose(calls).is_err());
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
