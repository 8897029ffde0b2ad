//! What MPP payments were accepted for: the broker takes each once, so this must not be lost.

use std::{sync::Arc, time::Duration};

use super::{
    step::{STORE_TIMEOUT, TRY_FOR, until_done, within_time},
    store::{Accepted, Balances, Mark, StoreError},
};
use crate::{
    background,
    key::key,
    memory::{CAPACITY, Memory},
    notice::Notice,
    process,
};

static NOT_WRITTEN: Notice = Notice::new();

/// Those that the store does not have yet, and for how long it is to keep them.
#[derive(Default)]
struct Unwritten(Memory<(Accepted, Duration)>);

/// What the payment was accepted for.
pub(crate) async fn accepted(
    store: Arc<dyn Balances>,
    mark: Mark,
) -> Result<Option<Accepted>, StoreError> {
    match unwritten(mark).0.get(&name(mark)) {
        Some((accepted, _)) => Ok(Some(accepted)),
        None => within_time(store.accepted(mark)).await,
    }
}

/// Writes it down. Its payer is served now, whatever becomes of this: what cannot be written is known
/// to this process, and tried again, for as long as the payment could be presented.
pub(crate) async fn accept(
    store: Arc<dyn Balances>,
    mark: Mark,
    accepted: Accepted,
    kept_for: Duration,
) {
    // Before the step, which may be dropped with its request.
    unwritten(mark).0.put(name(mark), (accepted, kept_for), CAPACITY);
    let written = background::spawn(async move {
        let step = || store.accept(mark, accepted, kept_for);
        let failed = |err: &StoreError| {
            if let Some(times) = NOT_WRITTEN.due() {
                tracing::error!(%mark, times, "cannot write down that an MPP payment was accepted, trying again: {err}");
            }
        };
        if until_done(step, TRY_FOR, failed).await.is_some() {
            unwritten(mark).0.forget(&name(mark));
        }
    });
    // No longer than for any other step: this process knows it.
    if let Ok(written) = written {
        let _ = tokio::time::timeout(STORE_TIMEOUT, written).await;
    }
}

/// Writes down what a store that others share does not have yet of a payment, before a hold on it
/// ends: who finds the payment free must not have to ask the broker, which has taken it.
pub(super) async fn written_first(store: &dyn Balances, mark: Mark) -> Result<(), StoreError> {
    if store.lease().is_none() {
        return Ok(());
    }
    let Some((accepted, kept_for)) = unwritten(mark).0.get(&name(mark)) else { return Ok(()) };
    store.accept(mark, accepted, kept_for).await?;
    unwritten(mark).0.forget(&name(mark));
    Ok(())
}

fn unwritten(mark: Mark) -> Arc<Unwritten> {
    process::shared(*mark.account(), Unwritten::default)
}

fn name(mark: Mark) -> [u8; 32] {
    key(&[Some(mark.payment_hash())])
}
