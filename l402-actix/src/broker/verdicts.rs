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
    memory::{self, Memory},
    payment::Payment,
    terms::Question,
};

/// How long a verdict stands: long enough that an agent in a loop costs six calls a minute, short
/// enough for a token that is revoked or expires.
const DEFAULT_TTL: Duration = Duration::from_secs(10);

/// How long those who wait for another request's verification give it before one of them asks anew.
const PATIENCE: Duration = Duration::from_secs(1);

/// The longest time to live that is taken. Beyond it the broker's word on expiry would not count.
const MAX_TTL: Duration = Duration::from_secs(10 * 60);

/// For how long a verified credential is trusted; see
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
///     .verify_cache(VerifyCache::new().ttl(Duration::from_secs(60)));
/// # Ok::<(), l402_actix::L402Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a cache does nothing until it is given to `L402Config::verify_cache`"]
pub struct VerifyCache {
    ttl: Duration,
    capacity: usize,
}

impl VerifyCache {
    /// 10 seconds, 10,000 verdicts: the default.
    pub fn new() -> Self {
        Self { ttl: DEFAULT_TTL, capacity: memory::CAPACITY }
    }

    /// No verdict is kept: each request is a call. For tokens that must stop at the very second in
    /// which they expire.
    pub fn off() -> Self {
        Self { ttl: Duration::ZERO, capacity: 0 }
    }

    pub(crate) fn is_off(self) -> bool {
        self.ttl.is_zero() || self.capacity == 0
    }

    /// How long a verdict stands, from when the broker was asked. Default: 10 seconds; at most ten
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

/// A yes that stands for a while.
#[derive(Clone)]
struct Standing {
    since: Instant,
    /// What was sent and answered yes. Never what the broker has read out: a token's holder can
    /// append a larger amount.
    amount_sats: Option<u64>,
    payment: Arc<Payment>,
}

/// The verdicts of one account.
#[derive(Default)]
pub(crate) struct Verdicts {
    kept: Arc<Memory<Standing>>,
    flights: Flights<Verdict>,
}

impl Verdicts {
    /// The yes that stands, to this question or to one about more.
    pub(crate) fn standing(&self, question: &Question, cache: VerifyCache) -> Option<Arc<Payment>> {
        let standing = self.kept.get(&question.verdict)?;
        // No amount is less than any.
        let covers = question.amount_sats <= standing.amount_sats;
        (covers && standing.since.elapsed() < cache.ttl).then_some(standing.payment)
    }

    /// What the broker has read out with a yes to less, where that would cover this question. It is the
    /// holder's word, to be asked about.
    pub(super) fn read_out(&self, question: &Question, cache: VerifyCache) -> Option<u64> {
        let Standing { since, amount_sats, payment } = self.kept.get(&question.verdict)?;
        let sats = payment.amount_sats;
        let is_more = amount_sats < question.amount_sats && question.amount_sats < Some(sats);
        (is_more && since.elapsed() < cache.ttl).then_some(sats)
    }

    /// Whether this question costs no call: a yes stands, or somebody is asking it already.
    pub(super) fn is_at_hand(&self, question: &Question, cache: VerifyCache) -> bool {
        self.standing(question, cache).is_some()
            || self.flights.is_under_way(&question.name(), PATIENCE)
    }

    /// The broker says no to this question, and so no longer yes to it or to one about more.
    pub(super) fn refused(&self, question: &Question) {
        let contradicts = |yes: &mut Standing| question.amount_sats <= yes.amount_sats;
        if self.kept.change(&question.verdict, contradicts) == Some(true) {
            self.kept.forget(&question.verdict);
        }
    }

    /// The verdict that stands, else that of the call under way, else that of a new call, which
    /// `start` allows or refuses.
    ///
    /// Only a yes with its facts is kept: without them it opens nothing and is a fault of the
    /// broker's. A no is for all who were waiting for it, and so is a failure.
    pub(crate) async fn verdict<F>(
        &self,
        question: Question,
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
                let since = Instant::now();
                let verdict = call.await;
                if let Ok(Answer::Yes(payment)) = &verdict {
                    let (amount_sats, payment) = (question.amount_sats, Arc::clone(payment));
                    let yes = Standing { since, amount_sats, payment };
                    // A yes to more, of a call that was under way beside this one, says more.
                    let is_more = kept.get(&question.verdict).is_some_and(|other| {
                        other.amount_sats > amount_sats && other.since.elapsed() < cache.ttl
                    });
                    if !is_more {
                        kept.put(question.verdict, yes, cache.capacity);
                    }
                }
                verdict
            })
        };
        match self.flights.share(question.name(), PATIENCE, standing, call).await? {
            Shared::Own(verdict) | Shared::Others(verdict) => Ok(verdict),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(sats: u64) -> Question {
        Question { verdict: [1; 32], amount_sats: Some(sats), payment_hash: None }
    }

    fn yes(sats: u64) -> Answer {
        let payment = Payment {
            resource: "/a".to_owned(),
            merchant_id: None,
            amount_sats: sats,
            payment_hash: None,
        };
        Answer::Yes(Arc::new(payment))
    }

    #[test]
    fn a_verdict_stands_for_ten_minutes_at_most_and_not_at_all_without_time_or_room() {
        let hour = VerifyCache::new().ttl(Duration::from_secs(60 * 60));
        assert_eq!(hour.ttl, Duration::from_secs(600));
        assert!(!hour.is_off());
        assert!(VerifyCache::new().ttl(Duration::ZERO).is_off());
        assert!(VerifyCache::new().capacity(0).is_off());
    }

    #[actix_web::test]
    async fn a_yes_to_more_that_came_meanwhile_is_not_lost_by_one_to_less() {
        let (verdicts, cache) = (Arc::new(Verdicts::default()), VerifyCache::new());
        let less = verdicts.verdict(question(50), cache, || {
            let verdicts = Arc::clone(&verdicts);
            Ok(async move {
                let more =
                    verdicts.verdict(question(100), cache, || Ok(async { Ok(yes(100)) })).await;
                assert!(more.is_ok());
                Ok(yes(50))
            })
        });
        assert!(matches!(less.await, Ok(Ok(Answer::Yes(_)))));
        assert!(verdicts.standing(&question(100), cache).is_some());
    }

    #[actix_web::test]
    async fn a_yes_to_more_that_stands_no_longer_makes_way_for_one_to_less() {
        let (verdicts, cache) = (Verdicts::default(), VerifyCache::new());
        let Answer::Yes(payment) = yes(100) else { panic!("a yes") };
        let since = Instant::now().checked_sub(cache.ttl).expect("a machine that runs for a while");
        let old = Standing { since, amount_sats: Some(100), payment };
        verdicts.kept.put(question(100).verdict, old, cache.capacity);
        let less = verdicts.verdict(question(50), cache, || Ok(async { Ok(yes(50)) }));
        assert!(matches!(less.await, Ok(Ok(Answer::Yes(_)))));
        assert!(verdicts.standing(&question(50), cache).is_some());
    }
}
