//! Where a config has spent tokens written down, and for how long.

use std::{sync::Arc, time::Duration};

use super::{
    memory::MemoryStore,
    store::{DEFAULT_SPENT_FOR, MAX_SPENT_FOR, MIN_SPENT_FOR, SpentTokens},
};
use crate::key::Key;

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    store: Option<Arc<dyn SpentTokens>>,
    spent_for: Duration,
}

impl Settings {
    pub(crate) fn new() -> Self {
        Self { store: None, spent_for: DEFAULT_SPENT_FOR }
    }

    pub(crate) fn set_store(&mut self, store: impl SpentTokens, account: Key) {
        self.store = Some(store.shared(account));
    }

    pub(crate) fn set_spent_for(&mut self, spent_for: Duration) {
        self.spent_for = spent_for.clamp(MIN_SPENT_FOR, MAX_SPENT_FOR);
    }

    /// The default store is made only where it is needed, so that it does not decide the size of
    /// the one that is set.
    pub(crate) fn store(&self, account: Key) -> Arc<dyn SpentTokens> {
        match &self.store {
            Some(store) => Arc::clone(store),
            None => MemoryStore::new().shared(account),
        }
    }

    pub(crate) fn spent_for(&self) -> Duration {
        self.spent_for
    }
}
