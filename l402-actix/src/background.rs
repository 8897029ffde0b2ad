//! Threads of our own.
//!
//! A worker of the server stops with the server, and whatever it had begun is dropped: a balance
//! that was about to be given back, a draw that has to be tried again, or the broker's yes to a
//! payment that it takes once. Here it goes on for as long as the process lives. What the merchant
//! wrote has a thread to itself, since it may block it.

use std::{
    future::{self, Future},
    io,
    pin::Pin,
    sync::{LazyLock, Mutex, PoisonError},
    thread,
    time::Duration,
};

use tokio::{
    runtime::{Builder, Handle},
    sync::{oneshot, watch},
    time::timeout,
};

static STORES: Background = Background::named("l402-stores");
static CALLS: Background = Background::named("l402-broker");
static HOOKS: Background = Background::named("l402-on-payment");

/// How much of it is still to be done.
static PENDING: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));

/// Waits until everything is done that goes on after its request, for at most `within`; whether it is.
/// For `main`, after the server has stopped.
///
/// A server that stops with grace waits for its clients. It does not wait for what nobody is connected
/// for any more: the broker's answer to an MPP payment whose client has left, a use that has to be
/// written to Redis or given back, [`on_payment`](crate::L402Config::on_payment). Where the process
/// ends before that, an MPP payment is lost and your books miss a payment.
///
/// Half a minute is enough unless the store or the broker is away: a call to the broker takes at most
/// three times the client's timeout. Your process manager has to grant the time before it kills.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// # async fn stop(server: actix_web::dev::Server) -> std::io::Result<()> {
/// server.await?;
/// if !l402_actix::flush(Duration::from_secs(30)).await {
///     log::warn!("the process ends before all payments were written down");
/// }
/// # Ok(())
/// # }
/// ```
pub async fn flush(within: Duration) -> bool {
    let mut pending = PENDING.subscribe();
    timeout(within, pending.wait_for(|pending| *pending == 0)).await.is_ok()
}

/// Something to be done, until it is.
struct Pending;

impl Pending {
    fn begin() -> Self {
        PENDING.send_modify(|pending| *pending += 1);
        Self
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        PENDING.send_modify(|pending| *pending -= 1);
    }
}

struct Background {
    name: &'static str,
    runtime: Mutex<Option<Handle>>,
}

/// Of any type: what a runtime needs for a task is compiled once, and not for each kind of future.
pub(crate) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs the future of a store to its end, whether or not anybody waits for it. Begun in the order of
/// the calls, but for what is spawned by another such future: that may overtake.
pub(crate) fn spawn<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> io::Result<oneshot::Receiver<T>> {
    let (done, is_done) = oneshot::channel();
    STORES.spawn(Box::pin(async move {
        let _ = done.send(future.await);
    }))?;
    Ok(is_done)
}

/// The same for what does nothing by itself, as the renewal of a lease: nobody waits for its end.
pub(crate) fn spawn_idle(task: Task) -> io::Result<()> {
    STORES.runtime()?.spawn(task);
    Ok(())
}

/// The same for a call to the broker, whose connections must not hold up a store.
pub(crate) fn spawn_call(task: Task) -> io::Result<()> {
    CALLS.spawn(task)
}

/// The same for a function of the merchant's, which is in nobody's way but its own.
pub(crate) fn spawn_hook(task: Task) -> io::Result<()> {
    HOOKS.spawn(task)
}

impl Background {
    const fn named(name: &'static str) -> Self {
        Self { name, runtime: Mutex::new(None) }
    }

    fn spawn(&self, task: Task) -> io::Result<()> {
        let pending = Pending::begin();
        let runtime = self.runtime()?;
        let task: Task = Box::pin(async move {
            let _pending = pending;
            task.await;
        });
        runtime.spawn(task);
        Ok(())
    }

    /// Started with the first use: most APIs need none.
    fn runtime(&self) -> io::Result<Handle> {
        let mut runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *runtime {
            Some(handle) => Ok(handle.clone()),
            none => Ok(none.insert(self.start()?).clone()),
        }
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
