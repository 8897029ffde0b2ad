//! Lines of the log about what may go wrong for each request that anybody makes.

use std::{
    fmt,
    sync::{Arc, LazyLock},
};

use crate::{key::key, memory::Memory, notice::Notice};

/// Of each route and kind one line a minute, with how often there was reason for it; for one config
/// and its clones, or [`of_the_process`](Self::of_the_process).
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Memory<Notice>>);

impl Lines {
    /// For what no config is known to.
    pub(crate) fn of_the_process() -> &'static Self {
        static LINES: LazyLock<Lines> = LazyLock::new(Lines::default);
        &LINES
    }

    /// Whether to write it now, and then for how many requests.
    pub(crate) fn due(&self, about: &str, kind: Option<&str>, route: &str) -> Option<u64> {
        let name = key(&[Some(about.as_bytes()), kind.map(str::as_bytes), Some(route.as_bytes())]);
        self.0.with(name, |notice| notice.due())
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").finish_non_exhaustive()
    }
}
