//! Marks in a file, which survives a restart and a crash.

mod file;
mod writer;

use std::{fmt, path::Path, time::Duration};

use self::{file::Marks, writer::Handle};
use crate::balance::store::{Claim, Mark, ReservationId, SpentTokens, StoreError, StoreFuture};

/// Spent tokens in a file, for one process at a time; feature `spent-redb`.
///
/// What is written has reached the disk before a client is answered, so it survives a restart, a
/// `kill -9` and, as far as the disk is honest, a loss of power. Steps that arrive together share
/// one write. All disk work is done on a thread of the store's own.
///
/// The file may be opened any number of times in one process, so also in the `HttpServer::new`
/// closure, and by one process only. For more of them, or several machines, take `RedisStore`.
///
/// # Examples
///
/// ```
/// use l402_actix::{L402Config, RedbStore};
///
/// # let folder = std::env::temp_dir().join(format!("l402-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("spent.redb");
/// # let client = l402_actix::L402Client::new("key")?;
/// let config = L402Config::new(client).spent_tokens(RedbStore::open(path)?);
/// # drop(config);
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Security
///
/// Ends are kept by the system's clock. One that is set ahead by hours forgets marks early; one
/// that is set back keeps a token busy for as long, if the process was killed while that was in use.
/// Whoever deletes the file, or puts an older copy in its place, makes spent tokens good again
/// until they expire.
#[derive(Clone)]
pub struct RedbStore(Handle);

impl RedbStore {
    /// Opens the file, or makes it; its folder has to exist. Blocks on the disk: for start-up.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unreachable`] if it cannot be opened, is not a store, or is open in another
    /// process.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Handle::open(path.as_ref()).map(Self)
    }

    fn step<T: Send + 'static>(
        &self,
        step: impl FnOnce(&mut Marks<'_>) -> redb::Result<T> + Send + 'static,
    ) -> StoreFuture<'_, T> {
        let answer = self.0.send(step);
        Box::pin(async move {
            answer.await.unwrap_or_else(|_| Err(StoreError::unreachable("its thread has ended")))
        })
    }
}

impl fmt::Debug for RedbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbStore").finish_non_exhaustive()
    }
}

impl SpentTokens for RedbStore {
    fn reserve(&self, mark: Mark, id: ReservationId, lease: Duration) -> StoreFuture<'_, Claim> {
        self.step(move |marks| match marks.get(mark)? {
            Some((true, _)) => Ok(Claim::Spent),
            Some((false, holder)) if holder != id => Ok(Claim::Busy),
            _ => marks.set(mark, false, id, lease).map(|()| Claim::Reserved),
        })
    }

    fn renew(&self, mark: Mark, id: ReservationId, lease: Duration) -> StoreFuture<'_, bool> {
        self.step(move |marks| match marks.get(mark)? {
            Some(state) if state != (false, id) => Ok(false),
            _ => marks.set(mark, false, id, lease).map(|()| true),
        })
    }

    fn spend(&self, mark: Mark, id: ReservationId, spent_for: Duration) -> StoreFuture<'_, bool> {
        self.step(move |marks| match marks.get(mark)? {
            Some((_, holder)) if holder != id => Ok(false),
            _ => marks.set(mark, true, id, spent_for).map(|()| true),
        })
    }

    fn give_back(&self, mark: Mark, id: ReservationId) -> StoreFuture<'_, ()> {
        self.step(move |marks| match marks.get(mark)? {
            Some(state) if state == (false, id) => marks.remove(mark),
            _ => Ok(()),
        })
    }

    fn look(&self, mark: Mark) -> StoreFuture<'_, Claim> {
        self.step(move |marks| {
            Ok(match marks.get(mark)? {
                Some((true, _)) => Claim::Spent,
                Some((false, _)) => Claim::Busy,
                None => Claim::Reserved,
            })
        })
    }
}
