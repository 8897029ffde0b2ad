//! Marks in this process's memory: the default.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    future::ready,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use super::store::{
    Claim, MAX_SPENT_FOR, Mark, ReservationId, SpentTokens, StoreError, StoreFuture,
};
use crate::process;

/// How many marks are kept, unless the store is told otherwise: 100,000, about 20 MB.
///
/// A broker that takes 100 calls a minute, mints and verifications together, sells at most 50
/// tokens a minute; that is 72,000 in the 24 hours for which each counts as spent.
pub const DEFAULT_CAPACITY: usize = 100_000;

/// Spent tokens in memory: fast, bounded, and gone with the process.
///
/// There is one memory for each account in a process, however many configs and workers there are;
/// this is a handle to it. Where several handles of an account name a capacity, the largest holds.
/// An account is an API key and a broker's URL as they are written: configs that sell the same
/// resource for one merchant have to write both alike.
///
/// # Security
///
/// Two processes do not know of each other's marks, and a restart forgets them: tokens that were
/// spent before it can be spent again until they expire. Take `RedbStore` or `RedisStore` where
/// that matters.
#[derive(Clone)]
pub struct MemoryStore {
    capacity: usize,
    marks: Arc<Marks>,
}

impl MemoryStore {
    /// Keeps up to [`DEFAULT_CAPACITY`] marks.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(DEFAULT_CAPACITY)
    }

    /// Keeps up to `capacity` marks, of about 200 bytes each. A token that finds no room is
    /// answered 503, and no mark is dropped for it.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { capacity, marks: Arc::new(Marks::with_capacity(capacity)) }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

impl SpentTokens for MemoryStore {
    fn reserve(&self, mark: Mark, id: ReservationId, lease: Duration) -> StoreFuture<'_, Claim> {
        let claim = self.marks.change(|marks, room| match marks.get(mark) {
            Some(State::Spent(_)) => Ok(Claim::Spent),
            Some(State::Reserved(holder)) if holder != id => Ok(Claim::Busy),
            _ => marks.set(mark, State::Reserved(id), lease, room).map(|()| Claim::Reserved),
        });
        Box::pin(ready(claim))
    }

    fn renew(&self, mark: Mark, id: ReservationId, lease: Duration) -> StoreFuture<'_, bool> {
        let own = [State::Reserved(id)];
        let state = State::Reserved(id);
        Box::pin(ready(
            self.marks.change(|marks, room| marks.replace(mark, &own, state, lease, room)),
        ))
    }

    fn spend(&self, mark: Mark, id: ReservationId, spent_for: Duration) -> StoreFuture<'_, bool> {
        let own = [State::Reserved(id), State::Spent(id)];
        let state = State::Spent(id);
        Box::pin(ready(
            self.marks.change(|marks, room| marks.replace(mark, &own, state, spent_for, room)),
        ))
    }

    fn give_back(&self, mark: Mark, id: ReservationId) -> StoreFuture<'_, ()> {
        self.marks.change(|marks, _| {
            if marks.get(mark) == Some(State::Reserved(id)) {
                marks.remove(mark);
            }
        });
        Box::pin(ready(Ok(())))
    }

    fn look(&self, mark: Mark) -> StoreFuture<'_, Claim> {
        Box::pin(ready(Ok(self.marks.change(|marks, _| match marks.get(mark) {
            Some(State::Spent(_)) => Claim::Spent,
            Some(State::Reserved(_)) => Claim::Busy,
            None => Claim::Reserved,
        }))))
    }

    fn shared(self, account: [u8; 32]) -> Arc<dyn SpentTokens> {
        let marks = process::shared(account, || Marks::with_capacity(self.capacity));
        marks.capacity.fetch_max(self.capacity, Ordering::Relaxed);
        Arc::new(Self { capacity: self.capacity, marks })
    }
}

/// The marks of an account.
struct Marks {
    capacity: AtomicUsize,
    table: Mutex<Table>,
}

impl Marks {
    fn with_capacity(capacity: usize) -> Self {
        Self { capacity: AtomicUsize::new(capacity), table: Mutex::default() }
    }

    /// One atomic step, on marks of which none has run out.
    fn change<T>(&self, step: impl FnOnce(&mut Table, usize) -> T) -> T {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.forget_before(Instant::now());
        step(&mut table, self.capacity.load(Ordering::Relaxed))
    }
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Reserved(ReservationId),
    Spent(ReservationId),
}

#[derive(Default)]
struct Table {
    marks: HashMap<Mark, (State, Instant)>,
    /// The same marks by when they run out, so that forgetting never looks at all of them.
    by_end: BTreeSet<(Instant, Mark)>,
}

impl Table {
    fn get(&self, mark: Mark) -> Option<State> {
        self.marks.get(&mark).map(|(state, _)| *state)
    }

    fn set(
        &mut self,
        mark: Mark,
        state: State,
        lasts: Duration,
        room: usize,
    ) -> Result<(), StoreError> {
        if !self.marks.contains_key(&mark) && self.marks.len() >= room {
            return Err(StoreError::Full);
        }
        self.remove(mark);
        let end = Instant::now() + lasts.min(MAX_SPENT_FOR);
        self.marks.insert(mark, (state, end));
        self.by_end.insert((end, mark));
        Ok(())
    }

    /// Sets the mark if it is unknown or in one of the states that are its own.
    fn replace(
        &mut self,
        mark: Mark,
        own: &[State],
        state: State,
        lasts: Duration,
        room: usize,
    ) -> Result<bool, StoreError> {
        if self.get(mark).is_some_and(|now| !own.contains(&now)) {
            return Ok(false);
        }
        self.set(mark, state, lasts, room).map(|()| true)
    }

    fn remove(&mut self, mark: Mark) {
        if let Some((_, end)) = self.marks.remove(&mark) {
            self.by_end.remove(&(end, mark));
        }
    }

    fn forget_before(&mut self, now: Instant) {
        while let Some((end, mark)) = self.by_end.first().copied()
            && end <= now
        {
            self.remove(mark);
        }
    }
}
