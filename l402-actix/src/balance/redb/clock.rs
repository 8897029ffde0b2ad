//! When a balance runs out, although clocks step.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The wall clock, which alone outlives the process, and a second one that was set by it once and that
/// no step changes. A machine without a battery starts with a clock that is days behind: when that is put
/// right, what was drawn before must not count as long ago.
#[derive(Debug)]
pub(super) struct Clock {
    begun: Instant,
    wall_then: Duration,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { begun: Instant::now(), wall_then: wall() }
    }

    /// When a balance that is kept for so long from now on runs out, by the later of the two, in
    /// milliseconds since 1970.
    pub(super) fn end_of(&self, kept_for: Duration) -> u64 {
        let now = millis(self.steady().max(wall()));
        now.saturating_add(millis(kept_for))
    }

    /// What has run out by both of them has ended before this.
    pub(super) fn now(&self) -> u64 {
        millis(self.steady().min(wall()))
    }

    fn steady(&self) -> Duration {
        self.wall_then + self.begun.elapsed()
    }
}

fn wall() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
