//! What a store of balances is, and the names that it goes by.

use std::{
    any::type_name,
    error::Error,
    fmt,
    future::{Future, ready},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use l402_server::decode_hex;

/// How long the balance of a payment is kept after it was last drawn from, unless the config says
/// otherwise: 24 hours. The broker's tokens live for one hour; the rest is for a broker that lets
/// them live longer.
pub const DEFAULT_KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// The least time for which a balance is kept: what the broker's tokens live. One that is forgotten
/// earlier would let its token in again.
pub(crate) const MIN_KEPT_FOR: Duration = Duration::from_secs(60 * 60);

/// The longest time for which a balance is kept: a hundred years, which every clock can add.
pub(crate) const MAX_KEPT_FOR: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// What a [`Balances`] method returns.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Where it is written down what has been drawn from each payment.
///
/// Three stores come with this crate: [`MemoryStore`](crate::MemoryStore) (the default), `RedbStore`
/// (feature `redb`) for a file that survives restarts, and `RedisStore` (feature `redis`) for several
/// processes.
///
/// A payment is known by a [`Mark`], and a request by a [`HoldId`] of its own. A request holds a part
/// of the balance before its handler is called, draws from what it holds, and in the end settles or
/// gives back. What is settled stays drawn. What is good for how much is the route's to say: each call
/// brings the [`Quota`], and the store keeps what was drawn.
///
/// # Writing a store
///
/// Each method is one atomic step, and can be asked again under the same id without changing the
/// result: an answer can be lost. What all requests have drawn, and hold at one time, must never add
/// up to more than the quota. Methods are called on a thread that is shared by all requests, so they
/// must not block it; each is given up after five seconds. What they do may take effect after they
/// have been given up, as long as the calls for one id take effect in the order in which they were
/// made.
///
/// The three bound how many requests have a part of one payment at a time, at 256: each step looks at
/// all of them. Who comes then is told that it is busy.
///
/// A store that several processes share needs a [`lease`](Self::lease), so that what a crashed process
/// held is free again. What it had drawn stays drawn: the answer may have gone out.
///
/// A store never forgets a balance before its time to make room for another one: that would sell a
/// payment twice. It is [`StoreError::Full`] instead, which a client is answered as 503.
pub trait Balances: fmt::Debug + Send + Sync + 'static {
    /// Lets the request hold `amount` in all, or as much of it as is left; what it holds already
    /// counts and is never taken from it.
    fn hold(&self, mark: Mark, id: HoldId, quota: Quota, amount: u64) -> StoreFuture<'_, Claim>;

    /// Writes down how much the request holds in all, and how much of it is drawn in all. What was
    /// written down as drawn before never becomes less. Until [`settle`](Self::settle) other requests
    /// are to see it as held.
    ///
    /// A request whose hold is gone, because its lease ran out or because the store lost it, gets it
    /// back where there is room. `false`, and nothing changes, where there is none.
    fn draw(&self, mark: Mark, id: HoldId, quota: Quota, portion: Portion)
    -> StoreFuture<'_, bool>;

    /// Ends the hold: what it has drawn stays drawn, the rest is free. Without a hold nothing happens.
    fn settle(&self, mark: Mark, id: HoldId) -> StoreFuture<'_, ()>;

    /// The same, and no more than `drawn` stays drawn: a [`draw`](Self::draw) of more has failed, and what
    /// it was for was not sent. Whether it took effect, or takes effect later, it must not count.
    ///
    /// The default is [`settle`](Self::settle), which is enough where a draw that fails has drawn nothing.
    fn settle_at(&self, mark: Mark, id: HoldId, _drawn: u64) -> StoreFuture<'_, ()> {
        self.settle(mark, id)
    }

    /// Ends the hold as if nothing had been drawn. A [`draw`](Self::draw) of this request that takes
    /// effect later must not count.
    fn give_back(&self, mark: Mark, id: HoldId) -> StoreFuture<'_, ()>;

    /// What an attempt to hold something would come to at this moment, without making it: asked before
    /// the broker is, so that a used-up token costs no call.
    fn look(&self, mark: Mark, quota: Quota) -> StoreFuture<'_, Claim>;

    /// Writes down what an MPP payment was accepted for. The broker takes such a payment once, so from
    /// then on this is what answers for it. Kept as long as the balance.
    fn accept(&self, mark: Mark, accepted: Accepted, kept_for: Duration) -> StoreFuture<'_, ()>;

    /// What the payment was accepted for, if [`accept`](Self::accept) was told.
    fn accepted(&self, mark: Mark) -> StoreFuture<'_, Option<Accepted>>;

    /// How long a hold lasts without being renewed. Default: `None`, which is a store whose holds end
    /// with this process.
    fn lease(&self) -> Option<Duration> {
        None
    }

    /// Lets a hold last for another lease. `false` if it is gone. Only for stores with a lease.
    fn renew(&self, mark: Mark, id: HoldId) -> StoreFuture<'_, bool> {
        let _ = (mark, id);
        Box::pin(ready(Ok(true)))
    }

    /// Whether it was away so lately that other processes may not have written down yet what they know.
    /// Then the broker's no to an MPP payment is answered 503 and not with a price. Default: `false`.
    fn was_away_lately(&self) -> bool {
        false
    }

    /// Where the balances are: the same for stores that know of each other's, and for no others.
    /// Default: the name of the type.
    ///
    /// The configs of an account have to keep them in one place, or a payment is worth as much in each.
    /// A config that names another one than those that are in use is answered 500, and the log names
    /// both: say nothing secret.
    fn place(&self) -> String {
        type_name::<Self>().to_owned()
    }

    /// The store that a config of this account is to use. Default: this one.
    ///
    /// A config that is built inside the `HttpServer::new` closure exists once for each worker,
    /// and so does the store that it is given. One whose balances are in this process's memory must
    /// answer the same for the same account here, or four workers sell a payment four times.
    fn shared(self, account: [u8; 32]) -> Arc<dyn Balances>
    where
        Self: Sized,
    {
        let _ = account;
        Arc::new(self)
    }
}

