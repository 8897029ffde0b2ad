//! Balances in Redis, which several processes share.

mod ledger;
mod step;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use redis::{FromRedisValue, Value};

use self::{
    ledger::Ledger,
    step::{SCRIPT, Step, accepted, claim, done},
};
use crate::{
    balance::store::{
        Accepted, Balances, Claim, HoldId, Mark, Portion, Quota, StoreError, StoreFuture,
    },
    process,
    shared::{Fault, RedisState},
};

/// How long a hold lasts without being renewed, unless the store says otherwise: 30 seconds. Renewed
/// each third of it, it outlives two failed renewals; after a crash what was held is answered 409 for
/// this long, which a payer can wait for.
const DEFAULT_LEASE: Duration = Duration::from_secs(30);

/// Balances in Redis, for any number of processes and machines; feature `redis`.
///
/// The keys are named by account and payment hash, and expire by themselves. A process that crashes
/// leaves what its requests held until the lease has run out. While Redis is away, routes that count
/// answer 503.
///
/// [`L402Config::shared_state`](crate::L402Config::shared_state) brings it along; this is for balances
/// alone, in another Redis than the rest, or with another lease.
///
/// # Examples
///
/// ```
/// use l402_actix::{L402Config, RedisStore};
///
/// # let client = l402_actix::L402Client::new("key")?;
/// let store = RedisStore::new("redis://:password@10.0.0.5/")?;
/// let config = L402Config::new(client).balances(store);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # The server
///
/// - `maxmemory-policy noeviction`. Any other policy makes room by forgetting keys, and a payment whose
///   key is forgotten is good again; so a server that evicts is refused, with an error in the log.
///   When `noeviction` finds no room, the payer is answered 503.
/// - `appendonly yes`, so that a restart forgets nothing. With `appendfsync everysec` a crash of
///   the machine may forget the last second's.
///
/// # Security
///
/// Replication is not waited for: where a replica takes over, what the primary had not yet told
/// it is forgotten, and can be drawn once more until the token expires.
#[derive(Clone)]
pub struct RedisStore {
    state: RedisState,
    lease: Duration,
    ledger: Arc<Ledger>,
}

impl RedisStore {
    /// The server at this URL, such as `redis://user:password@host:6379/0`. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unreachable`] if the URL cannot be read.
    pub fn new(url: impl AsRef<str>) -> Result<Self, StoreError> {
        RedisState::new(url).map(Self::from).map_err(StoreError::unreachable)
    }

    /// How long a hold lasts without being renewed, which is also how long what a crashed process held
    /// is out of use. Default: 30 seconds. A process that is silent for longer, such as a frozen
    /// machine, does not answer where another one has used what it held; its payers keep their tokens.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    fn run<T: 'static>(
        &self,
        mark: Mark,
        step: Step<'_>,
        read: impl FnOnce(Value) -> Option<T> + Send + 'static,
    ) -> StoreFuture<'static, T> {
        let answer = self.state.run_lasting(SCRIPT, step.keys(mark), step.arguments(self.lease));
        Box::pin(async move {
            let answer = answer.await.map_err(store_error)?;
            read(answer).ok_or_else(|| StoreError::unreachable("Redis answered something else"))
        })
    }
}

/// The same Redis, for balances.
impl From<RedisState> for RedisStore {
    fn from(state: RedisState) -> Self {
        Self { state, lease: DEFAULT_LEASE, ledger: Arc::default() }
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("lease", &self.lease).finish_non_exhaustive()
    }
}

