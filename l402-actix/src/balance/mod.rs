//! What a payment is good for, and what is left of it: today, one use of its token.
//!
//! In: the mark of a verified payment, and how the request that it bought has ended.
//! Out: a hold on it, or that it is busy or spent, or a `StoreError`.
//! Never: a request, a credential, the broker, or a status that is answered.

mod memory;
#[cfg(feature = "spent-redb")]
mod redb;
#[cfg(feature = "spent-redis")]
mod redis;
mod reservation;
mod settings;
mod store;

pub use self::memory::{DEFAULT_CAPACITY, MemoryStore};
#[cfg(feature = "spent-redb")]
pub use self::redb::RedbStore;
#[cfg(feature = "spent-redis")]
pub use self::redis::RedisStore;
pub(crate) use self::reservation::{Claimed, Reservation, look};
pub(crate) use self::settings::Settings;
pub use self::store::{
    Claim, DEFAULT_LEASE, DEFAULT_SPENT_FOR, Mark, ReservationId, SpentTokens, StoreError,
    StoreFuture,
};
