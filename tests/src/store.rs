//! A store of balances that can be watched and made to fail, around a real one.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use l402_actix::{
    Accepted, Balances, Claim, HoldId, Mark, Portion, Quota, StoreError, StoreFuture,
};

/// A real store, whose steps are counted and can fail. Clones are the same store.
#[derive(Debug, Clone)]
pub struct TestStore {
    inner: Arc<dyn Balances>,
    lease: Option<Duration>,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    holds: AtomicUsize,
    renewals: AtomicUsize,
    acceptances: AtomicUsize,
    kept_for: Mutex<Option<Duration>>,
    draws_to_fail: AtomicUsize,
    draws_to_lose: AtomicUsize,
    draws_to_refuse: AtomicUsize,
    fails_acceptances: AtomicBool,
    holds_late: Mutex<Duration>,
    away: AtomicBool,
    hangs: AtomicBool,
}

impl TestStore {
    /// Does as `inner` does.
    pub fn around(inner: impl Balances) -> Self {
        let lease = inner.lease();
        Self { inner: Arc::new(inner), lease, state: Arc::default() }
    }

    /// Names a lease, so that holds are renewed.
    #[must_use]
    pub fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = Some(lease);
        self
    }

    /// How often something was held.
    #[must_use]
    pub fn holds(&self) -> usize {
        self.state.holds.load(Ordering::SeqCst)
    }

    /// How often a hold was renewed.
    #[must_use]
    pub fn renewals(&self) -> usize {
        self.state.renewals.load(Ordering::SeqCst)
    }

    /// How often it was written down what a payment was accepted for.
    #[must_use]
    pub fn acceptances(&self) -> usize {
        self.state.acceptances.load(Ordering::SeqCst)
    }

    /// How long the last hold's balance was to be kept.
    #[must_use]
    pub fn kept_for(&self) -> Option<Duration> {
        *self.state.kept_for.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails the next so many draws, and does not make them.
    pub fn fail_draws(&self, times: usize) {
        self.state.draws_to_fail.store(times, Ordering::SeqCst);
    }

    /// Makes the next so many draws, and says that they have failed.
    pub fn lose_draws(&self, times: usize) {
        self.state.draws_to_lose.store(times, Ordering::SeqCst);
    }

    /// Refuses the next so many draws, as if their holds had been lost.
    pub fn refuse_draws(&self, times: usize) {
        self.state.draws_to_refuse.store(times, Ordering::SeqCst);
    }

    /// Takes so long from here on before it holds anything.
    pub fn hold_late(&self, late: Duration) {
        *self.state.holds_late.lock().unwrap_or_else(PoisonError::into_inner) = late;
    }

    /// Writes down no acceptance from here on, or each again.
    pub fn fail_acceptances(&self, fails: bool) {
        self.state.fails_acceptances.store(fails, Ordering::SeqCst);
    }

    /// Fails everything from here on, or nothing any more.
    pub fn away(&self, away: bool) {
        self.state.away.store(away, Ordering::SeqCst);
    }

    /// Answers nothing from here on, or everything again.
    pub fn hangs(&self, hangs: bool) {
        self.state.hangs.store(hangs, Ordering::SeqCst);
    }

    fn step<'a, T: Send + 'static>(&self, step: StoreFuture<'a, T>) -> StoreFuture<'a, T> {
        let state = Arc::clone(&self.state);
        Box::pin(async move {
            if state.hangs.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            if state.away.load(Ordering::SeqCst) {
                return Err(StoreError::unreachable("told to be away"));
            }
            step.await
        })
    }
}

/// Whether one of them is left, which is then used up.
fn take(left: &AtomicUsize) -> bool {
    let one_less = |left: usize| left.checked_sub(1);
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok()
}

impl Balances for TestStore {
    fn hold(&self, mark: Mark, id: HoldId, quota: Quota, amount: u64) -> StoreFuture<'_, Claim> {
        if self.state.away.load(Ordering::SeqCst) {
            return self.step(Box::pin(async { Ok(Claim::Busy) }));
        }
        *self.state.kept_for.lock().unwrap_or_else(PoisonError::into_inner) = Some(quota.kept_for);
        let late = *self.state.holds_late.lock().unwrap_or_else(PoisonError::into_inner);
        Box::pin(async move {
            tokio::time::sleep(late).await;
            let claim = self.step(self.inner.hold(mark, id, quota, amount)).await?;
            if matches!(claim, Claim::Held { .. }) {
                self.state.holds.fetch_add(1, Ordering::SeqCst);
            }
            Ok(claim)
        })
    }

    fn draw(
        &self,
        mark: Mark,
        id: HoldId,
        quota: Quota,
        portion: Portion,
    ) -> StoreFuture<'_, bool> {
        if take(&self.state.draws_to_refuse) {
            return Box::pin(async { Ok(false) });
        }
        if take(&self.state.draws_to_fail) || self.state.away.load(Ordering::SeqCst) {
            return Box::pin(async { Err(StoreError::unreachable("told to fail")) });
        }
        let lose = take(&self.state.draws_to_lose);
        let step = self.step(self.inner.draw(mark, id, quota, portion));
        Box::pin(async move {
            let drawn = step.await?;
            if lose { Err(StoreError::unreachable("told to lose the answer")) } else { Ok(drawn) }
        })
    }

    fn settle(&self, mark: Mark, id: HoldId) -> StoreFuture<'_, ()> {
        self.step(self.inner.settle(mark, id))
    }

    fn settle_at(&self, mark: Mark, id: HoldId, drawn: u64) -> StoreFuture<'_, ()> {
        self.step(self.inner.settle_at(mark, id, drawn))
    }

    fn give_back(&self, mark: Mark, id: HoldId) -> StoreFuture<'_, ()> {
        self.step(self.inner.give_back(mark, id))
    }

    fn look(&self, mark: Mark, quota: Quota) -> StoreFuture<'_, Claim> {
        self.step(self.inner.look(mark, quota))
    }

    fn accept(&self, mark: Mark, accepted: Accepted, kept_for: Duration) -> StoreFuture<'_, ()> {
        if self.state.fails_acceptances.load(Ordering::SeqCst) {
            return Box::pin(async { Err(StoreError::unreachable("told to fail")) });
        }
        self.state.acceptances.fetch_add(1, Ordering::SeqCst);
        self.step(self.inner.accept(mark, accepted, kept_for))
    }

    fn accepted(&self, mark: Mark) -> StoreFuture<'_, Option<Accepted>> {
        self.step(self.inner.accepted(mark))
    }

    fn was_away_lately(&self) -> bool {
        self.inner.was_away_lately()
    }

    fn lease(&self) -> Option<Duration> {
        self.lease
    }

    fn place(&self) -> String {
        self.inner.place()
    }

    fn renew(&self, mark: Mark, id: HoldId) -> StoreFuture<'_, bool> {
        self.state.renewals.fetch_add(1, Ordering::SeqCst);
        self.step(self.inner.renew(mark, id))
    }
}
