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

use super::file::{File, Marks, store_error};
use crate::balance::store::StoreError;

/// How many steps share a transaction at most. Each transaction waits for the disk once.
const BATCH: usize = 256;

/// The writers of this process, by their file: another process's lock and our own look alike.
static WRITERS: LazyLock<Mutex<HashMap<PathBuf, Weak<Writer>>>> = LazyLock::new(Mutex::default);

/// A handle to the thread that writes a file. The last one to go waits until everything that was
/// sent is on the disk, and closes the file.
pub(super) struct Handle(Option<Arc<Writer>>);

impl Handle {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let path = resolved(path).map_err(StoreError::unreachable)?;
        let mut writers = writers();
        if let Some(writer) = writers.get(&path).and_then(Weak::upgrade) {
            return Ok(Self(Some(writer)));
        }
        let file = File::open(path.clone()).map_err(|err| store_error(&Arc::new(err)))?;
        let writer = Arc::new(Writer::start(file).map_err(StoreError::unreachable)?);
        writers.retain(|_, writer| writer.strong_count() > 0);
        writers.insert(path, Arc::downgrade(&writer));
        Ok(Self(Some(writer)))
    }

    /// Has the step done, after those that were sent before. The channel that is returned closes
    /// without an answer if there is no thread any more.
    pub(super) fn send<T: Send + 'static>(
        &self,
        step: impl FnOnce(&mut Marks<'_>) -> redb::Result<T> + Send + 'static,
    ) -> oneshot::Receiver<Result<T, StoreError>> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(Asked { step: Some(step), result: None, answer });
        if let Some(jobs) = self.0.as_ref().and_then(|writer| writer.jobs.as_ref()) {
            // An error drops the job, which closes the channel.
            let _ = jobs.send(job);
        }
        answered
    }
}

impl Clone for Handle {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // Whoever opens the file anew meanwhile waits until it is closed.
        let _writers = writers();
        self.0 = None;
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
    jobs: Option<Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    fn start(file: File) -> io::Result<Self> {
        let (jobs, received) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("l402-spent-file".to_owned())
            .spawn(move || write(file, &received))?;
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

fn write(mut file: File, jobs: &Receiver<Box<dyn Job>>) {
    while let Ok(first) = jobs.recv() {
        let mut batch = vec![first];
        batch.extend(jobs.try_iter().take(BATCH - 1));
        let done = file.change(|marks| batch.iter_mut().try_for_each(|job| job.run(marks)));
        let failure = done.err().map(Arc::new);
        for job in batch {
            job.answer(failure.as_ref().map(store_error));
        }
    }
}

/// A step with its type taken off.
trait Job: Send {
    fn run(&mut self, marks: &mut Marks<'_>) -> redb::Result;

    /// Tells the result, now that it is on the disk, or why it is not.
    fn answer(self: Box<Self>, failure: Option<StoreError>);
}

struct Asked<F, T> {
    step: Option<F>,
    result: Option<T>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Job for Asked<F, T>
where
    F: FnOnce(&mut Marks<'_>) -> redb::Result<T> + Send,
    T: Send,
{
    fn run(&mut self, marks: &mut Marks<'_>) -> redb::Result {
        if let Some(step) = self.step.take() {
            self.result = Some(step(marks)?);
        }
        Ok(())
    }

    fn answer(self: Box<Self>, failure: Option<StoreError>) {
        let result = match (failure, self.result) {
            (None, Some(result)) => Ok(result),
            (Some(failure), _) => Err(failure),
            (None, None) => Err(StoreError::unreachable("the step was not taken")),
        };
        // An error is a request that has given up.
        let _ = self.answer.send(result);
    }
}
