//! A place among the calls of all processes that may come to nothing.

use std::time::Duration;

/// What has become of asking for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SharedPlace {
    /// It is taken, under this name.
    Taken(u64),
    /// There is none for so long.
    None(Duration),
}

/// Where the places of all processes are counted.
pub(super) trait Places: Send + Sync {
    /// A call has come to something.
    fn give_back(&self, place: u64);

    /// A call that took no place has come to nothing: its place.
    fn note(&self) -> u64;
}
