//! How many calls were made in the last minute, exactly.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::memory::CAPACITY;

/// How far back the broker's limit looks.
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// The calls of the last minute.
///
/// A list and not a token bucket: a bucket that holds a minute's calls lets them through at once
/// and refills meanwhile, which is up to twice the number within one minute. The broker counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Window(VecDeque<Instant>);

impl Window {
    /// Takes one of `limit` calls in a minute, or says how long until one is free.
    pub(crate) fn take(&mut self, limit: u32, now: Instant) -> Result<(), Duration> {
        self.forget_before(now);
        let limit = limit as usize;
        if self.0.len() < limit {
            self.0.push_back(now);
            return Ok(());
        }
        // Configs with different limits may share a window; the stricter one waits for longer.
        let frees = self.0.get(self.0.len() - limit).copied().unwrap_or(now);
        Err((frees + MINUTE).duration_since(now))
    }

    /// Takes note of a call that nothing holds up. More than a memory's worth are not told apart.
    pub(crate) fn note(&mut self, now: Instant) {
        self.forget_before(now);
        self.0.push_back(now);
        if self.0.len() > CAPACITY {
            self.0.pop_front();
        }
    }

    /// Takes back a call that was noted at this moment, as if it had not been made.
    pub(crate) fn give_back(&mut self, at: Instant) {
        if let Some(place) = self.0.iter().rposition(|call| *call == at) {
            self.0.remove(place);
        }
    }

    /// How long until the oldest call is a minute old.
    pub(crate) fn frees_in(&self, now: Instant) -> Duration {
        self.0.front().map_or(Duration::ZERO, |first| (*first + MINUTE).duration_since(now))
    }

    /// How long until there are fewer than `limit`.
    pub(crate) fn wait_for(&self, limit: u32, now: Instant) -> Duration {
        let over = self.0.len().saturating_sub(limit as usize);
        self.0.get(over).map_or(Duration::ZERO, |call| (*call + MINUTE).duration_since(now))
    }

    /// The calls of the last minute.
    pub(crate) fn count(&mut self, now: Instant) -> u32 {
        self.forget_before(now);
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    fn forget_before(&mut self, now: Instant) {
        while self.0.front().is_some_and(|call| now.duration_since(*call) >= MINUTE) {
            self.0.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_minute_sees_more_than_the_limit() {
        let (mut window, begin) = (Window::default(), Instant::now());
        let mut taken = Vec::new();
        for tenth in 0..3000 {
            let now = begin + Duration::from_millis(100 * tenth);
            if window.take(5, now).is_ok() {
                taken.push(now);
            }
        }
        assert_eq!(taken.len(), 25, "five in each of five minutes");
        for calls in taken.windows(6) {
            assert!(calls[5] - calls[0] >= MINUTE);
        }
    }

    #[test]
    fn the_wait_is_until_the_oldest_call_is_a_minute_old() {
        let (mut window, begin) = (Window::default(), Instant::now());
        let at = |seconds| begin + Duration::from_secs(seconds);
        assert_eq!(window.take(2, at(0)), Ok(()));
        assert_eq!(window.take(2, at(10)), Ok(()));
        assert_eq!(window.take(2, at(15)), Err(Duration::from_secs(45)));
        assert_eq!(window.take(1, at(15)), Err(Duration::from_secs(55)));
        assert_eq!(window.take(2, at(60)), Ok(()));
        assert_eq!(window.take(2, at(60)), Err(Duration::from_secs(10)));
    }

    #[test]
    fn what_nothing_holds_up_is_counted_for_a_minute_in_bounded_room() {
        let (mut window, begin) = (Window::default(), Instant::now());
        let at = |seconds| begin + Duration::from_secs(seconds);
        for second in 0..10 {
            window.note(at(second));
        }
        assert_eq!(window.count(at(10)), 10);
        assert_eq!(window.count(at(67)), 2);
        assert_eq!(window.take(0, at(67)), Err(Duration::from_secs(60)));
        for _ in 0..2 * CAPACITY {
            window.note(at(67));
        }
        assert_eq!(window.0.len(), CAPACITY);
        window.note(at(200));
        assert_eq!(window.0.len(), 1);
    }
}
