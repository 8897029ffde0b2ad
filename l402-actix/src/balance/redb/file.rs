//! What stands in the file, and how it is read and changed.

#[cfg(not(windows))]
use std::fs;
use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::Duration,
};

use redb::{
    Database, DatabaseError, Error, ReadableDatabase as _, ReadableTable as _, TableDefinition,
};

use super::clock::Clock;
use crate::balance::store::{Accepted, Kind, Mark, StoreError};

/// A balance in the file: the kind (0 none yet, 1 uses, 2 units), what is drawn, when it runs out in
/// milliseconds since 1970, and what an MPP payment was accepted for: resource, sats, kind, limit,
/// seal.
type Stored = (u8, u64, u64, Option<(&'static [u8; 32], u64, u8, u64, &'static [u8; 32])>);

/// Account and payment hash -> balance.
const BALANCES: TableDefinition<'_, (&[u8; 32], &[u8; 32]), Stored> =
    TableDefinition::new("balances");

/// The same balances by when they run out.
const BY_END: TableDefinition<'_, (u64, &[u8; 32], &[u8; 32]), ()> =
    TableDefinition::new("balances_by_end");

/// How many balances that have run out a transaction forgets at most, so that none takes long.
const FORGET: usize = 512;

/// The file's pages that are kept in memory: 16 MiB. Redb's own default is 1 GiB.
const CACHE_BYTES: usize = 16 * 1024 * 1024;

/// What the file says of a payment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) kind: Option<Kind>,
    pub(super) drawn: u64,
    pub(super) accepted: Option<Accepted>,
}

impl Row {
    fn is_blank(&self) -> bool {
        self.drawn == 0 && self.accepted.is_none()
    }
}

/// The file, which is opened anew after an error: redb refuses one that has failed it. It is never
/// made anew: an empty one would make every payment good again.
pub(super) struct File {
    path: PathBuf,
    identity: Identity,
    database: Option<Database>,
    clock: Clock,
}

impl File {
    /// Opens it, or makes it where there is none, and makes sure that it is a sound store.
    pub(super) fn open(path: PathBuf) -> Result<Self, StoreError> {
        let opened = contained(|| {
            let database = match Database::builder().set_cache_size(CACHE_BYTES).open(&path) {
                Err(DatabaseError::Storage(redb::StorageError::Io(err)))
                    if err.kind() == io::ErrorKind::NotFound =>
                {
                    tracing::info!(path = %path.display(), "made a new store of balances");
                    Database::builder().set_cache_size(CACHE_BYTES).create(&path)?
                }
                Err(err) => return Err(err.into()),
                Ok(mut database) => {
                    if !database.check_integrity()? {
                        tracing::warn!(path = %path.display(), "a store of balances was repaired");
                    }
                    database
                }
            };
            // Written at once, so that a file that cannot be written is found at start-up.
            let transaction = database.begin_write()?;
            transaction.open_table(BALANCES)?;
            transaction.open_table(BY_END)?;
            transaction.commit()?;
            Ok(database)
        });
        match opened {
            Ok(database) => {
                let identity = Identity::of(&path).map_err(StoreError::unreachable)?;
                Ok(Self { path, identity, database: Some(database), clock: Clock::start() })
            }
            Err(Failure::Redb(Error::DatabaseAlreadyOpen)) => {
                Err(StoreError::unreachable("its file is open in another process"))
            }
            Err(failure) => Err(StoreError::unreachable(format!(
                "`{}` cannot be read as a store of balances: {failure}; put back a copy of it, or \
                 move it away, and payments that were drawn from before are good again until their \
                 tokens expire",
                path.display()
            ))),
        }
    }

    pub(super) fn read(&mut self, mark: Mark) -> Result<Option<Row>, Failure> {
        let now = self.clock.now();
        self.with(|database| {
            let table = database.begin_read()?.open_table(BALANCES)?;
            let stored = table.get((mark.account(), mark.payment_hash()))?;
            Ok(stored.and_then(|stored| {
                let (kind, drawn, end, accepted) = stored.value();
                let accepted =
                    accepted.map(|(resource, amount_sats, counts, limit, seal)| Accepted {
                        resource: *resource,
                        amount_sats,
                        counted: kind_of(counts).map(|kind| (kind, limit)),
                        seal: *seal,
                    });
                (end > now).then(|| Row { kind: kind_of(kind), drawn, accepted })
            }))
        })
    }

