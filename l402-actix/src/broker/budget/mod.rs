//! Who may call the broker: whoever has paid first, and strangers as long as they leave enough.
//!
//! A call counts against the client that causes it until it turns out to be worth something: a
//! challenge is paid, a credential is good. So whoever buys is never in the way of others, and
//! whoever asks in vain is in nobody's but its own.

mod call;
mod cap;
mod permit;
mod rules;
mod state;

use std::{sync::Arc, time::Instant};

pub(crate) use call::{Asker, Call, Denied, jittered};
pub use cap::BrokerBudget;
pub(crate) use permit::Permit;
use state::State;

#[cfg(any(test, feature = "redis"))]
use super::places::Places;
use super::places::{Share, SharedPlace};
use crate::key::Key;

/// The calls of one account and who has caused them.
#[derive(Default)]
pub(crate) struct Budget(Arc<State>);

impl Budget {
    /// Lets a call through, or says why not.
    ///
    /// Somebody who has paid has a tenth of the minute by right, and of two such, whoever has called
    /// less goes first; and more while there is more for others too. Strangers go on while they leave
    /// the reserve and twice what they have asked in vain; and a third of the limit, unless they come
    /// with a credential and hardly any is refused.
    pub(crate) fn allow(
        &self,
        budget: BrokerBudget,
        call: Call,
        asker: Asker,
        place: Option<SharedPlace>,
    ) -> Result<Permit, Denied> {
        let allowed = match budget.cap() {
            Some(cap) => rules::allow(&self.0, cap, call, asker, place),
            None => Ok(Permit::without_limit()),
        };
        let has_taken = |permit: &Permit| permit.place().is_some();
        if let Some(SharedPlace::Taken(place)) = place
            && !allowed.as_ref().is_ok_and(has_taken)
        {
            self.0.give_back_elsewhere(place);
        }
        allowed
    }

    /// Of which places at all processes one is to be asked for before a stranger's call; `None` if
    /// there is no limit, or none is to be had by what is known here.
    pub(crate) fn places_for(
        &self,
        budget: BrokerBudget,
        call: Call,
        client: Option<Key>,
    ) -> Option<Share> {
        rules::places_for(&self.0, budget.cap()?, call, client.unwrap_or_default())
    }

    /// Lets what comes to nothing be counted for all processes.
    #[cfg(any(test, feature = "redis"))]
    pub(crate) fn count_with(&self, elsewhere: Arc<dyn Places>) {
        let _ = self.0.elsewhere.set(elsewhere);
    }

    /// Gives back a place that no call has taken.
    pub(crate) fn give_back(&self, place: SharedPlace) {
        if let SharedPlace::Taken(place) = place {
            self.0.give_back_elsewhere(place);
        }
    }

    /// Whether somebody has paid, by what is known here.
    pub(crate) fn knows(&self, payment_hash: &Key) -> bool {
        self.0.payers.holds(payment_hash) || self.0.awaited.holds(payment_hash)
    }

    /// Somebody has paid at another process.
    pub(crate) fn has_paid(&self, payment_hash: Key) {
        self.0.has_paid(payment_hash, Instant::now());
    }

    /// Takes note of a payment that is used up.
    pub(crate) fn used_up(&self, payment_hash: &Key) {
        self.0.payers.forget(payment_hash);
    }
}

#[cfg(test)]
mod tests;
