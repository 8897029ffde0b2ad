//! Chance by a seed, so that a run can be asked for again.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// By `SplitMix64`.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// For a run that nobody has named a seed for.
    pub(crate) fn seed() -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::from(now.subsec_micros())
    }

    /// Another one, for somebody else.
    pub(crate) fn split(&mut self) -> Self {
        Self(self.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    pub(crate) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or_default()
    }

    pub(crate) fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// Between the two; as often below ten times the shortest as above it.
    pub(crate) fn time(&mut self, shortest: Duration, longest: Duration) -> Duration {
        let mut time = shortest;
        while time < longest && !self.one_in(3) {
            time *= 2;
        }
        let spread = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        time.min(longest).saturating_sub(Duration::from_millis(self.below(spread / 2 + 1)))
    }
}
