//! What several processes share: a Redis server.
//!
//! In: its address, and scripts over keys.
//! Out: their answers, or that it is full or away.
//! Never: what the keys stand for.

pub(crate) mod redis;
