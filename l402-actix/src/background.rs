//! Threads of our own.
//!
//! A worker of the server stops with the server, and whatever it had begun is dropped: a balance
//! that was about to be given back, a draw that has to be tried again, or the broker's yes to a
//! payment that it takes once. Here it goes on for as long as the process lives. What the merchant
//! wrote has a thread to itself, since it may block it.

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

static STORES: Background = Background::named("l402-stores");
static CALLS: Background = Background::named("l402-broker");
static HOOKS: Background = Background::named("l402-on-payment");

struct Background {
    name: &'static str,
    runtime: Mutex<Option<Handle>>,
}

/// Runs the future of a store to its end, whether or not anybody waits for it. Begun in the order of
/// the calls, but for what is spawned by another such future: that may overtake.
pub(crate) fn spawn<F>(future: F) -> io::Result<JoinHandle<F::Output>>
where
    F: Future<Output: Send> + Send + 'static,
{
    STORES.spawn(future)
}

/// The same for a call to the broker, whose connections must not hold up a store.
pub(crate) fn spawn_call<F>(future: F) -> io::Result<JoinHandle<F::Output>>
where
    F: Future<Output: Send> + Send + 'static,
{
    CALLS.spawn(future)
}

/// The same for a function of the merchant's, which is in nobody's way but its own.
pub(crate) fn spawn_hook<F>(future: F) -> io::Result<JoinHandle<F::Output>>
where
    F: Future<Output: Send> + Send + 'static,
{
    HOOKS.spawn(future)
}

impl Background {
    const fn named(name: &'static str) -> Self {
        Self { name, runtime: Mutex::new(None) }
    }

    fn spawn<F>(&self, future: F) -> io::Result<JoinHandle<F::Output>>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        // Started with the first use: most APIs need none.
        let mut runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        let handle = match &mut *runtime {
            Some(handle) => handle,
            none => none.insert(self.start()?),
        };
        Ok(handle.spawn(future))
    }

    fn start(&self) -> io::Result<Handle> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        thread::Builder::new()
            .name(self.name.to_owned())
            .spawn(move || runtime.block_on(future::pending::<()>()))?;
        Ok(handle)
    }
}
