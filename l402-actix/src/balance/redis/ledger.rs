//! What requests of this process hold in Redis, so that nothing of it is sold to others.

use std::{
    collections::{HashMap, hash_map::Entry as Slot},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::balance::store::{HoldId, Mark, Portion, StoreError};

/// What requests of this process hold. Redis is told of it with each new look and hold on the same
/// payment, so that an outage that lets leases run out never lets this process sell what it holds.
#[derive(Default)]
pub(super) struct Ledger {
    entries: Mutex<Entries>,
    /// How many steps of a request were sent of which nothing was heard: one may yet take effect.
    unheard: Mutex<HashMap<HoldId, u32>>,
}

type Entries = HashMap<Mark, Vec<Entry>>;

struct Entry {
    id: HoldId,
    portion: Portion,
    /// When Redis last said so: before its lease has run out there is no need to say it again.
    heard: Option<Instant>,
    /// It was said again, beside another request's step. That may come after the end of this one, and
    /// must not bring it back then.
    said_again: bool,
}

impl Ledger {
    /// What Redis has to be told again of a payment.
    pub(super) fn of(&self, mark: Mark, lease: Duration) -> Vec<(HoldId, Portion)> {
        let mut entries = self.entries();
        let own = entries.get_mut(&mark).into_iter().flatten();
        own.filter(|entry| entry.heard.is_none_or(|at| at.elapsed() >= lease))
            .map(|entry| {
                entry.said_again = true;
                (entry.id, entry.portion)
            })
            .collect()
    }

    pub(super) fn heard(&self, mark: Mark, id: HoldId, at: Instant) {
        if let Some(holds) = self.entries().get_mut(&mark)
            && let Some(entry) = holds.iter_mut().find(|entry| entry.id == id)
        {
            entry.heard = Some(at);
        }
    }

    pub(super) fn put(&self, mark: Mark, id: HoldId, change: impl FnOnce(&mut Portion)) {
        let mut entries = self.entries();
        let holds = entries.entry(mark).or_default();
        if let Some(entry) = holds.iter_mut().find(|entry| entry.id == id) {
            change(&mut entry.portion);
        } else {
            let mut portion = Portion::default();
            change(&mut portion);
            holds.push(Entry { id, portion, heard: None, said_again: false });
        }
    }

    /// The request holds nothing any more, whatever it has not heard of.
    pub(super) fn end(&self, mark: Mark, id: HoldId) {
        let mut entries = self.entries();
        if let Some(holds) = entries.get_mut(&mark) {
            holds.retain(|entry| entry.id != id);
            if holds.is_empty() {
                entries.remove(&mark);
            }
        }
        drop(entries);
        self.unheard().remove(&id);
    }

    /// A step of this request is sent. Unless it is told of the answer, it may yet take effect.
    pub(super) fn asks(&self, id: HoldId) -> Asked<'_> {
        *self.unheard().entry(id).or_default() += 1;
        Asked { ledger: self, id }
    }

    /// Whether something that was said of this request may yet take effect after its end. So it is taken
    /// where nothing is known of it any more, which is so when its end is said again.
    pub(super) fn is_unsure(&self, mark: Mark, id: HoldId) -> bool {
        let entries = self.entries();
        let own = entries.get(&mark).and_then(|holds| holds.iter().find(|own| own.id == id));
        own.is_none_or(|own| own.said_again) || self.unheard().contains_key(&id)
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unheard(&self) -> MutexGuard<'_, HashMap<HoldId, u32>> {
        self.unheard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A step of which nothing has been heard yet.
pub(super) struct Asked<'a> {
    ledger: &'a Ledger,
    id: HoldId,
}

impl Asked<'_> {
    pub(super) fn answered<T>(self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        if !matches!(answer, Err(StoreError::Unreachable(_))) {
            let mut unheard = self.ledger.unheard();
            if let Slot::Occupied(mut steps) = unheard.entry(self.id) {
                *steps.get_mut() -= 1;
                if *steps.get() == 0 {
                    steps.remove();
                }
            }
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_that_is_said_again_is_as_unsure_as_before() {
        let (ledger, mark, id) =
            (Ledger::default(), Mark::new([1; 32], [2; 32]), HoldId::new([3; 16]));
        let now = Instant::now();
        ledger.put(mark, id, |own| own.held = 1);
        ledger.heard(mark, id, now);
        assert!(!ledger.is_unsure(mark, id));
        // Another request has told Redis of it, and nothing was heard of that.
        assert_eq!(ledger.of(mark, Duration::ZERO).len(), 1);
        assert!(ledger.is_unsure(mark, id));
        ledger.end(mark, id);
        assert!(ledger.is_unsure(mark, id));
    }
}
