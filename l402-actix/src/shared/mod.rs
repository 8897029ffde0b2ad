//! What several processes share: a Redis.
//!
//! In: how to connect to it, and scripts over keys of one account.
//! Out: their answers, or that it is full or away.
//! Never: what the keys stand for.

mod connection;
mod eviction;
mod line;
mod patience;
mod run;
mod state;

pub(crate) use self::line::Fault;
pub use self::state::RedisState;
pub(crate) use self::state::name;
