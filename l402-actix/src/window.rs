//! How many calls were made in the last minute, exactly.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// How far back the broker's limit looks.
const MINUTE: Duration = Duration::from_secs(60);

/// The calls of the last minute.
///
/// A list and not a token bucket: a bucket that holds a minute's calls lets them through at once
/// and refills meanwhile, which is up to twice the number within one minute. The broker counts.
#[derive(Debug, Default)]
pub(crate) struct Window(VecDeque<Instant>);

impl Window {
    /// Takes one of `limit` calls in a minute, or says how long until one is free.
    pub(crate) fn take(&mut self, limit: u32, now: Instant) -> Result<(), Duration> {
        while self.0.front().is_some_and(|call| now.duration_since(*call) >= MINUTE) {
            self.0.pop_front();
        }
        let limit = limit as usize;
        if self.0.len() < limit {
            self.0.push_back(now);
            return Ok(());
        }
        // Configs with different limits may share a window; the stricter one waits for longer.
        let frees = self.0.get(self.0.len() - limit).copied().unwrap_or(now);
        Err((frees + MINUTE).duration_since(now))
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
}
