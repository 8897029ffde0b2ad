//! What is known about one merchant account, once in each process.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Instant,
};

use l402_server::{Challenge, L402Client};

use super::{
    budget::Budget, checked::time_left, elsewhere::Elsewhere, held::HeldChallenges, once::Taking,
    refused::RefusedMemory, sales::Sales, verdicts::Verdicts,
};
use crate::{
    key::{Key, key, payment_hash},
    memory::{CAPACITY, Memory},
    process,
    window::Window,
};

/// The state that all configs of an account share, whichever worker they were built on.
#[derive(Default)]
pub(crate) struct Account {
    pub(crate) id: Key,
    pub(crate) budget: Budget,
    pub(super) sales: Sales,
    /// The other processes, where a config shares state with them.
    elsewhere: OnceLock<Arc<Elsewhere>>,
    pub(crate) refused: RefusedMemory,
    pub(crate) verdicts: Verdicts,
    /// The payments that the broker takes once, while it is asked.
    pub(super) taking: Taking,
    /// Used only where challenges are reused.
    pub(crate) held: HeldChallenges,
    /// The hashes of accepted payments. Used only with idempotency keys of the merchant's.
    pub(crate) settled: Memory<()>,
    /// Keys of the merchant's, as they are sent, and until when they bring back a paid invoice.
    used_up: Memory<Instant>,
    /// Used only where clients have a limit of their own.
    pub(crate) clients: Memory<Window>,
}

impl Account {
    pub(crate) fn of(client: &L402Client) -> Arc<Self> {
        let id = client.account();
        process::shared(id, || Self { id, ..Self::default() })
    }

    pub(super) fn elsewhere(&self) -> Option<&Arc<Elsewhere>> {
        self.elsewhere.get()
    }

    /// Has all configs of the account share with other processes. The first one says through what.
    #[cfg(feature = "redis")]
    pub(super) fn share(&self, elsewhere: impl FnOnce() -> Elsewhere) {
        let elsewhere = self.elsewhere.get_or_init(|| Arc::new(elsewhere()));
        let places: Arc<Elsewhere> = Arc::clone(elsewhere);
        self.budget.count_with(places);
    }

    /// Whether a challenge has been paid and its payment accepted, here or at another process.
    pub(super) async fn is_settled(&self, challenge: &Challenge) -> bool {
        let Some(hash) = payment_hash(challenge) else { return false };
        if self.settled.holds(&hash) {
            return true;
        }
        match self.elsewhere() {
            Some(elsewhere) => elsewhere.is_accepted(&hash).await,
            None => false,
        }
    }

    /// Whether this idempotency key would bring back an invoice that is paid.
    pub(crate) fn is_used_up(&self, idempotency_key: &str) -> bool {
        let until = self.used_up.get(&key(&[Some(idempotency_key.as_bytes())]));
        until.is_some_and(|until| Instant::now() < until)
    }

    /// Takes note that it brings back nothing that could be sold before this one expires: this is
    /// what it has brought back, already paid, or what was minted in its place.
    pub(crate) fn use_up(&self, idempotency_key: &str, minted: &Challenge) {
        if let Some(left) = time_left(minted) {
            self.used_up_until(idempotency_key, Instant::now() + left);
            if let Some(elsewhere) = self.elsewhere() {
                elsewhere.use_up(idempotency_key, left);
            }
        }
    }

    pub(super) fn used_up_until(&self, idempotency_key: &str, until: Instant) {
        self.used_up.put(key(&[Some(idempotency_key.as_bytes())]), until, CAPACITY);
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").finish_non_exhaustive()
    }
}
