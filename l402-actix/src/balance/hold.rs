//! One request's hold on a payment: hold, draw, and in the end settle or give back.
//!
//! ```text
//! request                        store
//! Hold::make    ------------->   hold
//! extract, call the handler      renew, each third of a lease, where the store has one
//! answered      ------------->   draw; the answer is sent only if that is written down
//!     answer                     settle
//! ```
//!
//! A request can be dropped at any point; then what becomes of its hold is done in the background.

use std::{
    sync::{Arc, Weak},
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use actix_web::http::{Method, StatusCode};
use tokio::time::{Instant, sleep, timeout};

use super::{
    portion::{Balance, Shared},
    store::{Balances, Claim, HoldId, Kind, Mark, Portion, Quota, StoreError, StoreFuture},
};
use crate::background;

/// How long a store may take over one step.
const STORE_TIMEOUT: Duration = Duration::from_secs(5);

/// The pauses between the tries of a step that failed, from the first to the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// For how long a step is tried again that nobody waits for: what the broker's tokens live.
const TRY_FOR: Duration = Duration::from_secs(60 * 60);

/// Keeps a store that names a lease of nothing from being asked without a pause.
const MIN_RENEWAL: Duration = Duration::from_millis(50);

/// What became of the attempt to hold.
pub(crate) enum Claimed {
    Held(Hold),
    Busy,
    UsedUp,
    OtherKind,
}

/// What this request holds of a payment.
///
/// Dropped before the handler was called, or by a panic, it is given back. Dropped after that, the
/// client has gone away from a handler that may have had its effects: then a use is drawn, or one
/// payment would buy them for ever, and of units what the handler has drawn.
#[derive(Debug)]
pub(crate) struct Hold {
    shared: Arc<Shared>,
    handler_called: bool,
    /// What becomes of it has been seen to.
    over: bool,
}

/// How a request has ended, as far as its balance goes.
pub(crate) struct Ending<'a> {
    pub(crate) method: &'a Method,
    pub(crate) status: StatusCode,
    /// The answer's body is still being made.
    pub(crate) streams: bool,
    pub(crate) draw_on: fn(StatusCode) -> bool,
}

impl Hold {
    pub(crate) async fn make(
        store: Arc<dyn Balances>,
        mark: Mark,
        quota: Quota,
        amount: u64,
    ) -> Result<Claimed, StoreError> {
        let line = Line { store, mark, id: HoldId::fresh()?, quota };
        let mut unsure = Unsure(Some(&line));
        let claim = within_time(line.store.hold(mark, line.id, quota, amount)).await;
        if !matches!(claim, Err(StoreError::Unreachable(_))) {
            unsure.0 = None;
        }
        drop(unsure);
        let (amount, left) = match claim? {
            Claim::Held { amount, left } => (amount, left),
            Claim::Busy => return Ok(Claimed::Busy),
            Claim::UsedUp => return Ok(Claimed::UsedUp),
            Claim::OtherKind => return Ok(Claimed::OtherKind),
        };
        let lease = line.store.lease();
        let shared = Arc::new(Shared::holding(line, amount, left));
        if let Some(lease) = lease {
            background::spawn(renew(Arc::downgrade(&shared), lease))
                .map_err(StoreError::unreachable)?;
        }
        Ok(Claimed::Held(Self { shared, handler_called: false, over: false }))
    }

    /// The handler is about to be called. From here on only its answer gives it back.
    pub(crate) fn handler_called(&mut self) {
        self.handler_called = true;
    }

    pub(crate) fn balance(&self) -> Balance {
        Balance::of(Arc::clone(&self.shared))
    }

    /// Draws what the answer costs. Only then may it be sent: an error is one that must not be, and
    /// its payer keeps the token. `Some` is the hold of a stream, which goes on.
    pub(crate) async fn answered(self, ending: Ending<'_>) -> Result<Option<Self>, StoreError> {
        if !self.handler_called || ending.status.is_server_error() {
            self.undo().await;
            return Ok(None);
        }
        let goes_on = ending.streams && self.shared.kind() == Kind::Units;
        if !goes_on {
            self.shared.end_with(|state| costs(state, &ending, self.shared.kind()));
        }
        if let Err(err) = self.shared.write().await {
            let mark = self.shared.mark();
            tracing::error!(%mark, "an answer was not sent, since what it costs could not be written down: {err}");
            self.undo().await;
            return Err(err);
        }
        if goes_on {
            return Ok(Some(self));
        }
        self.settle();
        Ok(None)
    }

    /// As if the handler had not drawn anything. Returns once that has been tried, so that the client
    /// that is answered next cannot be ahead of it.
    async fn undo(mut self) {
        self.over = true;
        let Some(line) = self.shared.undone() else { return };
        let mut unsure = Unsure(Some(&line));
        if within_time(line.store.give_back(line.mark, line.id)).await.is_ok() {
            unsure.0 = None;
        }
    }

    /// Ends it at what is drawn.
    pub(super) fn settle(mut self) {
        self.over = true;
        self.shared.settle();
    }

