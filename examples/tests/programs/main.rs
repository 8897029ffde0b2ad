//! The examples as newcomers run them: as programs, by what they print, over real HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod browsers;
mod health;
mod live;
mod metrics;
mod program;
mod stories;
