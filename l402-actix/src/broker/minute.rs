//! What is left of the account's minute: by the broker's own count, else by ours.

use std::time::{Duration, Instant};

use l402_server::RateLimit;

use crate::window::{MINUTE, Window};

/// The hosted broker's documented limit for one API key, mint and verify together. Counted here as
/// long as the broker does not say what is left.
const DEFAULT_LIMIT: u32 = 100;

/// What a reply of the broker's has said is left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said {
    limit: u32,
    remaining: u32,
    at: Instant,
    renewed_at: Instant,
}

impl From<RateLimit> for Said {
    fn from(said: RateLimit) -> Self {
        let RateLimit { limit, remaining, reset_after, read_at, .. } = said;
        Self { limit, remaining, at: read_at, renewed_at: read_at + reset_after }
    }
}

/// What may still be called, and of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Default))]
pub(super) struct Left {
    pub(super) limit: u32,
    /// Nothing while the broker wants a rest, and what was left while a first reply is waited for.
    pub(super) calls: u32,
    /// The same without either: for what those who have paid have by right.
    pub(super) for_payers: u32,
    /// When it is worth asking again, if nothing is left.
    pub(super) renewed_in: Duration,
    /// What the account has called in this minute, by all processes, and what this one has of it.
    used: u32,
    own: u32,
}

impl Left {
    /// So many calls are left, of a hundred.
    #[cfg(test)]
    pub(super) fn of_a_hundred(calls: u32) -> Self {
        let (limit, for_payers) = (100, calls);
        Self { limit, calls, for_payers, renewed_in: Duration::ZERO, used: 1, own: 1 }
    }

    /// So many processes have called, each as often as this one.
    #[cfg(test)]
    pub(super) fn at_one_of(self, processes: u32) -> Self {
        Self { used: processes, own: 1, ..self }
    }

    /// What is kept for those who have paid: a tenth.
    pub(super) fn reserve(self) -> u32 {
        self.limit / 10
    }

    /// What all processes have seen of what this one has seen so much of.
    pub(super) fn everywhere(self, here: u32) -> u32 {
        here.saturating_add(self.elsewhere(here))
    }

    /// What the others have seen of what this one has seen so much of. They are not asked, and a
    /// balancer gives each of them about the same.
    pub(super) fn elsewhere(self, here: u32) -> u32 {
        let (others, own) = (self.used.saturating_sub(self.own), u64::from(self.own.max(1)));
        let seen = (u64::from(here) * u64::from(others)).div_ceil(own);
        u32::try_from(seen).unwrap_or(u32::MAX)
    }
}

/// The calls of one account.
#[derive(Debug, Default)]
pub(super) struct Minute {
    said: Option<Said>,
    /// Those of this process.
    calls: Window,
    /// Those that have not been answered. The broker may or may not have counted them.
    under_way: u32,
    /// After a 429 that did not say what is left.
    rests_until: Option<Instant>,
}

impl Minute {
    /// With at most `cap` calls of this process.
    pub(super) fn left(&mut self, cap: u32, now: Instant) -> Left {
        let own = self.calls.count(now);
        let limit = self.said.map_or(DEFAULT_LIMIT, |said| said.limit).min(cap);
        let counted = limit.saturating_sub(own);
        let (mut calls, mut renewed_in) = (counted, self.calls.frees_in(now));
        let (mut for_payers, mut used) = (counted, own);
        if let Some(said) = self.said {
            let by_broker =
                said.remaining.saturating_sub(self.under_way).min(cap.saturating_sub(own));
            if now < said.renewed_at {
                (calls, for_payers) = (by_broker, by_broker);
                used = said.limit.saturating_sub(said.remaining);
                renewed_in = said.renewed_at.duration_since(now);
            } else if self.under_way > 0 && now < said.renewed_at + MINUTE {
                // Whether its window slides is not known: one call goes first, and its reply is
                // read.
                calls = by_broker.min(counted);
                renewed_in = Duration::from_secs(1);
            }
        }
        if let Some(rest) = self.rests_until.and_then(|until| until.checked_duration_since(now))
            && !rest.is_zero()
        {
            (calls, renewed_in) = (0, rest);
        }
        Left { limit, calls, for_payers, renewed_in, used, own }
    }

    pub(super) fn begin(&mut self, now: Instant) {
        self.under_way += 1;
        self.calls.note(now);
    }

    /// A call that was begun at this moment was not made.
    pub(super) fn not_made(&mut self, at: Instant) {
        self.calls.give_back(at);
    }

    /// `said` is what the broker's replies have said last, by whichever call. Whether that is new.
    pub(super) fn end(&mut self, said: Option<Said>) -> bool {
        self.under_way = self.under_way.saturating_sub(1);
        let Some(mut said) = said else { return false };
        if let Some(before) = self.said {
            if said.at <= before.at {
                return false;
            }
            // Of the same minute: replies can overtake each other, and what is gone is gone.
            let (earlier, later) = (before.renewed_at, said.renewed_at);
            if later.saturating_duration_since(earlier) + earlier.saturating_duration_since(later)
                < Duration::from_secs(1)
            {
                said.remaining = said.remaining.min(before.remaining);
                // Or each would be of the same minute as the one before it.
                said.renewed_at = before.renewed_at;
            }
        }
        self.said = Some(said);
        self.rests_until = None;
        true
    }