    /// The stream has ended. What is then drawn has to be written.
    pub(super) fn stream_ended(&self, answer_is_good: bool) {
        self.shared.end_with(|state| match state.drew {
            false if answer_is_good => Cost::Forgotten,
            _ => Cost::AsDrawn,
        });
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        if !self.handler_called || thread::panicking() {
            if let Some(line) = self.shared.undone() {
                line.give_back_in_the_background();
            }
            return;
        }
        let of_uses = self.shared.kind() == Kind::Uses;
        self.shared.end_with(|state| match state.drew {
            false if of_uses => Cost::Whole,
            _ => Cost::AsDrawn,
        });
        self.shared.settle();
    }
}

/// What an answer draws beside what its handler has drawn.
pub(super) enum Cost {
    /// The handler has said it, or the answer is free.
    AsDrawn,
    /// All that is held.
    Whole,
    /// The same, of a handler that should have said it.
    Forgotten,
}

/// The state of a hold as its end is decided.
pub(super) struct AtEnd {
    /// Whether the handler has drawn, be it nothing.
    pub(super) drew: bool,
}

fn costs(state: &AtEnd, ending: &Ending<'_>, kind: Kind) -> Cost {
    let Ending { method, status, draw_on, .. } = *ending;
    let is_empty = method == Method::HEAD || status == StatusCode::NOT_MODIFIED;
    if state.drew || is_empty || !draw_on(status) {
        return Cost::AsDrawn;
    }
    match kind {
        Kind::Uses => Cost::Whole,
        Kind::Units if status.as_u16() < 400 => Cost::Forgotten,
        Kind::Units => Cost::AsDrawn,
    }
}

/// Where one request's hold is written down.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) store: Arc<dyn Balances>,
    pub(super) mark: Mark,
    pub(super) id: HoldId,
    pub(super) quota: Quota,
}

impl Line {
    pub(super) async fn draw(&self, portion: Portion) -> Result<(), StoreError> {
        match within_time(self.store.draw(self.mark, self.id, self.quota, portion)).await? {
            true => Ok(()),
            false => Err(StoreError::Lost),
        }
    }

    pub(super) async fn hold(&self, amount: u64) -> Result<Claim, StoreError> {
        within_time(self.store.hold(self.mark, self.id, self.quota, amount)).await
    }

    /// What is drawn already stays; a settlement that is lost comes by itself when the lease runs out.
    pub(super) fn settle_in_the_background(self) {
        if self.store.lease().is_none()
            && is_done_at_once(self.store.settle(self.mark, self.id))
        {
            return;
        }
        in_the_background(async move {
            let step = || self.store.settle(self.mark, self.id);
            until_done(step, STORE_TIMEOUT, |_| {}).await;
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
                tracing::error!(%mark, "cannot write down what a request has drawn, trying again: {err}");
            };
            if until_done(step, TRY_FOR, failed).await == Some(true) {
                self.settle_in_the_background();
            } else {
                tracing::error!(%mark, "what a request has drawn could not be written down");
            }
        });
    }

    fn give_back_in_the_background(self) {
        if self.store.lease().is_none()
            && is_done_at_once(self.store.give_back(self.mark, self.id))
        {
            return;
        }
        in_the_background(async move {
            let mark = self.mark;
            let step = || self.store.give_back(mark, self.id);
            until_done(step, TRY_FOR, |err| {
                tracing::warn!(%mark, "cannot give back what a request held, trying again: {err}");
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

/// A hold whose answer has not arrived: whether the store has it is not known.
struct Unsure<'a>(Option<&'a Line>);

impl Drop for Unsure<'_> {
    fn drop(&mut self) {
        if let Some(line) = self.0 {
            line.clone().give_back_in_the_background();
        }
    }
}

/// Renews the lease until the request has ended.
async fn renew(shared: Weak<Shared>, lease: Duration) {
    loop {
        sleep((lease / 3).max(MIN_RENEWAL)).await;
        let Some(line) = shared.upgrade().and_then(|shared| shared.running()) else { return };
        let mark = line.mark;
        match within_time(line.store.renew(mark, line.id)).await {
            Ok(true) => {}
            Ok(false) => tracing::warn!(%mark, "the hold on a payment in use was lost"),
            Err(err) => tracing::warn!(%mark, "cannot renew the hold on a payment: {err}"),
        }
    }
}

/// Whether a step needs no waiting, as in memory.
fn is_done_at_once<T>(mut step: StoreFuture<'_, T>) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    matches!(step.as_mut().poll(&mut context), Poll::Ready(Ok(_)))
}

/// Tries a step until it works or `at_most` has passed.
async fn until_done<'a, T>(
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
        sleep(pause).await;
        pause = (pause * 2).min(longest);
    }
}

pub(crate) async fn within_time<T>(step: StoreFuture<'_, T>) -> Result<T, StoreError> {
    let late = |_| Err(StoreError::unreachable("no answer in time"));
    timeout(STORE_TIMEOUT, step).await.unwrap_or_else(late)
}
