//! Balances in this process's memory: the default.

use std::{
    collections::{BTreeSet, HashMap, hash_map::Entry as Slot},
    fmt,
    future::ready,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use foldhash::fast::RandomState;

use super::{
    sheet::Sheet,
    store::{
        Accepted, Balances, Claim, HoldId, MAX_KEPT_FOR, Mark, Portion, Quota, StoreError,
        StoreFuture,
    },
};
use crate::process;

/// How many balances are kept, unless the store is told otherwise: 100,000, about 30 MB.
///
/// A broker that takes 100 calls a minute, mints and verifications together, sells at most 50
/// tokens a minute; that is 72,000 in the 24 hours for which each is kept.
pub const DEFAULT_CAPACITY: usize = 100_000;

/// Balances in memory: fast, bounded, and gone with the process.
///
/// There is one memory for each account in a process, however many configs and workers there are;
/// this is a handle to it. Where several handles of an account name a capacity, the largest holds.
///
/// # Security
///
/// Two processes do not know of each other's balances, and a restart forgets them: what was drawn
/// before it can be drawn again until the token expires. Take `RedbStore` or `RedisStore` where
/// that matters.
#[derive(Clone)]
pub struct MemoryStore {
    capacity: usize,
    sheets: Arc<Sheets>,
}

impl MemoryStore {
    /// Keeps up to [`DEFAULT_CAPACITY`] balances.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(DEFAULT_CAPACITY)
    }

    /// Keeps up to `capacity` balances, of about 300 bytes each. A payment that finds no room is
    /// answered 503, and no other one is dropped for it.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { capacity, sheets: Arc::new(Sheets::with_capacity(capacity)) }
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

impl Balances for MemoryStore {
    fn hold(&self, mark: Mark, id: HoldId, quota: Quota, amount: u64) -> StoreFuture<'_, Claim> {
        let step = |sheet: &mut Sheet| sheet.hold(id, quota, amount);
        Box::pin(ready(self.sheets.change(mark, Keep::WhileOpen, step)))
    }

    fn draw(
        &self,
        mark: Mark,
        id: HoldId,
        quota: Quota,
        portion: Portion,
    ) -> StoreFuture<'_, bool> {
        let step = |sheet: &mut Sheet| sheet.draw(id, quota, portion);
        Box::pin(ready(self.sheets.change(mark, Keep::For(quota.kept_for), step)))
    }

    fn settle(&self, mark: Mark, id: HoldId) -> StoreFuture<'_, ()> {
        Box::pin(ready(self.sheets.change(mark, Keep::AsItIs, |sheet| sheet.settle(id))))
    }

    fn give_back(&self, mark: Mark, id: HoldId) -> StoreFuture<'_, ()> {
        Box::pin(ready(self.sheets.change(mark, Keep::AsItIs, |sheet| sheet.give_back(id))))
    }

    fn look(&self, mark: Mark, quota: Quota) -> StoreFuture<'_, Claim> {
        Box::pin(ready(Ok(self.sheets.read(mark, |sheet| sheet.look(quota)))))
    }

    fn accept(&self, mark: Mark, accepted: Accepted, kept_for: Duration) -> StoreFuture<'_, ()> {
        let step = |sheet: &mut Sheet| sheet.accepted = Some(accepted);
        Box::pin(ready(self.sheets.change(mark, Keep::For(kept_for), step)))
    }

    fn accepted(&self, mark: Mark) -> StoreFuture<'_, Option<Accepted>> {
        Box::pin(ready(Ok(self.sheets.read(mark, |sheet| sheet.accepted))))
    }

    fn place(&self) -> String {
        "memory".to_owned()
    }

    fn shared(self, account: [u8; 32]) -> Arc<dyn Balances> {
        let sheets = process::shared(account, || Sheets::with_capacity(self.capacity));
        sheets.capacity.fetch_max(self.capacity, Ordering::Relaxed);
        Arc::new(Self { capacity: self.capacity, sheets })
    }
}

/// The sheets of an account.
struct Sheets {
    capacity: AtomicUsize,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    sheets: HashMap<Mark, Entry, RandomState>,
    /// Those on which no request runs, by when they run out, so that forgetting never looks at all.
    by_end: BTreeSet<(Instant, Mark)>,
}

struct Entry {
    sheet: Sheet,
    end: Instant,
}

/// How long a step lets a sheet be kept.
#[derive(Clone, Copy)]
enum Keep {
    AsItIs,
    /// One that is new is kept while requests run on it, and longer by what they draw.
    WhileOpen,
    For(Duration),
}

impl Sheets {
    fn with_capacity(capacity: usize) -> Self {
        Self { capacity: AtomicUsize::new(capacity), table: Mutex::default() }
    }

    fn read<T>(&self, mark: Mark, read: impl FnOnce(&Sheet) -> T) -> T {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.forget_before(Instant::now());
        match table.sheets.get(&mark) {
            Some(entry) => read(&entry.sheet),
            None => read(&Sheet::default()),
        }
    }

    /// One atomic step.
    fn change<T>(
        &self,
        mark: Mark,
        keep: Keep,
        step: impl FnOnce(&mut Sheet) -> T,
    ) -> Result<T, StoreError> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        table.forget_before(now);
        let room = self.capacity.load(Ordering::Relaxed);
        let Table { sheets, by_end } = &mut *table;
        let is_full = sheets.len() >= room;
        let entry = match (sheets.entry(mark), keep) {
            (Slot::Occupied(slot), _) => slot.into_mut(),
            (Slot::Vacant(_), Keep::AsItIs) => return Ok(step(&mut Sheet::default())),
            (Slot::Vacant(_), _) if is_full => return Err(StoreError::Full),
            (Slot::Vacant(slot), Keep::WhileOpen | Keep::For(_)) => {
                slot.insert(Entry { sheet: Sheet::default(), end: now })
            }
        };
        if !entry.sheet.is_open() {
            by_end.remove(&(entry.end, mark));
        }
        if let Keep::For(kept_for) = keep {
            entry.end = entry.end.max(now + kept_for.min(MAX_KEPT_FOR));
        }
        let result = step(&mut entry.sheet);
        if entry.sheet.is_blank() {
            sheets.remove(&mark);
        } else if !entry.sheet.is_open() {
            // What requests still run on is never forgotten.
            by_end.insert((entry.end, mark));
        }
        Ok(result)
    }
}

impl Table {
    fn forget_before(&mut self, now: Instant) {
        while let Some((end, mark)) = self.by_end.first().copied()
            && end <= now
        {
            self.by_end.pop_first();
            self.sheets.remove(&mark);
        }
    }
}
