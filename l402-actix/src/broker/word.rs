//! What is heard of other processes before the broker is called.

use std::{cell::Cell, time::Instant};

use super::{
    checked::CheckedChallenge,
    places::{Share, SharedPlace},
    sales::Known,
};
use crate::key::Key;

/// What is asked, in one round trip.
#[derive(Default)]
pub(super) struct Asked<'a> {
    /// Whether somebody has paid, by the hash that is proven.
    pub(super) payer: Option<Key>,
    /// Whether a client holds a challenge.
    pub(super) holder: Option<Key>,
    /// Whether a key of the merchant's brings back a paid invoice.
    pub(super) idempotency_key: Option<&'a str>,
    /// Whether there is a place for a stranger's call.
    pub(super) place: Option<Share>,
}

/// What was heard. Of a Redis that is away, or where nothing is shared: nothing.
#[derive(Default)]
pub(super) struct Word {
    /// Whether there was an answer at all.
    pub(super) is_heard: bool,
    /// The payment is known to another process.
    pub(super) known: Option<Known>,
    pub(super) held: Option<CheckedChallenge>,
    /// The key brings back a paid invoice until then.
    pub(super) used_up_until: Option<Instant>,
    pub(super) place: Cell<Option<SharedPlace>>,
}

impl Word {
    /// The place, for one call: a second one of the same request goes by what this process knows.
    pub(super) fn take_place(&self) -> Option<SharedPlace> {
        self.place.take()
    }
}
