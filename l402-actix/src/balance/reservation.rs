//! One request's hold on its token: reserve, renew, and in the end spend or give back.
//!
//! ```text
//! request                          keeper, on the background thread
//! Reservation::make   ---------->  reserve
//!     Claimed         <----------
//! extract, call the handler        renew, each third of the lease
//! settle(status)      ---------->  spend, or give back; again if that failed
//!     answer          <----------  after the first try
//! ```
//!
//! The keeper owns the hold, so a request that is dropped at any point leaves nothing behind: what
//! is to become of the token is said by how the `Reservation` was dropped.

use std::{sync::Arc, thread, time::Duration};

use actix_web::http::StatusCode;
use tokio::{
    sync::oneshot::{self, Receiver, Sender},
    time::{Instant, sleep, timeout},
};

use super::store::{Claim, Mark, ReservationId, SpentTokens, StoreError, StoreFuture};
use crate::background;

/// How long a store may take over one step.
const STORE_TIMEOUT: Duration = Duration::from_secs(5);

/// The pauses between the tries of a step that failed, from the first to the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Keeps a store that names a lease of nothing from being asked without a pause.
const MIN_RENEWAL: Duration = Duration::from_millis(50);

/// What became of the attempt to reserve.
pub(crate) enum Claimed {
    Reserved(Reservation),
    Busy,
    Spent,
}

/// A token that is reserved for this request.
///
/// Dropped before the handler was called, or by a panic, it is given back. Dropped after that, the
/// client has gone away from a handler that may have had its effects: it is spent, or one token
/// would buy them for ever.
#[derive(Debug)]
pub(crate) struct Reservation {
    verdict: Option<Sender<Verdict>>,
    tried: Receiver<()>,
    handler_called: bool,
}

#[derive(Debug)]
enum Verdict {
    Spend,
    GiveBack,
}

impl Reservation {
    pub(crate) async fn make(
        store: Arc<dyn SpentTokens>,
        mark: Mark,
        spent_for: Duration,
    ) -> Result<Claimed, StoreError> {
        let keeper = Keeper { store, mark, id: ReservationId::fresh()?, spent_for };
        let (claimed, claim) = oneshot::channel();
        let (verdict, decided) = oneshot::channel();
        let (first_try, tried) = oneshot::channel();
        background::spawn(keeper.keep(claimed, decided, first_try))
            .map_err(StoreError::unreachable)?;
        let reservation = Self { verdict: Some(verdict), tried, handler_called: false };
        match claim.await {
            Ok(Ok(Claim::Reserved)) => Ok(Claimed::Reserved(reservation)),
            Ok(Ok(Claim::Busy)) => Ok(Claimed::Busy),
            Ok(Ok(Claim::Spent)) => Ok(Claimed::Spent),
            Ok(Err(err)) => Err(err),
            Err(_) => Err(StoreError::unreachable("it panicked")),
        }
    }

    /// The handler is about to be called. From here on only its answer gives the token back.
    pub(crate) fn handler_called(&mut self) {
        self.handler_called = true;
    }

    /// Spends the token, or gives it back after a failure of the server's. Returns once that has
    /// been tried, so that the client that is answered next cannot be ahead of it.
    pub(crate) async fn settle(mut self, answer: StatusCode) {
        if self.handler_called && !answer.is_server_error() {
            self.decide(Verdict::Spend);
        } else {
            self.decide(Verdict::GiveBack);
        }
        // An error is a store that panicked, which has been said.
        let _ = (&mut self.tried).await;
    }

