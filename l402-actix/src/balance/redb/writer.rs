//! The thread that writes the file, and the handles to it.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak,
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
};

use tokio::sync::oneshot;

use super::{
    books::{Books, Reply, Step},
    file::File,
};
use crate::balance::store::{Mark, StoreError};

/// How many steps share a transaction at most. Each transaction waits for the disk once.
const BATCH: usize = 256;

/// The writers of this process, by their file: another process's lock and our own look alike.
static WRITERS: LazyLock<Mutex<HashMap<PathBuf, Weak<Writer>>>> = LazyLock::new(Mutex::default);

/// A handle to the thread that writes a file. The last one to go waits until everything that was
/// sent is on the disk, and closes the file.
pub(super) struct Handle {
    writer: Option<Arc<Writer>>,
    path: PathBuf,
}

impl Handle {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let path = resolved(path).map_err(StoreError::unreachable)?;
        let mut writers = writers();
        if let Some(writer) = writers.get(&path).and_then(Weak::upgrade) {
            return Ok(Self { writer: Some(writer), path });
        }
        let books = Books::new(File::open(path.clone())?);
        let writer = Arc::new(Writer::start(books).map_err(StoreError::unreachable)?);
        writers.retain(|_, writer| writer.strong_count() > 0);
        writers.insert(path.clone(), Arc::downgrade(&writer));
        Ok(Self { writer: Some(writer), path })
    }

    /// The file's one name.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Has the step done, after those that were sent before. The channel that is returned closes
    /// without an answer if there is no thread any more.
    pub(super) fn send(
        &self,
        mark: Mark,
        step: Step,
    ) -> oneshot::Receiver<Result<Reply, StoreError>> {
        let (answer, answered) = oneshot::channel();
        if let Some(jobs) = self.writer.as_ref().and_then(|writer| writer.jobs.as_ref()) {
            // An error drops the job, which closes the channel.
            let _ = jobs.send(Job { step: (mark, step), answer });
        }
        answered
    }
}

impl Clone for Handle {
    fn clone(&self) -> Self {
        Self { writer: self.writer.clone(), path: self.path.clone() }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // Whoever opens the file anew meanwhile waits until it is closed.
        let _writers = writers();
        self.writer = None;
    }
}

fn writers() -> MutexGuard<'static, HashMap<PathBuf, Weak<Writer>>> {
    WRITERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One name for one file, also for one that does not exist yet.
fn resolved(path: &Path) -> io::Result<PathBuf> {
    if let Ok(path) = path.canonicalize() {
        return Ok(path);
    }
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    Ok(folder.unwrap_or(Path::new(".")).canonicalize()?.join(name))
}

struct Writer {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    fn start(books: Books) -> io::Result<Self> {
        let (jobs, received) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("l402-balances".to_owned())
            .spawn(move || write(books, &received))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write(mut books: Books, jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let mut batch = vec![first];
        batch.extend(jobs.try_iter().take(BATCH - 1));
        let steps: Vec<_> = batch.iter().map(|job| job.step).collect();
        for (job, outcome) in batch.into_iter().zip(books.take(&steps)) {
            // An error is a request that has given up.
            let _ = job.answer.send(outcome.map_err(|failure| failure.store_error()));
        }
    }
}

/// A step, and whom to tell.
struct Job {
    step: (Mark, Step),
    answer: oneshot::Sender<Result<Reply, StoreError>>,
}
