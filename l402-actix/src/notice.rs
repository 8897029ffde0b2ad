//! A line of the log that comes once a minute, however often there is reason for it.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use crate::window::MINUTE;

/// When a line was written last, and how often it was not written since.
pub(crate) struct Notice(Mutex<(Option<Instant>, u64)>);

impl Default for Notice {
    fn default() -> Self {
        Self::new()
    }
}

impl Notice {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new((None, 0)))
    }

    /// Whether to write the line now; and then, for how many occasions since the last one.
    pub(crate) fn due(&self) -> Option<u64> {
        self.due_at(Instant::now())
    }

    fn due_at(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, count) = &mut *state;
        *count += 1;
        if last.is_some_and(|last| now.duration_since(last) < MINUTE) {
            return None;
        }
        *last = Some(now);
        Some(std::mem::take(count))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_line_comes_at_once_and_then_once_a_minute_with_how_often() {
        let (notice, begin) = (Notice::default(), Instant::now());
        let at = |seconds| notice.due_at(begin + Duration::from_secs(seconds));
        assert_eq!(at(0), Some(1), "at once");
        assert_eq!([at(1), at(59)], [None, None]);
        assert_eq!(at(60), Some(3));
        assert_eq!(at(61), None);
    }
}
