//! Balances in a file, which survives a restart and a crash.

mod books;
mod clock;
mod file;
mod writer;

use std::{fmt, path::Path, time::Duration};

use self::{
    books::{Reply, Step},
    writer::Handle,
};
use crate::balance::store::{
    Accepted, Balances, Claim, HoldId, Mark, Portion, Quota, StoreError, StoreFuture,
};

/// Balances in a file, for one process at a time; feature `redb`.
///
/// What is drawn has reached the disk before a client is answered, so it survives a restart, a
/// `kill -9` and, as far as the disk is honest, a loss of power. Steps that arrive together share
/// one write. All disk work is done on a thread of the store's own. What requests hold is in memory:
/// a crash frees it.
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
/// # let path = folder.join("balances.redb");
/// # let client = l402_actix::L402Client::new("key")?;
/// let config = L402Config::new(client).balances(RedbStore::open(path)?);
/// # drop(config);
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A file that has gone while the process runs is never made anew: routes with a balance answer 503
/// until it is back. The same for one that cannot be written, such as on a full disk.
///
/// # Security
///
/// Ends are kept by the system's clock: one that is set ahead by a day forgets balances early.
/// Whoever deletes the file while no process has it open, or puts an older copy in its place, makes
/// payments good again that were drawn from, until their tokens expire. The log says when a new file
/// was made.
#[derive(Clone)]
pub struct RedbStore(Handle);

impl RedbStore {
    /// Opens the file, or makes it; its folder has to exist. Blocks on the disk, which is read as a
    /// whole: for start-up.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unreachable`] if it cannot be opened, is not a store, is damaged, or is open in
    /// another process. The text says what to do.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Handle::open(path.as_ref()).map(Self)
    }

    fn step<T: 'static>(
        &self,
        mark: Mark,
        step: Step,
        read: impl FnOnce(Reply) -> Option<T> + Send + 'static,
    ) -> StoreFuture<'_, T> {
        let answer = self.0.send(mark, step);
        Box::pin(async move {
            let reply =
                answer.await.map_err(|_| StoreError::unreachable("its thread has ended"))?;
            read(reply?).ok_or_else(|| StoreError::unreachable("it answered something else"))
        })
    }
}

impl fmt::Debug for RedbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbStore").finish_non_exhaustive()
    }
}

impl Balances for RedbStore {
    fn hold(&self, mark: Mark, id: HoldId, quota: Quota, amount: u64) -> StoreFuture<'_, Claim> {
        self.step(mark, Step::Hold(id, quota, amount), claim)
    }

    fn draw(
        &self,
        mark: Mark,
        id: HoldId,
        quota: Quota,
        portion: Portion,
    ) -> StoreFuture<'_, bool> {
        self.step(mark, Step::Draw(id, quota, portion), done)
    }

    fn settle(&self, mark: Mark, id: HoldId) -> StoreFuture<'_, ()> {
        self.step(mark, Step::Settle(id), |reply| done(reply).map(drop))
    }

    fn give_back(&self, mark: Mark, id: HoldId) -> StoreFuture<'_, ()> {
        self.step(mark, Step::GiveBack(id), |reply| done(reply).map(drop))
    }

    fn look(&self, mark: Mark, quota: Quota) -> StoreFuture<'_, Claim> {
        self.step(mark, Step::Look(quota), claim)
    }

    fn accept(&self, mark: Mark, accepted: Accepted, kept_for: Duration) -> StoreFuture<'_, ()> {
        self.step(mark, Step::Accept(accepted, kept_for), |reply| done(reply).map(drop))
    }

    fn place(&self) -> String {
        self.0.path().display().to_string()
    }

    fn accepted(&self, mark: Mark) -> StoreFuture<'_, Option<Accepted>> {
        self.step(mark, Step::Accepted, |reply| match reply {
            Reply::Accepted(accepted) => Some(accepted),
            _ => None,
        })
    }
}

fn claim(reply: Reply) -> Option<Claim> {
    if let Reply::Claim(claim) = reply { Some(claim) } else { None }
}

fn done(reply: Reply) -> Option<bool> {
    if let Reply::Done(done) = reply { Some(done) } else { None }
}
