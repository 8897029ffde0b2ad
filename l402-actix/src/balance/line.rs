//! Where one request's hold is written down, and what is done there when nobody waits for it.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::time::{Instant, sleep, timeout};

use super::store::{Balances, Claim, HoldId, Mark, Portion, Quota, StoreError, StoreFuture};
use crate::{background, notice::Notice};

/// How long a store may take over one step.
pub(super) const STORE_TIMEOUT: Duration = Duration::from_secs(5);

/// The pauses between the tries of a step that failed, from the first to the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// For how long a step is tried again that nobody waits for: what the broker's tokens live.
pub(super) const TRY_FOR: Duration = Duration::from_secs(60 * 60);

static NOT_SETTLED: Notice = Notice::new();
static NOT_DRAWN: Notice = Notice::new();
static NOT_GIVEN_BACK: Notice = Notice::new();

/// One request's, in the store.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) store: Arc<dyn Balances>,
    pub(super) mark: Mark,
    pub(super) id: HoldId,
    pub(super) quota: Quota,
}

impl Line {
    pub(super) async fn draw(&self, portion: Portion) -> Result<(), StoreError> {
        let step = self.store.draw(self.mark, self.id, self.quota, portion);
        if within_time(step).await? { Ok(()) } else { Err(StoreError::Lost) }
    }

    pub(super) async fn hold(&self, amount: u64) -> Result<Claim, StoreError> {
        within_time(self.store.hold(self.mark, self.id, self.quota, amount)).await
    }

    /// What is drawn already stays; a settlement that is lost comes by itself when the lease runs out.
    pub(super) fn settle_in_the_background(self) {
        if self.store.lease().is_none() && is_done_at_once(self.store.settle(self.mark, self.id)) {
            return;
        }
        in_the_background(async move {
            let step = || self.store.settle(self.mark, self.id);
            until_done(step, STORE_TIMEOUT, |_| {}).await;
        });
    }

    /// The same, and what the store has beyond `drawn` does not stay: it was for what was not sent.
    pub(super) fn settle_at_in_the_background(self, drawn: u64) {
        in_the_background(async move {
            let mark = self.mark;
            let step = || self.store.settle_at(mark, self.id, drawn);
            until_done(step, TRY_FOR, |err| {
                if let Some(times) = NOT_SETTLED.due() {
                    tracing::warn!(%mark, times, "cannot settle a stream that was cut off, trying again: {err}");
                }
            })
            .await;
        });
    }

    /// Draws what nobody waits for any more, and settles.
    pub(super) fn draw_in_the_background(self, portion: Portion) {
        if self.store.lease().is_none()
            && is_done_at_once(self.store.draw(self.mark, self.id, self.quota, portion))
        {
            return self.settle_in_the_background();
        }
        in_the_background(async move {
            let mark = self.mark;
            let step = || self.store.draw(mark, self.id, self.quota, portion);
            let failed = |err: &StoreError| {
                if let Some(times) = NOT_DRAWN.due() {
                    tracing::error!(%mark, times, "cannot write down what a request has drawn, trying again: {err}");
                }
            };
            if until_done(step, TRY_FOR, failed).await == Some(true) {
                self.settle_in_the_background();
            } else {
                tracing::error!(%mark, "what a request has drawn could not be written down");
                self.give_back_in_the_background();
            }
        });
    }

    pub(super) fn give_back_in_the_background(self) {
        if self.store.lease().is_none() && is_done_at_once(self.store.give_back(self.mark, self.id))
        {
            return;
        }
        in_the_background(async move {
            let mark = self.mark;
            let step = || self.store.give_back(mark, self.id);
            until_done(step, TRY_FOR, |err| {
                if let Some(times) = NOT_GIVEN_BACK.due() {
                    tracing::warn!(%mark, times, "cannot give back what a request held, trying again: {err}");
                }
            })
            .await;
        });
    }
}

fn in_the_background(work: impl Future<Output = ()> + Send + 'static) {
    if let Err(err) = background::spawn(work) {
        tracing::error!("cannot settle the balance of a payment: {err}");
    }
}

/// Whether a step needs no waiting, as in memory.
fn is_done_at_once<T>(mut step: StoreFuture<'_, T>) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    matches!(step.as_mut().poll(&mut context), Poll::Ready(Ok(_)))
}

/// Tries a step until it works or `at_most` has passed.
pub(super) async fn until_done<'a, T>(
    step: impl Fn() -> StoreFuture<'a, T>,
    at_most: Duration,
    failed: impl Fn(&StoreError),
) -> Option<T> {
    let begun = Instant::now();
    let (mut pause, longest) = PAUSES;
    loop {
        match within_time(step()).await {
            Ok(done) => return Some(done),
            Err(_) if begun.elapsed() >= at_most => return None,
            Err(err) => failed(&err),
        }
        sleep(spread(pause)).await;
        pause = (pause * 2).min(longest);
    }
}

/// Half of it to one and a half, so that what an outage has kept waiting does not come all at once.
fn spread(pause: Duration) -> Duration {
    let mut byte = [128];
    // Without it they do come at once.
    let _ = getrandom::fill(&mut byte);
    pause.mul_f64(0.5 + f64::from(byte[0]) / 255.0)
}

/// When a step has last failed because its store was away.
static LAST_AWAY: Mutex<Option<Instant>> = Mutex::new(None);

/// For how long other processes may still be writing down what they could not write meanwhile: the
/// longest pause, spread, and a step.
const CATCHING_UP: Duration = Duration::from_secs(20);

/// Whether what this process reads of others may still be less than they know.
pub(crate) fn was_away_lately() -> bool {
    let last = LAST_AWAY.lock().unwrap_or_else(PoisonError::into_inner);
    last.is_some_and(|last| last.elapsed() < CATCHING_UP)
}

pub(crate) async fn within_time<T>(step: StoreFuture<'_, T>) -> Result<T, StoreError> {
    let done = in_time(step).await;
    if matches!(done, Err(StoreError::Unreachable(_) | StoreError::NotAsked(_))) {
        *LAST_AWAY.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
    done
}

async fn in_time<T>(mut step: StoreFuture<'_, T>) -> Result<T, StoreError> {
    // In memory there is nothing to wait for, and no timer is set.
    let at_once = poll_fn(|context| Poll::Ready(step.as_mut().poll(context))).await;
    if let Poll::Ready(done) = at_once {
        return done;
    }
    let late = |_| Err(StoreError::unreachable("no answer in time"));
    timeout(STORE_TIMEOUT, step).await.unwrap_or_else(late)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A step that fails, tried for so long: what comes of it, and how many tries that were.
    fn tried_for(at_most: Duration) -> (Option<()>, u32) {
        let tries = Cell::new(0);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let done = runtime.expect("a runtime").block_on(until_done(
            || {
                tries.set(tries.get() + 1);
                Box::pin(async { Err(StoreError::unreachable("told to fail")) })
            },
            at_most,
            |_| {},
        ));
        (done, tries.get())
    }

    #[test]
    fn a_step_that_fails_is_tried_for_so_long_with_ever_longer_pauses() {
        assert_eq!(tried_for(Duration::ZERO), (None, 1));
        let (done, tries) = tried_for(Duration::from_millis(700));
        assert_eq!(done, None);
        // At 0, 100, 300 and 700 milliseconds, each pause half as long to one and a half times.
        assert!((2..=5).contains(&tries), "{tries}");
    }
}
