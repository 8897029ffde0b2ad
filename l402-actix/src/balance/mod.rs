//! What a payment is good for, and what is left of it.
//!
//! In: the mark of a verified payment, what the route counts, and how the request has ended.
//! Out: a hold on it, or that it is busy or used up, or a `StoreError`.
//! Never: a credential, the broker, or a status that is answered.

mod acceptance;
mod hold;
mod line;
mod memory;
mod portion;
mod probe;
#[cfg(feature = "redb")]
mod redb;
#[cfg(feature = "redis")]
mod redis;
mod settings;
mod sheet;
mod step;
mod store;
mod stream;

pub(crate) use self::acceptance::{accept, accepted};
pub(crate) use self::hold::{Claimed, Ending, Hold};
pub use self::memory::{DEFAULT_CAPACITY, MemoryStore};
pub use self::portion::{Balance, BalanceError};
#[cfg(feature = "redb")]
pub use self::redb::RedbStore;
#[cfg(feature = "redis")]
pub use self::redis::RedisStore;
pub(crate) use self::settings::Settings;
pub(crate) use self::step::within_time;
pub use self::store::{
    Accepted, Balances, Claim, DEFAULT_KEPT_FOR, HoldId, Kind, Mark, Portion, Quota, StoreError,
    StoreFuture,
};
pub(crate) use self::stream::Metered;
