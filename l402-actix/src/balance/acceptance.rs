//! What MPP payments were accepted for: the broker takes each once, so this must not be lost.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::{
    step::{STORE_TIMEOUT, TRY_FOR, until_done, within_time},
    store::{Accepted, Balances, Mark, StoreError, StoreFuture},
};
use crate::{
    background,
    key::{Key, key},
    memory::{CAPACITY, Memory},
    notice::Notice,
    process,
};

static NOT_WRITTEN: Notice = Notice::new();

/// The last word on each payment whose last word the store does not have yet.
#[derive(Default)]
struct Unwritten(Memory<Arc<Word>>);

/// What one gate says of a payment.
struct Word {
    accepted: Accepted,
    /// How long the store is to keep it.
    kept_for: Duration,
    /// The store has it, or another gate has said more since.
    is_over: AtomicBool,
}

impl Word {
    fn write<'a>(self: &'a Arc<Self>, store: &'a dyn Balances, mark: Mark) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            if !self.is_over.load(Ordering::Acquire) {
                store.accept(mark, self.accepted, self.kept_for).await?;
                self.is_over.store(true, Ordering::Release);
                unwritten(mark).0.forget_if(&name(mark), |last| Arc::ptr_eq(last, self));
            }
            Ok(())
        })
    }
}

/// What the payment was accepted for.
pub(crate) async fn accepted(
    store: Arc<dyn Balances>,
    mark: Mark,
) -> Result<Option<Accepted>, StoreError> {
    match unwritten(mark).0.get(&name(mark)) {
        Some(word) => Ok(Some(word.accepted)),
        None => within_time(store.accepted(mark)).await,
    }
}

/// Writes it down. What cannot be written is known to this process, which serves it at a store of its
/// own, and tried again, for as long as the payment could be presented.
pub(crate) async fn accept(
    store: Arc<dyn Balances>,
    mark: Mark,
    accepted: Accepted,
    kept_for: Duration,
) {
    let word = Arc::new(Word { accepted, kept_for, is_over: AtomicBool::new(false) });
    // Before the step, which may be dropped with its request.
    let unwritten = unwritten(mark);
    let before = unwritten.0.get(&name(mark));
    unwritten.0.put(name(mark), Arc::clone(&word), CAPACITY);
    if let Some(before) = before {
        // That is tried again for long, and must not come after this.
        before.is_over.store(true, Ordering::Release);
    }
    let written = background::spawn(async move {
        let step = || word.write(&*store, mark);
        let failed = |err: &StoreError| {
            if let Some(times) = NOT_WRITTEN.due() {
                tracing::error!(%mark, times, "cannot write down that an MPP payment was accepted, trying again: {err}");
            }
        };
        until_done(step, TRY_FOR, failed).await;
    });
    // No longer than for any other step: this process knows it.
    if let Ok(written) = written {
        let _ = tokio::time::timeout(STORE_TIMEOUT, written).await;
    }
}

/// Writes down what a store that others share does not have yet of a payment, before it is drawn from
/// and before a hold on it ends: who finds it so must not have to ask the broker, which has taken it.
pub(super) async fn written_first(store: &dyn Balances, mark: Mark) -> Result<(), StoreError> {
    if store.lease().is_none() {
        return Ok(());
    }
    match unwritten(mark).0.get(&name(mark)) {
        Some(word) => word.write(store, mark).await,
        None => Ok(()),
    }
}

fn unwritten(mark: Mark) -> Arc<Unwritten> {
    process::shared(*mark.account(), Unwritten::default)
}

fn name(mark: Mark) -> Key {
    key(&[Some(mark.payment_hash())])
}
