//! Where a config has balances written down, for how long, and which answers draw from them.

use std::{
    sync::{Arc, Once},
    time::Duration,
};

use actix_web::http::StatusCode;

use super::{
    memory::MemoryStore,
    probe::probe,
    store::{Balances, DEFAULT_KEPT_FOR, MAX_KEPT_FOR, MIN_KEPT_FOR},
};
use crate::key::Key;
#[cfg(feature = "redis")]
use crate::shared::RedisState;

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    store: Option<Arc<dyn Balances>>,
    /// What is shared with other processes, unless a store is set.
    shared: Option<Arc<dyn Balances>>,
    #[cfg(feature = "redis")]
    state: Option<RedisState>,
    kept_for: Duration,
    /// Whether an answer of this status draws, below 500.
    pub(crate) draw_on: fn(StatusCode) -> bool,
}

impl Settings {
    pub(crate) fn new() -> Self {
        Self {
            store: None,
            shared: None,
            #[cfg(feature = "redis")]
            state: None,
            kept_for: DEFAULT_KEPT_FOR,
            draw_on: |_| true,
        }
    }

    pub(crate) fn set_store(&mut self, store: impl Balances, account: Key) {
        self.store = Some(store.shared(account));
    }

    #[cfg(feature = "redis")]
    pub(crate) fn share(&mut self, state: RedisState, account: Key) {
        self.state = Some(state.clone());
        self.shared = Some(super::RedisStore::from(state).shared(account));
    }

    pub(crate) fn set_kept_for(&mut self, kept_for: Duration) {
        self.kept_for = kept_for.clamp(MIN_KEPT_FOR, MAX_KEPT_FOR);
    }

    /// The default store is made only where it is needed, so that it does not decide the size of
    /// the one that is set.
    pub(crate) fn store(&self, account: Key) -> Arc<dyn Balances> {
        match self.store.as_ref().or(self.shared.as_ref()) {
            Some(store) => Arc::clone(store),
            None => MemoryStore::new().shared(account),
        }
    }

    /// What is wrong with what is written down and shared, each with what to do.
    pub(crate) async fn faults(&self, account: Key) -> Vec<String> {
        let mut faults = Vec::new();
        #[cfg(feature = "redis")]
        if let Some(state) = &self.state
            && let Err(fault) = state.reached(&account).await
        {
            faults.push(format!(
                "the Redis of `shared_state` cannot be used: {fault}; see that it runs and that its \
                 URL is right"
            ));
        }
        // Where it is the same Redis, it is one fault. The default store needs no look.
        let shared = self.shared.as_ref().filter(|_| faults.is_empty());
        if let Some(store) = self.store.as_ref().or(shared)
            && let Err(err) = probe(Arc::clone(store), account).await
        {
            faults.push(format!(
                "{err}; until that is mended, routes with `uses`, `units` or `single_use` answer 503"
            ));
        }
        faults
    }

    /// Says once what the default store forgets. Tokens of one use are worth less than packs, which may
    /// be hardly begun.
    pub(crate) fn warn_of_memory(&self) {
        static SAID: Once = Once::new();
        if self.store.is_none() && self.shared.is_none() {
            SAID.call_once(|| {
                tracing::warn!(
                    "payments are counted in this process's memory: a restart forgets what was drawn, \
                     and another process does not know of it; see `L402Config::balances`"
                );
            });
        }
    }

    pub(crate) fn kept_for(&self) -> Duration {
        self.kept_for
    }
}
