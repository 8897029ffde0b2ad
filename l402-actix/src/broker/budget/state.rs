//! What was called, who has caused it, and who has paid.

use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Instant,
};

use crate::{
    broker::{minute::Minute, payer::Payer, places::Places},
    key::Key,
    memory::{CAPACITY, Memory},
    window::Window,
};

#[derive(Default)]
pub(super) struct State {
    calls: Mutex<Calls>,
    /// What each client has caused that came to nothing.
    pub(super) clients: Memory<Window>,
    /// Those who have paid, by payment hash: the broker has said yes to them, or they have shown the
    /// preimage of a challenge that was minted here. No flood of garbage drives one out.
    pub(super) payers: Memory<Payer>,
    /// The challenges that nobody has paid yet, by payment hash.
    pub(super) awaited: Memory<Place>,
    /// Where what comes to nothing at all processes is counted, if it is.
    pub(super) elsewhere: OnceLock<Arc<dyn Places>>,
}

#[derive(Default)]
pub(super) struct Calls {
    pub(super) minute: Minute,
    /// What all clients have caused that came to nothing.
    pub(super) nothing: Window,
    /// Of it, the questions about credentials.
    pub(super) refused: Window,
    /// When somebody who has paid was let through although nothing was left.
    pub(super) probed: Option<Instant>,
}

/// A call that counts as having come to nothing, until it is given back.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) client: Key,
    pub(super) at: Instant,
    pub(super) is_mint: bool,
    /// Its name among those of all processes.
    pub(super) shared: Option<u64>,
}

impl State {
    pub(super) fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever is known as a payer stays what it is.
    pub(super) fn has_paid(&self, payment_hash: Key, now: Instant) {
        if !self.payers.holds(&payment_hash) {
            self.payers.put(payment_hash, Payer::new(now), CAPACITY);
        }
    }

    /// Who shows the preimage of a challenge of ours has paid for it, whatever the broker knows of it
    /// by now; without this a flood of garbage would keep out whoever has just paid.
    pub(super) fn shown(&self, calls: &mut Calls, payment_hash: Key, now: Instant) {
        if let Some(place) = self.awaited.take(&payment_hash) {
            self.give_back(calls, place);
            self.has_paid(payment_hash, now);
        }
    }

    /// The broker has said yes.
    pub(super) fn accept(&self, payment_hash: Key) {
        let now = Instant::now();
        self.has_paid(payment_hash, now);
        self.payers.change(&payment_hash, |payer| {
            (payer.since, payer.vain) = (now, Window::default());
        });
    }

    /// A call of a payer's that is not made.
    pub(super) fn take_back(&self, payer: Option<Key>, at: Instant) {
        if let Some(payer) = payer {
            self.payers.change(&payer, |payer| payer.calls.give_back(at));
        }
    }

    pub(super) fn note(&self, calls: &mut Calls, Place { client, at, is_mint, .. }: Place) {
        calls.nothing.note(at);
        if !is_mint {
            calls.refused.note(at);
        }
        self.clients.with(client, |own| own.note(at));
    }

    pub(super) fn give_back(
        &self,
        calls: &mut Calls,
        Place { client, at, is_mint, shared }: Place,
    ) {
        if let Some(place) = shared {
            self.give_back_elsewhere(place);
        }
        calls.nothing.give_back(at);
        if !is_mint {
            calls.refused.give_back(at);
        }
        self.clients.with(client, |own| own.give_back(at));
    }

    pub(super) fn give_back_elsewhere(&self, place: u64) {
        if let Some(elsewhere) = self.elsewhere.get() {
            elsewhere.give_back(place);
        }
    }
}
