//! What stands in the file, and how it is read and changed.

use std::{
    io,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use redb::{Database, ReadableTable as _, Table, TableDefinition, WriteTransaction};

use crate::balance::store::{Mark, ReservationId, StoreError};

/// Mark -> whether it is spent, by which reservation, and when that runs out, in milliseconds
/// since 1970.
const MARKS: TableDefinition<'_, &[u8; 32], (bool, &[u8; 16], u64)> = TableDefinition::new("marks");

/// The same marks by when they run out.
const BY_END: TableDefinition<'_, (u64, &[u8; 32]), ()> = TableDefinition::new("marks_by_end");

/// How many marks that have run out a transaction forgets at most, so that none takes long.
const FORGET: usize = 512;

/// The file's pages that are kept in memory: 16 MiB. Redb's own default is 1 GiB.
const CACHE_BYTES: usize = 16 * 1024 * 1024;

/// The file, which is opened anew after an error: redb refuses one that has failed it.
pub(super) struct File {
    path: PathBuf,
    database: Option<Database>,
}

impl File {
    /// Opens it and makes sure that it is a store.
    pub(super) fn open(path: PathBuf) -> Result<Self, redb::Error> {
        let mut file = Self { path, database: None };
        file.change(|marks| {
            // Written at once, so that a file that cannot be written is found at start-up.
            marks.changed = true;
            Ok(())
        })?;
        Ok(file)
    }

    /// One transaction. It is on the disk when this returns, all of it or, after an error, nothing.
    pub(super) fn change(
        &mut self,
        steps: impl FnOnce(&mut Marks<'_>) -> redb::Result,
    ) -> Result<(), redb::Error> {
        let done = self.try_change(steps);
        if done.is_err() {
            self.database = None;
        }
        done
    }

    fn try_change(
        &mut self,
        steps: impl FnOnce(&mut Marks<'_>) -> redb::Result,
    ) -> Result<(), redb::Error> {
        let database = match &mut self.database {
            Some(database) => database,
            none => {
                let opened = Database::builder().set_cache_size(CACHE_BYTES).create(&self.path)?;
                none.insert(opened)
            }
        };
        let transaction = database.begin_write()?;
        let mut marks = Marks::open(&transaction)?;
        marks.forget()?;
        steps(&mut marks)?;
        // A token that is busy or spent needs no write, and no wait for the disk.
        let changed = marks.changed;
        drop(marks);
        if changed {
            transaction.commit()?;
        } else {
            transaction.abort()?;
        }
        Ok(())
    }
}

/// The marks, within one transaction.
pub(super) struct Marks<'a> {
    states: Table<'a, &'static [u8; 32], (bool, &'static [u8; 16], u64)>,
    by_end: Table<'a, (u64, &'static [u8; 32]), ()>,
    now: u64,
    changed: bool,
}

impl<'a> Marks<'a> {
    fn open(transaction: &'a WriteTransaction) -> Result<Self, redb::Error> {
        Ok(Self {
            states: transaction.open_table(MARKS)?,
            by_end: transaction.open_table(BY_END)?,
            now: now(),
            changed: false,
        })
    }

    /// Whether the mark is spent, and whose it is; `None` if it is unknown.
    pub(super) fn get(&self, mark: Mark) -> redb::Result<Option<(bool, ReservationId)>> {
        let entry = self.states.get(mark.as_bytes())?;
        Ok(entry.and_then(|entry| {
            let (spent, id, end) = entry.value();
            (end > self.now).then(|| (spent, ReservationId::new(*id)))
        }))
    }

    pub(super) fn set(
        &mut self,
        mark: Mark,
        spent: bool,
        id: ReservationId,
        lasts: Duration,
    ) -> redb::Result {
        self.remove(mark)?;
        let lasts = u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX);
        let end = self.now.saturating_add(lasts);
        self.states.insert(mark.as_bytes(), (spent, id.as_bytes(), end))?;
        self.by_end.insert((end, mark.as_bytes()), ())?;
        self.changed = true;
        Ok(())
    }

    pub(super) fn remove(&mut self, mark: Mark) -> redb::Result {
        let removed = self.states.remove(mark.as_bytes())?;
        if let Some(end) = removed.map(|entry| entry.value().2) {
            self.by_end.remove((end, mark.as_bytes()))?;
            self.changed = true;
        }
        Ok(())
    }

    /// Forgets marks that have run out. Those that are left for the next time count as unknown.
    fn forget(&mut self) -> redb::Result {
        for _ in 0..FORGET {
            let Some((end, mark)) = self.by_end.first()?.map(|(key, _)| {
                let (end, mark) = key.value();
                (end, Mark::new(*mark))
            }) else {
                break;
            };
            if end > self.now {
                break;
            }
            self.remove(mark)?;
        }
        Ok(())
    }
}

/// Milliseconds since 1970: the only clock that goes on over a restart.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A failure, told to each of the requests that shared the transaction.
pub(super) fn store_error(err: &Arc<redb::Error>) -> StoreError {
    match &**err {
        redb::Error::Io(cause)
            if matches!(
                cause.kind(),
                io::ErrorKind::StorageFull
                    | io::ErrorKind::QuotaExceeded
                    | io::ErrorKind::FileTooLarge
            ) =>
        {
            StoreError::Full
        }
        redb::Error::DatabaseAlreadyOpen => {
            StoreError::unreachable("its file is open in another process")
        }
        _ => StoreError::unreachable(Arc::clone(err)),
    }
}
