//! Everything that can go wrong around a gated route, over real HTTP: a broker that fails, a payer
//! who cheats. `docs/RELIABILITY.md` names each test beside what it promises.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod authorization;
mod broker;
mod connection;
mod doors;
mod front;
mod grammar;
mod headers;
mod orders;
mod paths;
mod reliability;
mod spellings;
mod stage;
