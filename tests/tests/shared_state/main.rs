//! State that several processes share through Redis, with real processes and a real `redis-server`.

#![cfg(feature = "redis-server")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod away;
mod held;
mod payers;
mod places;
mod process;
mod restored;

use std::time::{Duration, Instant};

use l402_sandbox::Sandbox;

/// The hosted broker's limit.
async fn limited() -> Sandbox {
    Sandbox::builder().rate_limit(100).start().await.unwrap()
}

/// A credential that nobody has paid for, another one for each number.
fn garbage(number: usize) -> String {
    format!("L402 AgEL:{number:064x}")
}

/// Waits for what another process is about to do.
async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < Duration::from_secs(30), "not after 30 s: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
