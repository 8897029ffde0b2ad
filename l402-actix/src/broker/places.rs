//! A place among the calls of all processes that may come to nothing.

use std::time::Duration;

use crate::key::Key;

/// How many calls of a minute may come to nothing, at all processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
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
pub(crate) enum SharedPlace {
    /// It is taken, under this name.
    Taken(u64),
    /// There is none for so long.
    None(Duration),
    /// There is none for this client.
    NoneForClient(Duration),
}

impl SharedPlace {
    /// What Redis has answered to whoever asked for one of this name: 0 if it is taken, -1 if none was
    /// asked for, else the milliseconds until there may be one; below zero where it is this client who
    /// has to wait.
    pub(super) fn read(name: u64, answer: i64) -> Option<Self> {
        let wait = Duration::from_millis(answer.unsigned_abs());
        match answer {
            0 => Some(Self::Taken(name)),
            -1 => None,
            1.. => Some(Self::None(wait)),
            _ => Some(Self::NoneForClient(wait)),
        }
    }
}

/// Where the places of all processes are counted.
pub(crate) trait Places: Send + Sync {
    /// A call has come to something.
    fn give_back(&self, place: u64);

    /// A call of a client's that took no place has come to nothing: its place.
    fn note(&self, client: Key) -> u64;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_has_to_wait_is_told_from_all_of_them() {
        let read = |answer| SharedPlace::read(7, answer);
        assert_eq!(read(0), Some(SharedPlace::Taken(7)));
        assert_eq!(read(-1), None);
        for millis in [2_i64, 60_000] {
            let wait = Duration::from_millis(millis.unsigned_abs());
            assert_eq!(read(millis), Some(SharedPlace::None(wait)));
            assert_eq!(read(-millis), Some(SharedPlace::NoneForClient(wait)));
        }
        assert_eq!(read(1), Some(SharedPlace::None(Duration::from_millis(1))));
    }
}
