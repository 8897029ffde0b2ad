//! Where a config has balances written down, for how long, and which answers draw from them.

use std::{
    sync::{Arc, Mutex, Once, OnceLock, PoisonError, Weak},
    time::Duration,
};

use actix_web::http::StatusCode;

use super::{
    memory::MemoryStore,
    probe::probe,
    store::{Balances, DEFAULT_KEPT_FOR, MAX_KEPT_FOR, MIN_KEPT_FOR},
};
#[cfg(feature = "redis")]
use crate::shared::RedisState;
use crate::{key::Key, process};

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    store: Option<Arc<dyn Balances>>,
    /// What is shared with other processes, unless a store is set.
    shared: Option<Arc<dyn Balances>>,
    /// The one of them that is in use, by all clones of the config.
    in_use: Arc<OnceLock<InUse>>,
    #[cfg(feature = "redis")]
    state: Option<RedisState>,
    kept_for: Duration,
    /// Whether an answer of this status draws, below 500.
    pub(crate) draw_on: fn(StatusCode) -> bool,
}

/// A store, and its place, which is the account's for as long as somebody has this.
type InUse = (Arc<dyn Balances>, Arc<String>);

/// Where the balances of an account are, as long as a config is in use that keeps them there.
#[derive(Default)]
struct Place(Mutex<Weak<String>>);

impl Settings {
    pub(crate) fn new() -> Self {
        Self {
            store: None,
            shared: None,
            in_use: Arc::default(),
            #[cfg(feature = "redis")]
            state: None,
            kept_for: DEFAULT_KEPT_FOR,
            draw_on: |_| true,
        }
    }

    pub(crate) fn set_store(&mut self, store: impl Balances, account: Key) {
        self.store = Some(store.shared(account));
        self.in_use = Arc::default();
    }

    #[cfg(feature = "redis")]
    pub(crate) fn share(&mut self, state: RedisState, account: Key) {
        self.state = Some(state.clone());
        self.shared = Some(super::RedisStore::from(state).shared(account));
        self.in_use = Arc::default();
    }

    pub(crate) fn set_kept_for(&mut self, kept_for: Duration) {
        self.kept_for = kept_for.clamp(MIN_KEPT_FOR, MAX_KEPT_FOR);
    }

    /// Where payments to the account are counted.
    ///
    /// # Errors
    ///
    /// If another config counts them elsewhere: they would be worth as much there once more.
    pub(crate) fn store(&self, account: Key) -> Result<Arc<dyn Balances>, &'static str> {
        if let Some((store, _)) = self.in_use.get() {
            return Ok(Arc::clone(store));
        }
        let store = match self.store.as_ref().or(self.shared.as_ref()) {
            Some(store) => Arc::clone(store),
            // Made only where it is needed, so that it does not decide the size of the one that is set.
            None => MemoryStore::new().shared(account),
        };
        let place = process::shared(account, Place::default).take(store.place())?;
        let (store, _) = self.in_use.get_or_init(|| (store, place));
        Ok(Arc::clone(store))
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
        // The default store may never be used, and then it is in nobody's way.
        let is_set = self.store.is_some() || self.shared.is_some();
        if is_set && let Err(fault) = self.store(account) {
            faults.push(fault.to_owned());
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

impl Place {
    fn take(&self, wanted: String) -> Result<Arc<String>, &'static str> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = taken.upgrade() {
            if *taken == wanted {
                return Ok(taken);
            }
            tracing::error!(
                "balances are kept in {taken} by one config, and in {wanted} by another"
            );
            return Err(
                "two configs of one account keep balances in different places, where a payment \
                        would be worth as much twice; give each the same `balances` or `shared_state`",
            );
        }
        let wanted = Arc::new(wanted);
        *taken = Arc::downgrade(&wanted);
        Ok(wanted)
    }
}