    /// The broker's own limit is used up, and it did not say for how long; at most a minute, since
    /// it counts by the minute: a longer wait is a clock or a unit that is off.
    pub(super) fn rest(&mut self, retry_after: Option<Duration>, now: Instant) {
        let until = now + retry_after.unwrap_or(MINUTE).min(MINUTE);
        self.rests_until = self.rests_until.max(Some(until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_CAP: u32 = u32::MAX;

    struct At {
        minute: Minute,
        begun: Instant,
    }

    fn said_at(at: Instant, remaining: u32, reset: u64) -> Said {
        Said { limit: 100, remaining, at, renewed_at: at + Duration::from_secs(reset) }
    }

    impl At {
        fn new() -> Self {
            Self { minute: Minute::default(), begun: Instant::now() }
        }

        fn at(&self, seconds: u64) -> Instant {
            self.begun + Duration::from_secs(seconds)
        }

        /// A call whose reply says what is left.
        fn call(&mut self, seconds: u64, said: Option<(u32, u64)>) {
            let now = self.at(seconds);
            self.minute.begin(now);
            self.minute.end(said.map(|(remaining, reset)| said_at(now, remaining, reset)));
        }

        fn left(&mut self, cap: u32, seconds: u64) -> u32 {
            let now = self.at(seconds);
            self.minute.left(cap, now).calls
        }
    }

    #[test]
    fn without_the_brokers_word_a_hundred_calls_of_a_minute_are_counted_here() {
        let mut minute = At::new();
        assert_eq!(minute.left(NO_CAP, 0), 100);
        for _ in 0..30 {
            minute.call(0, None);
        }
        assert_eq!(minute.left(NO_CAP, 59), 70);
        assert_eq!(minute.left(NO_CAP, 60), 100);
    }

    #[test]
    fn the_brokers_word_counts_what_other_processes_have_called() {
        let mut minute = At::new();
        minute.call(0, Some((40, 30)));
        assert_eq!(minute.left(NO_CAP, 1), 40);
        minute.minute.begin(minute.at(1));
        assert_eq!(minute.left(NO_CAP, 1), 39, "one is under way");
        assert_eq!(minute.left(10, 1), 8, "and a cap of one's own");
        minute.minute.end(None);
        assert_eq!(minute.left(NO_CAP, 31), 98, "then counted here, until the broker says more");
    }

    #[test]
    fn the_other_processes_are_taken_to_see_what_this_one_sees() {
        let mut minute = At::new();
        for _ in 0..9 {
            minute.call(0, None);
        }
        assert_eq!(minute.minute.left(NO_CAP, minute.begun).everywhere(6), 6, "nobody else");
        minute.call(0, Some((60, 30)));
        assert_eq!(minute.minute.left(NO_CAP, minute.begun).everywhere(6), 24, "four of them");
    }

    #[test]
    fn an_older_word_does_not_replace_a_newer_one() {
        let mut minute = At::new();
        minute.call(5, Some((40, 30)));
        minute.call(2, Some((70, 30)));
        assert_eq!(minute.left(NO_CAP, 6), 40);
        minute.call(6, Some((41, 29)));
        assert_eq!(minute.left(NO_CAP, 6), 40, "of the same minute");
        minute.call(7, Some((70, 40)));
        assert_eq!(minute.left(NO_CAP, 7), 70);
    }

    #[test]
    fn after_a_minute_one_call_goes_first() {
        let mut minute = At::new();
        minute.call(0, Some((3, 10)));
        assert_eq!(minute.left(NO_CAP, 9), 3);
        assert_eq!(minute.left(NO_CAP, 10), 99);
        minute.minute.begin(minute.at(10));
        assert_eq!(minute.left(NO_CAP, 10), 2, "its reply is waited for");
        assert_eq!(minute.minute.left(NO_CAP, minute.at(10)).for_payers, 98);
        assert_eq!(minute.left(NO_CAP, 71), 100, "but not for ever");
        minute.minute.end(Some(said_at(minute.at(11), 1, 9)));
        assert_eq!(minute.left(NO_CAP, 11), 1, "the window slides");
    }

    #[test]
    fn a_minute_that_the_broker_begins_anew_with_each_reply_ends_all_the_same() {
        let mut minute = At::new();
        minute.call(0, Some((5, 60)));
        let mut left = 5;
        for tenth in 1..40 {
            let now = minute.begun + Duration::from_millis(300 * tenth);
            minute.minute.begin(now);
            minute.minute.end(Some(said_at(now, 90, 60)));
            left = minute.minute.left(NO_CAP, now).calls;
        }
        assert_eq!(left, 90);
    }

    #[test]
    fn a_429_that_says_nothing_else_is_a_rest_of_a_minute_at_most() {
        for (says, rest) in [(Some(7), 7), (Some(86_400), 60), (None, 60)] {
            let mut minute = At::new();
            minute.call(0, None);
            minute.minute.rest(says.map(Duration::from_secs), minute.begun);
            assert_eq!(minute.left(NO_CAP, rest - 1), 0, "{says:?}");
            assert!(minute.left(NO_CAP, rest) > 0, "{says:?}");
        }
        let mut minute = At::new();
        minute.minute.rest(None, minute.begun);
        minute.call(1, Some((50, 20)));
        assert_eq!(minute.left(NO_CAP, 1), 50, "the broker has said more since");
    }
}
