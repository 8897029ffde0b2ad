//! What is wrong before the first request.

use std::{error::Error, fmt};

/// What a config cannot charge with yet; see [`L402Config::ready`](crate::L402Config::ready).
///
/// Its `Debug`, which is what a failed `main` prints, is its text: a line for each fault. No line
/// shows the API key or a password.
pub struct NotReady(Vec<String>);

impl NotReady {
    pub(super) fn of(faults: Vec<String>) -> Self {
        Self(faults)
    }

    /// The faults, each with what to do.
    pub fn faults(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("paid routes would fail:")?;
        self.0.iter().try_for_each(|fault| write!(f, "\n- {fault}"))
    }
}

impl fmt::Debug for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for NotReady {}