/// What became of an attempt to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The request holds so much in all.
    Held {
        /// What it holds, at least 1.
        amount: u64,
        /// What is left for other requests.
        left: u64,
    },
    /// All that is left is held by other requests, which may yet give it back.
    Busy,
    /// All of it is drawn.
    UsedUp,
    /// It has been drawn from in the other kind: uses and units cannot be added up.
    OtherKind,
}

/// What a payment is good for, by the route that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// What is counted.
    pub kind: Kind,
    /// How much of it one payment buys, at least 1.
    pub limit: u64,
    /// How long the balance is kept after it was last drawn from.
    pub kept_for: Duration,
}

/// What a route counts. Routes that share a resource count the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Answers.
    Uses,
    /// Whatever the merchant counts: tokens of a model, bytes, seconds.
    Units,
}

/// What one request has of a balance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Portion {
    /// What it holds in all, what is drawn of it included.
    pub held: u64,
    /// What it has drawn in all.
    pub drawn: u64,
}

/// What an MPP payment was accepted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// The SHA-256 that names the resource.
    pub resource: [u8; 32],
    /// What was paid.
    pub amount_sats: u64,
    /// What the gate counts that it was drawn at, and how much of it one payment buys there; `None` for
    /// one answer.
    pub counted: Option<(Kind, u64)>,
    /// What shows that the gate has written it, and for this payment. Whoever else can write to the store
    /// cannot make one up.
    pub seal: [u8; 32],
}

/// Names a payment: the merchant's account and the payment hash, which is the SHA-256 of its preimage.
/// No secret.
///
/// The account belongs to it because merchants may share a store, each with a broker of its own, and
/// one's broker must not be able to use up the other's payments.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    account: [u8; 32],
    payment_hash: [u8; 32],
}

impl Mark {
    /// The mark of the payment with this hash to this account.
    #[must_use]
    pub const fn new(account: [u8; 32], payment_hash: [u8; 32]) -> Self {
        Self { account, payment_hash }
    }

    /// The account: a hash over the broker's URL and the API key.
    #[must_use]
    pub const fn account(&self) -> &[u8; 32] {
        &self.account
    }

    /// The payment hash.
    #[must_use]
    pub const fn payment_hash(&self) -> &[u8; 32] {
        &self.payment_hash
    }

    /// 64 hexadecimal digits -> the payment hash; `None` for anything else.
    pub(crate) fn read_hash(digits: &str) -> Option<[u8; 32]> {
        decode_hex(digits.as_bytes())
    }
}

/// The payment hash in hexadecimal, as it is written.
impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.payment_hash, f)
    }
}

impl fmt::Debug for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.payment_hash, f)
    }
}

/// Tells one request's hold from every other one's, on whichever machine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HoldId([u8; 16]);

impl HoldId {
    /// The id with these bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Random: two machines must never come up with the same one.
    pub(super) fn fresh() -> Result<Self, StoreError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(StoreError::unreachable)?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for HoldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Debug for HoldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

fn hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// Why a store could not do it. The client is answered 503 and keeps its token.
#[derive(Debug, derive_more::Display, derive_more::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no room for another balance.
    #[display("the store of balances is full")]
    Full,
    /// It cannot be reached, cannot be trusted, or did not answer in time.
    #[display("the store of balances is away: {_0}")]
    Unreachable(Box<dyn Error + Send + Sync>),
    /// It was not asked, since it did not answer a moment ago: nothing has changed there.
    #[display("the store of balances is away: {_0}")]
    NotAsked(Box<dyn Error + Send + Sync>),
    /// What the request held was given to another one, since this process was silent for longer than
    /// the store's lease.
    #[display("the hold on a payment was lost to another request")]
    Lost,
}

impl StoreError {
    /// [`Unreachable`](Self::Unreachable), for this reason.
    pub fn unreachable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unreachable(cause.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payment_hash_is_read_from_64_hexadecimal_digits_of_either_case_and_nothing_else() {
        let digits = "00ff".repeat(16);
        let hash = Mark::read_hash(&digits).expect("a hash");
        assert_eq!(Mark::new([0; 32], hash).to_string(), digits);
        assert_eq!(Mark::read_hash(&digits.to_uppercase()), Some(hash));
        for wrong in ["", "00", &digits[1..], &format!("{digits}0"), &"zz".repeat(32)] {
            assert_eq!(Mark::read_hash(wrong), None, "{wrong}");
        }
        assert_eq!(Mark::read_hash(&"é".repeat(32)), None);
    }

    #[test]
    fn two_fresh_ids_differ() {
        assert_ne!(HoldId::fresh().expect("an id"), HoldId::fresh().expect("an id"));
    }
}