    fn decide(&mut self, verdict: Verdict) {
        if let Some(keeper) = self.verdict.take() {
            // An error is a keeper that has died by the store's panic.
            let _ = keeper.send(verdict);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.handler_called && !thread::panicking() {
            self.decide(Verdict::Spend);
        }
        // Without a verdict the channel closes, which gives back.
    }
}

/// The hold itself.
struct Keeper {
    store: Arc<dyn SpentTokens>,
    mark: Mark,
    id: ReservationId,
    spent_for: Duration,
}

impl Keeper {
    async fn keep(
        self,
        claimed: Sender<Result<Claim, StoreError>>,
        decided: Receiver<Verdict>,
        first_try: Sender<()>,
    ) {
        let claim = within_time(self.store.reserve(self.mark, self.id, self.store.lease())).await;
        // Whether a store that did not answer has reserved is not known.
        let perhaps = matches!(claim, Err(StoreError::Unreachable(_)));
        let reserved = matches!(claim, Ok(Claim::Reserved));
        // An error is a client that has gone, and then the verdict's channel is closed too.
        let _ = claimed.send(claim);
        if perhaps {
            // Once: while a store is away, each request that asks for it comes by here.
            let _ = within_time(self.store.give_back(self.mark, self.id)).await;
        }
        if !reserved {
            return;
        }
        match self.decision(decided).await {
            Verdict::Spend => self.spend(first_try).await,
            Verdict::GiveBack => self.give_back(first_try).await,
        }
    }

    /// Renews the lease until the request has decided.
    async fn decision(&self, mut decided: Receiver<Verdict>) -> Verdict {
        let pause = (self.store.lease() / 3).max(MIN_RENEWAL);
        loop {
            match timeout(pause, &mut decided).await {
                Ok(verdict) => return verdict.unwrap_or(Verdict::GiveBack),
                Err(_) => self.renew().await,
            }
        }
    }

    async fn renew(&self) {
        let mark = self.mark;
        match within_time(self.store.renew(mark, self.id, self.store.lease())).await {
            Ok(true) => {}
            Ok(false) => {
                tracing::error!(%mark, "the reservation of a token in use was lost to another request");
            }
            Err(err) => tracing::warn!(%mark, "cannot renew the reservation of a token: {err}"),
        }
    }

    /// Tries for as long as the mark would last. The reservation stays, as far as the store can
    /// keep it, so nobody else gets the token in between.
    async fn spend(&self, first_try: Sender<()>) {
        let mark = self.mark;
        let step = || self.store.spend(mark, self.id, self.spent_for);
        match until_done(step, self.spent_for, first_try, |err| {
            tracing::error!(%mark, "cannot spend a token that was served, trying again: {err}");
        })
        .await
        {
            Some(true) => {}
            Some(false) => {
                tracing::error!(%mark, "a token was served whose reservation was lost to another request");
            }
            None => tracing::error!(%mark, "a token that was served could not be spent"),
        }
    }

    /// Tries until the lease has run out, which gives back by itself.
    async fn give_back(&self, first_try: Sender<()>) {
        let mark = self.mark;
        let step = || self.store.give_back(mark, self.id);
        until_done(step, self.store.lease(), first_try, |err| {
            tracing::warn!(%mark, "cannot give back a token, trying again: {err}");
        })
        .await;
    }
}

/// Tries a step until it works or `at_most` has passed.
async fn until_done<'a, T>(
    step: impl Fn() -> StoreFuture<'a, T>,
    at_most: Duration,
    first_try: Sender<()>,
    failed: impl Fn(&StoreError),
) -> Option<T> {
    let begun = Instant::now();
    let mut first_try = Some(first_try);
    let (mut pause, longest) = PAUSES;
    loop {
        let result = within_time(step()).await;
        if let Some(first_try) = first_try.take() {
            // An error is a client that has gone.
            let _ = first_try.send(());
        }
        match result {
            Ok(done) => return Some(done),
            Err(_) if begun.elapsed() >= at_most => return None,
            Err(err) => failed(&err),
        }
        sleep(pause).await;
        pause = (pause * 2).min(longest);
    }
}

/// What an attempt to reserve would come to, by a store that answers in time.
pub(crate) async fn look(store: Arc<dyn SpentTokens>, mark: Mark) -> Result<Claim, StoreError> {
    within_time(store.look(mark)).await
}

async fn within_time<T>(step: StoreFuture<'_, T>) -> Result<T, StoreError> {
    let late = |_| Err(StoreError::unreachable("no answer in time"));
    timeout(STORE_TIMEOUT, step).await.unwrap_or_else(late)
}
