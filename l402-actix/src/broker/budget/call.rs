//! A call that somebody causes, and why it may not be made.

use std::time::Duration;

use crate::{key::Key, window::MINUTE};

/// What is to be called.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Call {
    Mint,
    Verify,
    /// The second question about a credential.
    Diagnose,
}

/// Who causes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker {
    /// By its address or name; `None` for nobody in particular, who is one client too.
    pub(crate) client: Option<Key>,
    /// The payment hash that a credential proves.
    pub(crate) payer: Option<Key>,
}

/// Why a call may not be made, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// For what this client has asked in vain.
    Client(Duration),
    /// For what this payer has asked beyond its right.
    Payer(Duration),
    /// The account's minute is used up, or what strangers may use of it.
    Account(Duration),
}

/// A little later than the earliest moment, so that not all come back at once; within the minute
/// that the broker counts by.
pub(crate) fn jittered(wait: Duration) -> Duration {
    let mut byte = [0];
    // Without randomness all come back at once, which is no more than inconvenient.
    let _ = getrandom::fill(&mut byte);
    let late = (wait / 4).min(Duration::from_secs(5)) * u32::from(byte[0]) / 255;
    (wait + late).min(MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_told_to_wait_comes_a_little_later_and_not_with_all_others() {
        let seconds = Duration::from_secs;
        for (wait, latest) in
            [(seconds(4), seconds(5)), (seconds(40), seconds(45)), (MINUTE, MINUTE)]
        {
            let mut waits: Vec<Duration> = (0..64).map(|_| jittered(wait)).collect();
            assert!(waits.iter().all(|jittered| (wait..=latest).contains(jittered)), "{waits:?}");
            waits.dedup();
            assert!(wait == MINUTE || waits.len() > 8, "{waits:?}");
        }
    }
}
