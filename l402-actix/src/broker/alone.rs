//! Without the feature `redis` there is nobody to tell, and nothing to be heard.

use std::{future::Ready, time::Duration};

use super::{
    checked::CheckedChallenge,
    places::Places,
    sales::{Known, Sold},
    word::{Asked, Word},
};
use crate::key::Key;

/// There is none.
pub(super) enum Elsewhere {}

impl Elsewhere {
    pub(super) fn ask(&self, _: Asked<'_>) -> Ready<Word> {
        match *self {}
    }

    pub(super) fn is_accepted(&self, _: &Key) -> Ready<bool> {
        match *self {}
    }

    pub(super) fn minted(
        &self,
        _: &Key,
        _: Sold,
        _: Option<u64>,
        _: Option<(Key, &CheckedChallenge, Duration)>,
    ) {
        match *self {}
    }

    pub(super) fn accepted(&self, _: &Key, _: Known) {
        match *self {}
    }

    pub(super) fn use_up(&self, _: &str, _: Duration) {
        match *self {}
    }

    pub(super) fn release(&self, _: &Key) {
        match *self {}
    }
}

impl Places for Elsewhere {
    fn give_back(&self, _: u64) {
        match *self {}
    }

    fn note(&self, _: Key) -> u64 {
        match *self {}
    }
}
