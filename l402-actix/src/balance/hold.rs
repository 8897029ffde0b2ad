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
    thread,
    time::Duration,
};

use actix_web::http::StatusCode;
use tokio::time::sleep;

use super::{
    line::Line,
    portion::{AtEnd, Balance, Cost, Shared},
    step::within_time,
    store::{Balances, Claim, HoldId, Kind, Mark, Quota, StoreError},
};
use crate::{background, notice::Notice};

/// Keeps a store that names a lease of nothing from being asked without a pause.
const MIN_RENEWAL: Duration = Duration::from_millis(50);

/// No store has to count beyond this.
const COUNTED_EXACTLY: u64 = 1 << 53;

/// How often a long lease is looked at: what renews it must not outlive its request for long.
const LOOK_EVERY: Duration = Duration::from_secs(10);

static NOT_SENT: Notice = Notice::new();
static NOT_RENEWED: Notice = Notice::new();

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
    /// Of a stream: what was drawn before is paid for what was sent.
    head_sent: bool,
    /// What becomes of it has been seen to.
    over: bool,
}

/// How a request has ended, as far as its balance goes.
pub(crate) struct Ending {
    pub(crate) status: StatusCode,
    /// It says how things are and hands out nothing, so the use is given back.
    pub(crate) is_bare: bool,
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
        let renewed = Arc::downgrade(&shared);
        // Dropped, it gives back.
        let hold = Self { shared, handler_called: false, head_sent: false, over: false };
        if let Some(lease) = lease {
            background::spawn_idle(Box::pin(renew(renewed, lease)))
                .map_err(StoreError::unreachable)?;
        }
        Ok(Claimed::Held(hold))
    }

    /// The handler is about to be called. From here on only its answer gives it back.
    pub(crate) fn handler_called(&mut self) {
        self.handler_called = true;
    }

    /// Whether it is on so much of this kind.
    pub(crate) fn is_of(&self, kind: Kind, limit: u64) -> bool {
        let (quota, _) = self.shared.remaining();
        (quota.kind, quota.limit) == (kind, limit)
    }

    /// Whether others hold something of the same payment, of which nothing is drawn for good.
    pub(crate) async fn is_beside_others(&self) -> Result<bool, StoreError> {
        let (quota, left) = self.shared.remaining();
        let Some(line) = self.shared.running() else { return Ok(false) };
        if left >= quota.limit.min(COUNTED_EXACTLY) {
            return Ok(false);
        }
        let one = Quota { limit: 1, ..quota };
        Ok(within_time(line.store.look(line.mark, one)).await? != Claim::UsedUp)
    }

    pub(crate) fn balance(&self) -> Balance {
        Balance::of(Arc::clone(&self.shared))
    }

    /// Draws what the answer costs. Only then may it be sent: an error is one that must not be, and
    /// its payer keeps the token. `Some` is the hold of a stream, which goes on.
    pub(crate) async fn answered(mut self, ending: Ending) -> Result<Option<Self>, StoreError> {
        if !self.handler_called || ending.status.is_server_error() {
            self.undo().await;
            return Ok(None);
        }
        let goes_on = ending.streams && self.shared.kind() == Kind::Units;
        if !goes_on {
            self.shared.end_with(|state| costs(state, &ending, self.shared.kind()));
        }
        if let Err(err) = self.shared.write().await {
            if let Some(times) = NOT_SENT.due() {
                let mark = self.shared.mark();
                tracing::error!(%mark, times, "an answer was not sent, since what it costs could not be written down: {err}");
            }
            self.undo().await;
            return Err(err);
        }
        if goes_on {
            self.head_sent = true;
            return Ok(Some(self));
        }
        self.settle();
        Ok(None)
    }

    /// As if the handler had not drawn anything. Returns once that has been tried, so that the client
    /// that is answered next cannot be ahead of it.
    pub(crate) async fn undo(mut self) {
        self.over = true;
        let Some(line) = self.shared.undone() else { return };
        let mut unsure = Unsure(Some(&line));
        if within_time(line.give_back()).await.is_ok() {
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
        self.shared.end_with(|state| {
            if !state.drew && answer_is_good { Cost::Forgotten } else { Cost::AsDrawn }
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
        // A stream that panics has sent what it had drawn until then.
        if thread::panicking() && self.head_sent {
            self.shared.keep_what_is_written();
            self.shared.settle();
            return;
        }
        if !self.handler_called || thread::panicking() {
            if let Some(line) = self.shared.undone() {
                line.give_back_in_the_background();
            }
            return;
        }
        let of_uses = self.shared.kind() == Kind::Uses;
        self.shared.end_with(
            |state| {
                if !state.drew && of_uses { Cost::Whole } else { Cost::AsDrawn }
            },
        );
        self.shared.settle();
    }
}

fn costs(state: &AtEnd, ending: &Ending, kind: Kind) -> Cost {
    let Ending { status, is_bare, draw_on, .. } = *ending;
    if state.drew || is_bare || !draw_on(status) {
        return Cost::AsDrawn;
    }
    match kind {
        Kind::Uses => Cost::Whole,
        Kind::Units if status.as_u16() < 400 => Cost::Forgotten,
        Kind::Units => Cost::AsDrawn,
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
    let mut left = lease / 3;
    loop {
        let pause = left.clamp(MIN_RENEWAL, LOOK_EVERY);
        sleep(pause).await;
        let Some(line) = shared.upgrade().and_then(|shared| shared.running()) else { return };
        left = left.saturating_sub(pause);
        if !left.is_zero() {
            continue;
        }
        left = lease / 3;
        let mark = line.mark;
        match within_time(line.store.renew(mark, line.id)).await {
            Ok(true) => {}
            Ok(false) => tracing::warn!(%mark, "the hold on a payment in use was lost"),
            Err(err) => {
                if let Some(times) = NOT_RENEWED.due() {
                    tracing::warn!(%mark, times, "cannot renew the hold on a payment: {err}");
                }
            }
        }
    }
}
