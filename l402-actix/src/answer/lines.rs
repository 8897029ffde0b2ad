//! Lines of the log about what may fail for each request of an outage.

use std::{fmt, sync::Arc};

use crate::{key::key, memory::Memory, notice::Notice};

/// Of each route and kind one line a minute, with how often there was reason for it; for one config
/// and its clones.
#[derive(Clone, Default)]
pub(super) struct Lines(Arc<Memory<Notice>>);

impl Lines {
    /// Whether to write it now, and then for how many requests.
    pub(super) fn due(&self, about: &str, kind: Option<&str>, route: &str) -> Option<u64> {
        let name = key(&[Some(about.as_bytes()), kind.map(str::as_bytes), Some(route.as_bytes())]);
        self.0.with(name, |notice| notice.due())
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").finish_non_exhaustive()
    }
}
