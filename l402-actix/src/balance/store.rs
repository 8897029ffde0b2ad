//! What a store of spent tokens is, and the names that it goes by.

use std::{
    error::Error,
    fmt,
    future::{Future, ready},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use l402_server::decode_hex;

/// How long a reservation holds without being renewed, unless the store says otherwise: 30
/// seconds. Renewed each third of it, it outlives two failed renewals; after a crash its token
/// answers 409 for this long, which a payer can wait for.
pub const DEFAULT_LEASE: Duration = Duration::from_secs(30);

/// How long a token counts as spent, unless the config says otherwise: 24 hours. The broker's
/// tokens live for one hour; the rest is for a broker that lets them live longer.
pub const DEFAULT_SPENT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// The least time for which a token counts as spent: what the broker's tokens live. A mark that
/// is forgotten earlier would let its token in again.
pub(crate) const MIN_SPENT_FOR: Duration = Duration::from_secs(60 * 60);

/// The longest time for which a token counts as spent: a hundred years, which every clock can add.
pub(crate) const MAX_SPENT_FOR: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// What a [`SpentTokens`] method returns.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Where it is written down which single-use tokens are spent.
///
/// Three stores come with this crate: [`MemoryStore`](crate::MemoryStore) (the default), `RedbStore` (feature
/// `spent-redb`) for a file that survives restarts, and `RedisStore` (feature `spent-redis`) for
/// several machines.
///
/// A token is known by a [`Mark`], one for each payment. A mark is unknown, reserved, or spent.
/// Each request has a [`ReservationId`] of its own, and only the request that holds a reservation
/// may renew it, turn it into spent, or give it back. Reservations and spent marks run out by
/// themselves; a mark that has run out is unknown.
///
/// # Writing a store
///
/// Each method is one atomic step: of any number of requests that reserve one mark at the same
/// time, on all machines that share the store, exactly one may get [`Claim::Reserved`]. Methods
/// are called on a thread that is shared by all requests, so they must not block it; each is given
/// up after five seconds. What they do may take effect after they have been given up, as long as
/// the calls for one mark take effect in the order in which they were made.
///
/// A store never forgets a mark before its time to make room for another one: that would sell a
/// token twice. It is [`StoreError::Full`] instead, which a client is answered as 503.
pub trait SpentTokens: fmt::Debug + Send + Sync + 'static {
    /// Reserves an unknown mark for `lease`. A mark that is already reserved under `id` is
    /// reserved anew.
    fn reserve(&self, mark: Mark, id: ReservationId, lease: Duration) -> StoreFuture<'_, Claim>;

    /// Lets the reservation last `lease` from now. A mark that has become unknown, because the
    /// lease ran out or because the store lost it, is reserved again.
    ///
    /// `false` if the mark is spent, or reserved under another id.
    fn renew(&self, mark: Mark, id: ReservationId, lease: Duration) -> StoreFuture<'_, bool>;

    /// Turns the reservation into a spent mark, which lasts `spent_for` from now. So is a mark
    /// that has become unknown, and one that was spent under the same id.
    ///
    /// `false`, and nothing changes, if the mark is spent or reserved under another id.
    fn spend(&self, mark: Mark, id: ReservationId, spent_for: Duration) -> StoreFuture<'_, bool>;

    /// Makes a mark that is reserved under `id` unknown. Any other mark stays as it is.
    fn give_back(&self, mark: Mark, id: ReservationId) -> StoreFuture<'_, ()>;

    /// What an attempt to reserve the mark would come to at this moment, without making it: asked
    /// before the broker is, so that a used-up token costs no call. Default:
    /// [`Claim::Reserved`], and the broker is asked about each.
    fn look(&self, mark: Mark) -> StoreFuture<'_, Claim> {
        let _ = mark;
        Box::pin(ready(Ok(Claim::Reserved)))
    }

    /// How long reservations hold without being renewed; also how long a token is out of use
    /// whose server has crashed. Default: [`DEFAULT_LEASE`].
    fn lease(&self) -> Duration {
        DEFAULT_LEASE
    }

    /// The store that a config of this account is to use. Default: this one.
    ///
    /// A config that is built inside the `HttpServer::new` closure exists once for each worker,
    /// and so does the store that it is given. One whose marks are in this process's memory must
    /// answer the same marks for the same account here, or four workers sell a token four times.
    fn shared(self, account: [u8; 32]) -> Arc<dyn SpentTokens>
    where
        Self: Sized,
    {
        let _ = account;
        Arc::new(self)
    }
}

/// What became of an attempt to reserve a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// It is reserved for this request.
    Reserved,
    /// Another request holds it, and may yet give it back.
    Busy,
    /// It is spent.
    Spent,
}

/// Names a payment: its payment hash, which is the SHA-256 of its preimage. No secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark([u8; 32]);

impl Mark {
    /// The mark of the payment with this hash.
    #[must_use]
    pub const fn new(payment_hash: [u8; 32]) -> Self {
        Self(payment_hash)
    }

    /// The payment hash.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 hexadecimal digits -> the mark; `None` for anything else.
    pub(crate) fn from_hex(digits: &str) -> Option<Self> {
        decode_hex(digits.as_bytes()).map(Self)
    }
}

/// In hexadecimal, as payment hashes are written.
impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Debug for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

/// Tells one request's reservation from every other one's, on whichever machine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ReservationId([u8; 16]);

impl ReservationId {
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

impl fmt::Display for ReservationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Debug for ReservationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

fn hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// Why a store could not answer. The client is answered 503, and the handler is not called.
#[derive(Debug, derive_more::Display, derive_more::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no room for another mark.
    #[display("the store of spent tokens is full")]
    Full,
    /// It cannot be reached, cannot be trusted, or did not answer in time.
    #[display("the store of spent tokens is away: {_0}")]
    Unreachable(Box<dyn Error + Send + Sync>),
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
    fn a_mark_is_read_from_64_hexadecimal_digits_of_either_case_and_nothing_else() {
        let digits = "00ff".repeat(16);
        let mark = Mark::from_hex(&digits).expect("a mark");
        assert_eq!(mark.to_string(), digits);
        assert_eq!(Mark::from_hex(&digits.to_uppercase()), Some(mark));
        for wrong in ["", "00", &digits[1..], &format!("{digits}0"), &"zz".repeat(32)] {
            assert_eq!(Mark::from_hex(wrong), None, "{wrong}");
        }
        assert_eq!(Mark::from_hex(&"é".repeat(32)), None);
    }

    #[test]
    fn two_fresh_reservation_ids_differ() {
        assert_ne!(ReservationId::fresh().expect("an id"), ReservationId::fresh().expect("an id"));
    }
}
