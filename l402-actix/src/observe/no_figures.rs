//! In the place of `figures.rs` without the feature `metrics`: nothing is counted.

use super::labels::{Cache, Endpoint, Limiter, Outcome};

pub(crate) const ARE_KEPT: bool = false;

pub(super) fn request(_: String, _: Outcome) {}

pub(super) fn payment(_: &str, _: [u8; 32], _: u64) {}

pub(crate) fn timed<F>(_: Endpoint, call: F) -> F {
    call
}

pub(crate) fn hit(_: Cache) {}

pub(crate) fn limited(_: Limiter) {}
