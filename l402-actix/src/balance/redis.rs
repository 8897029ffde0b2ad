//! Balances in Redis, which several processes share.

use std::{
    collections::{HashMap, hash_map::Entry as Slot},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use redis::{FromRedisValue, Value};

use super::store::{
    Accepted, Balances, Claim, HoldId, Kind, MAX_KEPT_FOR, Mark, Portion, Quota, StoreError,
    StoreFuture,
};
use crate::{
    key::hex,
    process,
    shared::{self, Fault, RedisState},
};

/// All steps in one script, which Redis does as one.
const SCRIPT: &str = include_str!("balance.lua");

/// How long a hold lasts without being renewed, unless the store says otherwise: 30 seconds. Renewed
/// each third of it, it outlives two failed renewals; after a crash what was held is answered 409 for
/// this long, which a payer can wait for.
const DEFAULT_LEASE: Duration = Duration::from_secs(30);

/// The largest number that a script counts exactly.
const MAX_NUMBER: u64 = 1 << 53;

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

/// What requests of this process hold. Redis is told of it with each new look and hold on the same
/// payment, so that an outage that lets leases run out never lets this process sell what it holds.
#[derive(Default)]
struct Ledger {
    entries: Mutex<Entries>,
    /// How many steps of a request were sent of which nothing was heard: one may yet take effect.
    unheard: Mutex<HashMap<HoldId, u32>>,
}

type Entries = HashMap<Mark, Vec<Entry>>;

struct Entry {
    id: HoldId,
    portion: Portion,
    /// When Redis last said so: before its lease has run out there is no need to say it again.
    heard: Option<Instant>,
    /// It was said again, beside another request's step. That may come after the end of this one, and
    /// must not bring it back then.
    said_again: bool,
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

/// One step, in the words of the script.
#[derive(Clone, Copy)]
struct Step<'a> {
    name: &'static str,
    id: Option<HoldId>,
    quota: Option<Quota>,
    portion: Portion,
    kept_for: Duration,
    ours: &'a [(HoldId, Portion)],
    accepted: Option<Accepted>,
    /// Whether something that was said of a request may take effect after what ends it.
    unsure: bool,
}

impl Step<'_> {
    fn named(name: &'static str, id: Option<HoldId>) -> Self {
        Self {
            name,
            id,
            quota: None,
            portion: Portion::default(),
            kept_for: Duration::ZERO,
            ours: &[],
            accepted: None,
            unsure: false,
        }
    }

    fn keys(&self, mark: Mark) -> Vec<String> {
        let account = hex(mark.account());
        let over = |id: HoldId| format!("l402:{{{account}}}:over:{id}");
        let own = [
            shared::name(mark.account(), "balance", mark.payment_hash()),
            over(self.id.unwrap_or(HoldId::new([0; 16]))),
        ];
        own.into_iter().chain(self.ours.iter().map(|(id, _)| over(*id))).collect()
    }

    fn on(self, quota: Quota) -> Self {
        Self { quota: Some(quota), kept_for: quota.kept_for, ..self }
    }

    fn arguments(&self, lease: Duration) -> Vec<String> {
        let number = |number: u64| number.min(MAX_NUMBER).to_string();
        let kind = self.quota.map_or("", |quota| match quota.kind {
            Kind::Uses => "uses",
            Kind::Units => "units",
        });
        let id = self.id.map(|id| id.to_string()).unwrap_or_default();
        let mut arguments = vec![
            self.name.to_owned(),
            id,
            kind.to_owned(),
            number(self.quota.map_or(0, |quota| quota.limit)),
            number(self.portion.held),
            number(self.portion.drawn),
            millis(lease),
            millis(self.kept_for),
        ];
        if let Some(accepted) = self.accepted {
            let counted = match accepted.counted {
                Some((Kind::Uses, limit)) => format!(" uses {limit}"),
                Some((Kind::Units, limit)) => format!(" units {limit}"),
                None => String::new(),
            };
            let (resource, sats) = (hex(&accepted.resource), accepted.amount_sats);
            arguments.push(format!("{} {resource} {sats}{counted}", hex(&accepted.seal)));
        }
        if self.unsure {
            arguments.push("unsure".to_owned());
        }
        for (id, portion) in self.ours {
            arguments.extend([id.to_string(), number(portion.held), number(portion.drawn)]);
        }
        arguments
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
        self.ledger.remove(mark, id);
        self.ledger.unheard().remove(&id);
        let step = Step { unsure, ..Step::named("settle", Some(id)) };
        self.run(mark, step, |value| done(value).map(drop))
    }

    fn settle_at(&self, mark: Mark, id: HoldId, drawn: u64) -> StoreFuture<'_, ()> {
        self.ledger.remove(mark, id);
        self.ledger.unheard().remove(&id);
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
            self.ledger.remove(mark, id);
            self.ledger.unheard().remove(&id);
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
            let Some(stated) = Option::<String>::from_redis_value(value).ok()? else {
                return Some(None);
            };
            let mut words = stated.split(' ');
            let (seal, resource, sats) = (words.next()?, words.next()?, words.next()?);
            let counted = match (words.next(), words.next()) {
                (Some("uses"), Some(limit)) => Some((Kind::Uses, limit.parse().ok()?)),
                (Some("units"), Some(limit)) => Some((Kind::Units, limit.parse().ok()?)),
                _ => None,
            };
            let (seal, resource) = (Mark::read_hash(seal)?, Mark::read_hash(resource)?);
            Some(Some(Accepted { resource, amount_sats: sats.parse().ok()?, counted, seal }))
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

impl Ledger {
    fn of(&self, mark: Mark, lease: Duration) -> Vec<(HoldId, Portion)> {
        let mut entries = self.entries();
        let own = entries.get_mut(&mark).into_iter().flatten();
        own.filter(|entry| entry.heard.is_none_or(|at| at.elapsed() >= lease))
            .map(|entry| {
                entry.said_again = true;
                (entry.id, entry.portion)
            })
            .collect()
    }

    fn heard(&self, mark: Mark, id: HoldId, at: Instant) {
        if let Some(holds) = self.entries().get_mut(&mark)
            && let Some(entry) = holds.iter_mut().find(|entry| entry.id == id)
        {
            entry.heard = Some(at);
        }
    }

    fn put(&self, mark: Mark, id: HoldId, change: impl FnOnce(&mut Portion)) {
        let mut entries = self.entries();
        let holds = entries.entry(mark).or_default();
        if let Some(entry) = holds.iter_mut().find(|entry| entry.id == id) {
            change(&mut entry.portion);
        } else {
            let mut portion = Portion::default();
            change(&mut portion);
            holds.push(Entry { id, portion, heard: None, said_again: false });
        }
    }

    fn remove(&self, mark: Mark, id: HoldId) {
        let mut entries = self.entries();
        if let Some(holds) = entries.get_mut(&mark) {
            holds.retain(|entry| entry.id != id);
            if holds.is_empty() {
                entries.remove(&mark);
            }
        }
    }

    /// A step of this request is sent. Unless it is told of the answer, it may yet take effect.
    fn asks(&self, id: HoldId) -> Asked<'_> {
        *self.unheard().entry(id).or_default() += 1;
        Asked { ledger: self, id }
    }

    /// Whether something that was said of this request may yet take effect after its end.
    fn is_unsure(&self, mark: Mark, id: HoldId) -> bool {
        let was_said_again = self
            .entries()
            .get(&mark)
            .is_some_and(|holds| holds.iter().any(|entry| entry.id == id && entry.said_again));
        was_said_again || self.unheard().contains_key(&id)
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unheard(&self) -> MutexGuard<'_, HashMap<HoldId, u32>> {
        self.unheard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Asked<'a> {
    ledger: &'a Ledger,
    id: HoldId,
}

impl Asked<'_> {
    fn answered<T>(self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        if !matches!(answer, Err(StoreError::Unreachable(_))) {
            let mut unheard = self.ledger.unheard();
            if let Slot::Occupied(mut steps) = unheard.entry(self.id) {
                *steps.get_mut() -= 1;
                if *steps.get() == 0 {
                    steps.remove();
                }
            }
        }
        answer
    }
}

/// `{0, held, left}`, `{1}` busy, `{2}` used up, `{3}` of another kind.
fn claim(value: Value) -> Option<Claim> {
    let numbers = Vec::<u64>::from_redis_value(value).ok()?;
    match *numbers.as_slice() {
        [0, amount, left] => Some(Claim::Held { amount, left }),
        [1] => Some(Claim::Busy),
        [2] => Some(Claim::UsedUp),
        [3] => Some(Claim::OtherKind),
        _ => None,
    }
}

fn done(value: Value) -> Option<bool> {
    i64::from_redis_value(value).ok().map(|done| done == 1)
}

/// At least 1 and not beyond what Redis can add to its clock, which it refuses.
fn millis(time: Duration) -> String {
    time.min(MAX_KEPT_FOR).as_millis().max(1).to_string()
}

fn store_error(fault: Fault) -> StoreError {
    match fault {
        Fault::Full => StoreError::Full,
        Fault::LeftAside => StoreError::NotAsked(fault.to_string().into()),
        Fault::Away(cause) => StoreError::Unreachable(cause),
    }
}
