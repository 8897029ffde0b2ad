//! What the broker has said about a credential, and how long that stands without asking again.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use l402_server::{L402Error, Verification};

use super::{
    flight::{Flights, Shared},
    refusal::BrokerRefusal,
};
use crate::{
    key::Key,
    memory::{self, Memory},
    payment::Payment,
};

/// How long a verdict stands: long enough that an agent in a loop costs two calls a minute, short
/// enough for a token that is revoked or expires.
const DEFAULT_TTL: Duration = Duration::from_secs(30);

/// The longest time to live that is taken. Beyond it the broker's word on expiry would not count.
const MAX_TTL: Duration = Duration::from_secs(10 * 60);

/// Trusts a verified credential for a short time; see
/// [`L402Config::verify_cache`](crate::L402Config::verify_cache).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use l402_actix::{L402Config, VerifyCache};
/// # let client = l402_actix::L402Client::new("key")?;
///
/// let config = L402Config::new(client)
///     .verify_cache(VerifyCache::new().ttl(Duration::from_secs(10)));
/// # Ok::<(), l402_actix::L402Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a cache does nothing until it is given to `L402Config::verify_cache`"]
pub struct VerifyCache {
    ttl: Duration,
    capacity: usize,
}

impl VerifyCache {
    /// 30 seconds, 10,000 verdicts.
    pub fn new() -> Self {
        Self { ttl: DEFAULT_TTL, capacity: memory::CAPACITY }
    }

    /// How long a verdict stands, from when the broker was asked. Default: 30 seconds; at most ten
    /// minutes.
    ///
    /// This is how much longer than the broker says a token that has expired or was revoked can
    /// open its route. Using it does not prolong it.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl.min(MAX_TTL);
        self
    }

    /// How many verdicts are kept, at a few hundred bytes each; the one that was not used for
    /// longest goes first. Default: 10,000.
    pub fn capacity(mut self, verdicts: usize) -> Self {
        self.capacity = verdicts;
        self
    }
}

impl Default for VerifyCache {
    fn default() -> Self {
        Self::new()
    }
}

/// The broker's answer, or why there is none.
pub(crate) type Verdict = Result<Answer, Arc<L402Error>>;

/// An answer of the broker's.
#[derive(Clone)]
pub(crate) enum Answer {
    /// Yes, with all that has to be compared. Shared, because it may be kept for many requests.
    Yes(Arc<Payment>),
    /// Yes, and not for what.
    Incomplete(Verification),
    No(Verification),
}

impl Answer {
    pub(super) fn is_yes(&self) -> bool {
        !matches!(self, Self::No(_))
    }
}

impl From<Verification> for Answer {
    fn from(verdict: Verification) -> Self {
        match verdict {
            Verification {
                valid: true,
                resource: Some(resource),
                amount_sats: Some(amount_sats),
                merchant_id,
                payment_hash,
                ..
            } => Self::Yes(Arc::new(Payment { resource, merchant_id, amount_sats, payment_hash })),
            verdict if verdict.valid => Self::Incomplete(verdict),
            verdict => Self::No(verdict),
        }
    }
}

/// The fact that a yes leaves out. Without it the yes cannot be compared with what the request
/// costs, so it opens nothing.
pub(crate) fn missing_fact(incomplete: &Verification) -> &'static str {
    if incomplete.resource.is_none() { "resource" } else { "amountSats" }
}

/// The verdicts of one account.
#[derive(Default)]
pub(crate) struct Verdicts {
    kept: Arc<Memory<(Instant, Arc<Payment>)>>,
    flights: Flights<Verdict>,
}

impl Verdicts {
    /// The yes that stands.
    pub(crate) fn standing(&self, question: &Key, cache: VerifyCache) -> Option<Arc<Payment>> {
        let (since, payment) = self.kept.get(question)?;
        (since.elapsed() < cache.ttl).then_some(payment)
    }

    /// The verdict that stands, else that of the call under way, else that of a new call, which
    /// `start` allows or refuses.
    ///
    /// Only a yes with its facts is kept: without them it opens nothing and is a fault of the
    /// broker's. A no is for all who were waiting for it, and so is a failure.
    pub(crate) async fn verdict<F>(
        &self,
        question: Key,
        cache: VerifyCache,
        start: impl Fn() -> Result<F, BrokerRefusal>,
    ) -> Result<Verdict, BrokerRefusal>
    where
        F: Future<Output = Verdict> + Send + 'static,
    {
        let standing = || Some(Ok(Answer::Yes(self.standing(&question, cache)?)));
        let call = || {
            let (kept, call) = (Arc::clone(&self.kept), start()?);
            Ok(async move {
                // From before the call: the broker may have looked at its clock right away.
                let asked = Instant::now();
                let verdict = call.await;
                if let Ok(Answer::Yes(payment)) = &verdict {
                    kept.put(question, (asked, Arc::clone(payment)), cache.capacity);
                }
                verdict
            })
        };
        match self.flights.share(question, standing, call).await? {
            Shared::Own(verdict) | Shared::Others(verdict) => Ok(verdict),
        }
    }
}
