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
    /// What each client has caused that came to nothing, and what was asked in vain with the proof of each
    /// payment that nobody here knows.
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
    /// Of it, what tells of other processes.
    pub(super) typical: Window,
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
    /// Whether the other processes may well see the same: not what one client has asked again and again.
    pub(super) is_typical: bool,
    /// Its name among those of all processes.
    pub(super) shared: Option<u64>,
}

impl Calls {
    fn that_count(&mut self, place: Place) -> impl Iterator<Item = &mut Window> {
        let typical = place.is_typical.then_some(&mut self.typical);
        let refused = (!place.is_mint).then_some(&mut self.refused);
        [Some(&mut self.nothing), typical, refused].into_iter().flatten()
    }
}

impl State {
    pub(super) fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever is known as a payer stays what it is, and who was not has called all the same.
    pub(super) fn has_paid(&self, payment_hash: Key, now: Instant) {
        if !self.payers.holds(&payment_hash) {
            let calls = self.clients.take(&payment_hash).unwrap_or_default();
            self.payers.put(payment_hash, Payer { calls, ..Payer::new(now) }, CAPACITY);
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

    /// The broker has said yes to a call that was begun at this moment.
    pub(super) fn accept(&self, payment_hash: Key, at: Instant) {
        let (is_new, now) = (!self.payers.holds(&payment_hash), Instant::now());
        self.has_paid(payment_hash, now);
        self.payers.change(&payment_hash, |payer| {
            (payer.since, payer.vain) = (now, Window::default());
            if is_new {
                payer.calls.note(at);
            }
        });
    }

    /// A call of a payer's that is not made.
    pub(super) fn take_back(&self, payer: Option<Key>, at: Instant) {
        if let Some(payer) = payer {
            self.payers.change(&payer, |payer| payer.calls.give_back(at));
        }
    }

    pub(super) fn note(&self, calls: &mut Calls, place: Place) {
        for counted in calls.that_count(place) {
            counted.note(place.at);
        }
        self.clients.with(place.client, |own| own.note(place.at));
    }

    pub(super) fn give_back(&self, calls: &mut Calls, place: Place) {
        if let Some(shared) = place.shared {
            self.give_back_elsewhere(shared);
        }
        for counted in calls.that_count(place) {
            counted.give_back(place.at);
        }
        self.clients.with(place.client, |own| own.give_back(place.at));
    }

    pub(super) fn give_back_elsewhere(&self, place: u64) {
        if let Some(elsewhere) = self.elsewhere.get() {
            elsewhere.give_back(place);
        }
    }
}
