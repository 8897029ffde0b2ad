//! What is known about one merchant account, once in each process.

use std::{fmt, sync::Arc, time::Instant};

use l402_server::{Challenge, L402Client};

use super::{
    budget::Budget, checked::time_left, held::HeldChallenges, refused::RefusedMemory, sales::Sales,
    verdicts::Verdicts,
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
    pub(crate) refused: RefusedMemory,
    pub(crate) verdicts: Verdicts,
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

    /// Whether a challenge has been paid and its payment accepted.
    pub(crate) fn is_settled(&self, challenge: &Challenge) -> bool {
        payment_hash(challenge).is_some_and(|hash| self.settled.holds(&hash))
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
            let name = key(&[Some(idempotency_key.as_bytes())]);
            self.used_up.put(name, Instant::now() + left, CAPACITY);
        }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").finish_non_exhaustive()
    }
}
