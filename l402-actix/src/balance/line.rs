//! Where one request's hold is written down, and what is done there when nobody waits for it.

use std::sync::Arc;

use super::{
    acceptance::written_first,
    step::{STORE_TIMEOUT, TRY_FOR, is_done_at_once, until_done, within_time},
    store::{Balances, Claim, HoldId, Mark, Portion, Quota, StoreError, StoreFuture},
};
use crate::{background, notice::Notice};

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
        if within_time(self.drawn(portion)).await? { Ok(()) } else { Err(StoreError::Lost) }
    }

    pub(super) async fn hold(&self, amount: u64) -> Result<Claim, StoreError> {
        within_time(self.store.hold(self.mark, self.id, self.quota, amount)).await
    }

    fn drawn(&self, portion: Portion) -> StoreFuture<'_, bool> {
        self.after_acceptance(move |line| line.store.draw(line.mark, line.id, line.quota, portion))
    }

    pub(super) fn give_back(&self) -> StoreFuture<'_, ()> {
        self.after_acceptance(|line| line.store.give_back(line.mark, line.id))
    }

    /// Who finds the payment drawn from, or free, finds what it was accepted for. A store without a
    /// lease is this process's own, which knows that.
    fn after_acceptance<'a, T: 'a>(
        &'a self,
        step: impl FnOnce(&'a Self) -> StoreFuture<'a, T> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        if self.store.lease().is_none() {
            return step(self);
        }
        Box::pin(async move {
            self.written_first().await?;
            step(self).await
        })
    }

    fn written_first(&self) -> StoreFuture<'_, ()> {
        Box::pin(written_first(&*self.store, self.mark))
    }

    /// What is drawn already stays; a settlement that is lost comes by itself when the lease runs out.
    pub(super) fn settle_in_the_background(self) {
        if self.store.lease().is_none() && is_done_at_once(self.store.settle(self.mark, self.id)) {
            return;
        }
        in_the_background(async move {
            // For longer: a store takes for held what it was never told the end of.
            until_done(|| self.written_first(), TRY_FOR, |_| {}).await;
            let step = || self.store.settle(self.mark, self.id);
            until_done(step, STORE_TIMEOUT, |_| {}).await;
        });
    }

    /// The same, and what the store has beyond `drawn` does not stay: it was for what was not sent.
    pub(super) fn settle_at_in_the_background(self, drawn: u64) {
        in_the_background(async move {
            let mark = self.mark;
            let step =
                || self.after_acceptance(|line| line.store.settle_at(line.mark, line.id, drawn));
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
            let step = || self.drawn(portion);
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
            until_done(|| self.give_back(), TRY_FOR, |err| {
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
