//! A place among the calls of all processes that may come to nothing.

use std::time::Duration;

use crate::key::Key;

/// How many calls of a minute may come to nothing, at all processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Share {
    /// While nobody has paid: of all calls but the reserve.
    pub(super) all: u32,
    /// What each payer who has called in the last minute has by right: strangers leave that.
    pub(super) right: u32,
    /// But so many are theirs, however many payers there are.
    pub(super) least: u32,
    /// And never more than this.
    pub(super) most: u32,
    /// Who asks for one.
    pub(super) client: Key,
    /// What is left of the minute beyond the reserve: twice what the client has asked in vain is less.
    pub(super) spare: u32,
}

/// What has become of asking for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SharedPlace {
    /// It is taken, under this name.
    Taken(u64),
    /// There is none for so long.
    None(Duration),
    /// There is none for this client.
    NoneForClient(Duration),
}

/// Where the places of all processes are counted.
pub(super) trait Places: Send + Sync {
    /// A call has come to something.
    fn give_back(&self, place: u64);

    /// A call of a client's that took no place has come to nothing: its place.
    fn note(&self, client: Key) -> u64;
}
