//! Somebody who has paid, and how often it may ask.

use std::time::{Duration, Instant};

use super::minute::Left;
use crate::window::Window;

/// How long somebody is known who has paid, from the last yes on, or from when the payment was shown:
/// what the broker's tokens live.
const KNOWN_FOR: Duration = Duration::from_secs(60 * 60);

pub(super) struct Payer {
    pub(super) since: Instant,
    pub(super) calls: Window,
    /// Of these, the questions that the broker has said no to since its last yes.
    pub(super) vain: Window,
}

/// How a payer may call.
pub(super) enum Rank {
    Allowed,
    /// The minute is used up: one such a second finds out whether that still holds.
    ToProbe,
    /// It has asked in vain, so that its next question counts like a stranger's.
    LikeAStranger,
    Denied(Duration),
}

impl Payer {
    pub(super) fn new(since: Instant) -> Self {
        Self { since, calls: Window::default(), vain: Window::default() }
    }

    fn is_known(&self, now: Instant) -> bool {
        now.duration_since(self.since) < KNOWN_FOR
    }

    /// Takes a call, if it may be made. `None` for somebody who is not known any more.
    pub(super) fn take(&mut self, left: Left, now: Instant) -> Option<Rank> {
        if !self.is_known(now) {
            return None;
        }
        let (right, own) = (left.reserve().max(1), self.calls.count(now));
        // Once is a mistake, such as a token of a sibling route.
        let asks_in_vain = self.vain.count(now) >= 2;
        // The last calls are for those who have hardly called.
        let is_right = own < right && left.for_payers > own / 4;
        let others = left.everywhere(own).saturating_mul(2);
        let rank = if left.for_payers == 0 {
            Rank::ToProbe
        } else if asks_in_vain {
            if own >= right {
                return Some(Rank::Denied(self.calls.wait_for(right, now)));
            }
            Rank::LikeAStranger
        } else if is_right || left.calls > left.reserve().saturating_add(others) {
            Rank::Allowed
        } else {
            return Some(Rank::Denied(self.calls.wait_for(right, now)));
        };
        self.calls.note(now);
        Some(rank)
    }
}
