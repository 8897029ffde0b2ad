//! One step at a store: how long it may take and how often it is tried.

use std::{
    future::poll_fn,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::time::{Instant, sleep, timeout};

use super::store::{StoreError, StoreFuture};

/// How long a store may take over one step.
pub(super) const STORE_TIMEOUT: Duration = Duration::from_secs(5);

/// The pauses between the tries of a step that failed, from the first to the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// For how long a step is tried again that nobody waits for: what the broker's tokens live.
pub(super) const TRY_FOR: Duration = Duration::from_secs(60 * 60);

/// Whether a step needs no waiting, as in memory.
pub(super) fn is_done_at_once<T>(mut step: StoreFuture<'_, T>) -> bool {
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

pub(crate) async fn within_time<T>(mut step: StoreFuture<'_, T>) -> Result<T, StoreError> {
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