    /// One transaction. It is on the disk when this returns, all of it or, after an error, perhaps.
    pub(super) fn write(&mut self, rows: &[(Mark, Row, Duration)]) -> Result<(), Failure> {
        let now = self.clock.now();
        let ends: Vec<_> = rows.iter().map(|(.., kept_for)| self.clock.end_of(*kept_for)).collect();
        self.with(|database| {
            let transaction = database.begin_write()?;
            {
                let mut balances = transaction.open_table(BALANCES)?;
                let mut by_end = transaction.open_table(BY_END)?;
                for _ in 0..FORGET {
                    let Some(first) = by_end.first()? else { break };
                    let (end, account, hash) = first.0.value();
                    if end > now {
                        break;
                    }
                    let (account, hash) = (*account, *hash);
                    drop(first);
                    by_end.remove((end, &account, &hash))?;
                    balances.remove((&account, &hash))?;
                }
                for ((mark, row, _), end) in rows.iter().zip(ends) {
                    let (account, hash) = (mark.account(), mark.payment_hash());
                    let before = balances.remove((account, hash))?.map(|stored| stored.value().2);
                    if let Some(end) = before {
                        by_end.remove((end, account, hash))?;
                    }
                    if row.is_blank() {
                        continue;
                    }
                    let accepted = row.accepted.as_ref();
                    let accepted = accepted.map(|accepted| {
                        let (kind, limit) = accepted.counted.unzip();
                        let (kind, limit) = (number(kind), limit.unwrap_or_default());
                        (&accepted.resource, accepted.amount_sats, kind, limit, &accepted.seal)
                    });
                    balances
                        .insert((account, hash), (number(row.kind), row.drawn, end, accepted))?;
                    by_end.insert((end, account, hash), ())?;
                }
            }
            transaction.commit()?;
            Ok(())
        })
    }

    fn with<T>(&mut self, work: impl FnOnce(&Database) -> Result<T, Error>) -> Result<T, Failure> {
        let done = self.try_with(work);
        if done.is_err() {
            self.database = None;
        }
        done
    }

    fn try_with<T>(
        &mut self,
        work: impl FnOnce(&Database) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        // One that was moved away can still be written, and a restart would not find it.
        if Identity::of(&self.path).map_err(|err| Failure::Redb(err.into()))? != self.identity {
            self.database = None;
            return Err(Failure::Replaced);
        }
        let Self { path, database, .. } = self;
        contained(|| {
            let database = match database {
                Some(database) => database,
                none => {
                    let opened = Database::builder().set_cache_size(CACHE_BYTES).open(path)?;
                    none.insert(opened)
                }
            };
            work(database)
        })
    }
}

/// Why the file could not be read or written.
#[derive(Debug, derive_more::Display)]
pub(super) enum Failure {
    Redb(Error),
    #[display("another file has taken its place")]
    Replaced,
    #[display("it is damaged")]
    Damaged,
}

impl Failure {
    pub(super) fn store_error(&self) -> StoreError {
        match self {
            Self::Redb(Error::Io(cause))
                if matches!(
                    cause.kind(),
                    io::ErrorKind::StorageFull
                        | io::ErrorKind::QuotaExceeded
                        | io::ErrorKind::FileTooLarge
                ) =>
            {
                StoreError::Full
            }
            failure => StoreError::unreachable(failure.to_string()),
        }
    }
}

/// Redb panics on some damaged files.
fn contained<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Failure> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done.map_err(Failure::Redb),
        Err(_) => Err(Failure::Damaged),
    }
}

/// Tells a file from another one under the same name. An open file can be moved on Windows too.
#[derive(PartialEq)]
struct Identity(#[cfg(unix)] (u64, u64), #[cfg(windows)] same_file::Handle);

impl Identity {
    #[cfg(unix)]
    fn of(path: &Path) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let file = fs::metadata(path)?;
        Ok(Self((file.dev(), file.ino())))
    }

    #[cfg(windows)]
    fn of(path: &Path) -> io::Result<Self> {
        same_file::Handle::from_path(path).map(Self)
    }

    /// There nobody can tell.
    #[cfg(not(any(unix, windows)))]
    fn of(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|_| Self())
    }
}

fn number(kind: Option<Kind>) -> u8 {
    match kind {
        None => 0,
        Some(Kind::Uses) => 1,
        Some(Kind::Units) => 2,
    }
}

fn kind_of(number: u8) -> Option<Kind> {
    match number {
        1 => Some(Kind::Uses),
        2 => Some(Kind::Units),
        _ => None,
    }
}