impl Balances for RedisStore {
    fn hold(&self, mark: Mark, id: HoldId, quota: Quota, amount: u64) -> StoreFuture<'_, Claim> {
        let ours = self.ledger.of(mark, self.lease);
        let sent = Instant::now();
        let portion = Portion { held: amount, drawn: 0 };
        let step = Step { portion, ours: &ours, ..Step::named("hold", Some(id)).on(quota) };
        let claim = self.run(mark, step, claim);
        let asked = self.ledger.asks(id);
        Box::pin(async move {
            let claim = asked.answered(claim.await)?;
            if let Claim::Held { amount, .. } = claim {
                self.ledger.put(mark, id, |own| own.held = own.held.max(amount));
                self.ledger.heard(mark, id, sent);
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
        self.ledger.put(mark, id, |own| *own = portion);
        let step = Step { portion, ..Step::named("draw", Some(id)).on(quota) };
        let (step, sent) = (self.run(mark, step, done), Instant::now());
        let asked = self.ledger.asks(id);
        Box::pin(async move {
            let drawn = asked.answered(step.await)?;
            if drawn {
                self.ledger.heard(mark, id, sent);
            }
            Ok(drawn)
        })
    }

    fn settle(&self, mark: Mark, id: HoldId) -> StoreFuture<'_, ()> {
        let unsure = self.ledger.is_unsure(mark, id);
        self.ledger.end(mark, id);
        let step = Step { unsure, ..Step::named("settle", Some(id)) };
        self.run(mark, step, |value| done(value).map(drop))
    }

    fn settle_at(&self, mark: Mark, id: HoldId, drawn: u64) -> StoreFuture<'_, ()> {
        self.ledger.end(mark, id);
        let portion = Portion { held: drawn, drawn };
        let step = Step { portion, ..Step::named("settle at", Some(id)) };
        self.run(mark, step, |value| done(value).map(drop))
    }

    fn give_back(&self, mark: Mark, id: HoldId) -> StoreFuture<'_, ()> {
        let unsure = self.ledger.is_unsure(mark, id);
        let step = Step { unsure, ..Step::named("give back", Some(id)) };
        let step = self.run(mark, step, done);
        Box::pin(async move {
            step.await?;
            self.ledger.end(mark, id);
            Ok(())
        })
    }

    fn look(&self, mark: Mark, quota: Quota) -> StoreFuture<'_, Claim> {
        let ours = self.ledger.of(mark, self.lease);
        let step = Step { ours: &ours, ..Step::named("look", None).on(quota) };
        self.run(mark, step, claim)
    }

    fn accept(&self, mark: Mark, accepted: Accepted, kept_for: Duration) -> StoreFuture<'_, ()> {
        let step = Step { accepted: Some(accepted), kept_for, ..Step::named("accept", None) };
        self.run(mark, step, |value| done(value).map(drop))
    }

    fn accepted(&self, mark: Mark) -> StoreFuture<'_, Option<Accepted>> {
        self.run(mark, Step::named("accepted", None), |value| {
            match Option::<String>::from_redis_value(value).ok()? {
                Some(stated) => accepted(&stated).map(Some),
                None => Some(None),
            }
        })
    }

    fn lease(&self) -> Option<Duration> {
        Some(self.lease)
    }

    fn renew(&self, mark: Mark, id: HoldId) -> StoreFuture<'_, bool> {
        let (step, sent) = (self.run(mark, Step::named("renew", Some(id)), done), Instant::now());
        Box::pin(async move {
            let renewed = step.await?;
            if renewed {
                self.ledger.heard(mark, id, sent);
            }
            Ok(renewed)
        })
    }

    fn was_away_lately(&self) -> bool {
        self.state.was_away_lately()
    }

    /// Of a connection that a function makes, no more than that it is Redis.
    fn place(&self) -> String {
        self.state.place().map_or_else(|| "Redis".to_owned(), |place| format!("Redis at {place}"))
    }

    fn shared(mut self, account: [u8; 32]) -> Arc<dyn Balances> {
        self.ledger = process::shared(account, Ledger::default);
        Arc::new(self)
    }
}

fn store_error(fault: Fault) -> StoreError {
    match fault {
        Fault::Full => StoreError::Full,
        Fault::LeftAside => StoreError::NotAsked(fault.to_string().into()),
        Fault::Away(cause) => StoreError::Unreachable(cause),
    }
}
