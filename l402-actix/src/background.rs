//! The thread on which stores are asked.
//!
//! A worker of the server stops with the server, and whatever it had begun is dropped: a balance
//! that was about to be given back, or a draw that has to be tried again. Here it goes on for as
//! long as the process lives.

use std::{
    future::{self, Future},
    io,
    sync::{Mutex, PoisonError},
    thread,
};

use tokio::{
    runtime::{Builder, Handle},
    task::JoinHandle,
};

static RUNTIME: Mutex<Option<Handle>> = Mutex::new(None);

/// Runs the future to its end, whether or not anybody waits for it. Begun in the order of the
/// calls.
pub(crate) fn spawn<F>(future: F) -> io::Result<JoinHandle<F::Output>>
where
    F: Future<Output: Send> + Send + 'static,
{
    // Started with the first use: most APIs count no payments.
    let mut runtime = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    let handle = match &mut *runtime {
        Some(handle) => handle,
        none => none.insert(start()?),
    };
    Ok(handle.spawn(future))
}

fn start() -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name("l402-background".to_owned())
        .spawn(move || runtime.block_on(future::pending::<()>()))?;
    Ok(handle)
}
