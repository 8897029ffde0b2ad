//! A store of spent tokens that can be watched and made to fail, around a real one.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use l402_actix::{Claim, DEFAULT_LEASE, Mark, ReservationId, SpentTokens, StoreError, StoreFuture};

/// A real store with a lease of the test's choice, whose steps are counted and can fail. Clones
/// are the same store.
#[derive(Debug, Clone)]
pub struct TestStore {
    inner: Arc<dyn SpentTokens>,
    lease: Duration,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    reservations: AtomicUsize,
    renewals: AtomicUsize,
    spends_to_fail: AtomicUsize,
    away: AtomicBool,
    hangs: AtomicBool,
}

impl TestStore {
    /// Does as `inner` does, with the default lease.
    pub fn around(inner: impl SpentTokens) -> Self {
        Self { inner: Arc::new(inner), lease: DEFAULT_LEASE, state: Arc::default() }
    }

    /// Names another lease.
    #[must_use]
    pub fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// How often a mark was reserved.
    #[must_use]
    pub fn reservations(&self) -> usize {
        self.state.reservations.load(Ordering::SeqCst)
    }

    /// How often a reservation was renewed.
    #[must_use]
    pub fn renewals(&self) -> usize {
        self.state.renewals.load(Ordering::SeqCst)
    }

    /// Fails the next so many spends.
    pub fn fail_spends(&self, times: usize) {
        self.state.spends_to_fail.store(times, Ordering::SeqCst);
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

impl SpentTokens for TestStore {
    fn reserve(&self, mark: Mark, id: ReservationId, lease: Duration) -> StoreFuture<'_, Claim> {
        let (state, claim) = (&self.state, self.step(self.inner.reserve(mark, id, lease)));
        Box::pin(async {
            let claim = claim.await?;
            if claim == Claim::Reserved {
                state.reservations.fetch_add(1, Ordering::SeqCst);
            }
            Ok(claim)
        })
    }

    fn renew(&self, mark: Mark, id: ReservationId, lease: Duration) -> StoreFuture<'_, bool> {
        self.state.renewals.fetch_add(1, Ordering::SeqCst);
        self.step(self.inner.renew(mark, id, lease))
    }

    fn spend(&self, mark: Mark, id: ReservationId, spent_for: Duration) -> StoreFuture<'_, bool> {
        let left = &self.state.spends_to_fail;
        let fail = |left: usize| left.checked_sub(1);
        if left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fail).is_ok() {
            return Box::pin(async { Err(StoreError::unreachable("told to fail")) });
        }
        self.step(self.inner.spend(mark, id, spent_for))
    }

    fn give_back(&self, mark: Mark, id: ReservationId) -> StoreFuture<'_, ()> {
        self.step(self.inner.give_back(mark, id))
    }

    fn look(&self, mark: Mark) -> StoreFuture<'_, Claim> {
        self.step(self.inner.look(mark))
    }

    fn lease(&self) -> Duration {
        self.lease
    }
}
