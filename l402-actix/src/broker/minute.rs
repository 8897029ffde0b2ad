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
pub(super) struct Left {
    pub(super) limit: u32,
    pub(super) calls: u32,
    /// When it is worth asking again, if nothing is left.
    pub(super) renewed_in: Duration,
}

impl Left {
    /// What is kept for those who have paid: a tenth.
    pub(super) fn reserve(self) -> u32 {
        self.limit / 10
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
        let mut left = Left { limit, calls: counted, renewed_in: self.calls.frees_in(now) };
        if let Some(said) = self.said {
            let renewed_in = said.renewed_at.saturating_duration_since(now);
            if !renewed_in.is_zero() {
                let by_broker = said.remaining.saturating_sub(self.under_way);
                let by_cap = cap.saturating_sub(own);
                left = Left { calls: by_broker.min(by_cap), renewed_in, ..left };
            } else if said.remaining <= left.reserve() && self.under_way > 0 {
                // It was short, and whether its window slides is not known: one call goes first,
                // and its reply is read.
                left = Left { calls: 0, renewed_in: Duration::from_secs(1), ..left };
            }
        }
        if let Some(rest) = self.rests_until.and_then(|until| until.checked_duration_since(now))
            && !rest.is_zero()
        {
            left = Left { calls: 0, renewed_in: rest, ..left };
        }
        left
    }

    pub(super) fn begin(&mut self, now: Instant) {
        self.under_way += 1;
        self.calls.note(now);
    }

    /// A call that was begun at this moment was not made.
    pub(super) fn not_made(&mut self, at: Instant) {
        self.calls.give_back(at);
    }

    /// `said` is what the broker's replies have said last, by whichever call.
    pub(super) fn end(&mut self, said: Option<Said>) {
        self.under_way = self.under_way.saturating_sub(1);
        let Some(mut said) = said else { return };
        if let Some(before) = self.said {
            if said.at <= before.at {
                return;
            }
            // Of the same minute: replies can overtake each other, and what is gone is gone.
            let (earlier, later) = (before.renewed_at, said.renewed_at);
            if later.saturating_duration_since(earlier) + earlier.saturating_duration_since(later)
                < Duration::from_secs(1)
            {
                said.remaining = said.remaining.min(before.remaining);
            }
        }
        self.said = Some(said);
        self.rests_until = None;
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
    fn after_a_short_minute_one_call_goes_first() {
        let mut minute = At::new();
        minute.call(0, Some((3, 10)));
        assert_eq!(minute.left(NO_CAP, 9), 3);
        assert_eq!(minute.left(NO_CAP, 10), 99);
        minute.minute.begin(minute.at(10));
        assert_eq!(minute.left(NO_CAP, 10), 0, "its reply is waited for");
        let said = said_at(minute.at(11), 1, 9);
        minute.minute.end(Some(said));
        assert_eq!(minute.left(NO_CAP, 11), 1, "the window slides");
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
