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
        let everywhere = left.everywhere(own);
        // The last calls are for those who have hardly called at any process. What else calls with the
        // same key looks like more processes, and so do the others where one's own calls all come to this
        // one, so that nobody is kept from more than half of what it has called here.
        let is_right = own < right && left.for_payers > (everywhere / 4).min(own / 2);
        let rank = if left.for_payers == 0 {
            Rank::ToProbe
        } else if asks_in_vain {
            if own >= right {
                return Some(Rank::Denied(self.calls.wait_for(right, now)));
            }
            Rank::LikeAStranger
        } else if is_right
            || left.calls > left.reserve().saturating_add(everywhere.saturating_mul(2))
        {
            Rank::Allowed
        } else {
            return Some(Rank::Denied(self.calls.wait_for(right, now)));
        };
        self.calls.note(now);
        Some(rank)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(payer: &mut Payer, left: Left, now: Instant) -> bool {
        matches!(payer.take(left, now), Some(Rank::Allowed))
    }

    #[test]
    fn somebody_who_has_paid_is_known_for_an_hour() {
        let now = Instant::now();
        let minutes = |minutes: u64| now + Duration::from_secs(60 * minutes);
        let mut payer = Payer::new(now);
        assert!(takes(&mut payer, Left::of_a_hundred(100), minutes(0)));
        assert!(takes(&mut payer, Left::of_a_hundred(100), minutes(59)));
        assert!(payer.take(Left::of_a_hundred(100), minutes(61)).is_none());
    }

    #[test]
    fn a_payer_has_ten_of_a_hundred_by_right_and_then_what_nobody_else_needs() {
        let (now, mut payer) = (Instant::now(), Payer::new(Instant::now()));
        for _ in 0..10 {
            assert!(takes(&mut payer, Left::of_a_hundred(10), now));
        }
        assert!(!takes(&mut payer, Left::of_a_hundred(10), now), "no more by right");
        // Ten are kept for those who have paid, and two for each that it has had.
        assert!(!takes(&mut payer, Left::of_a_hundred(30), now));
        assert!(takes(&mut payer, Left::of_a_hundred(31), now));
    }

    #[test]
    fn the_last_calls_are_for_those_who_have_hardly_called() {
        let (now, mut payer) = (Instant::now(), Payer::new(Instant::now()));
        for _ in 0..8 {
            assert!(takes(&mut payer, Left::of_a_hundred(100), now));
        }
        assert!(!takes(&mut payer, Left::of_a_hundred(2), now), "a quarter of eight");
        assert!(takes(&mut payer, Left::of_a_hundred(3), now));
        assert!(matches!(payer.take(Left::of_a_hundred(0), now), Some(Rank::ToProbe)));
    }

    #[test]
    fn who_calls_at_every_process_has_called_as_often_as_all_of_them_see() {
        let (now, mut payer) = (Instant::now(), Payer::new(Instant::now()));
        for _ in 0..8 {
            assert!(takes(&mut payer, Left::of_a_hundred(100), now));
        }
        assert!(!takes(&mut payer, Left::of_a_hundred(2), now), "of 8 a quarter");
        for processes in [2, 4, 40] {
            let left = |calls| Left::of_a_hundred(calls).at_one_of(processes);
            assert!(!takes(&mut payer, left(4), now), "half of what it has called here");
            let mut same = Payer { calls: payer.calls.clone(), ..Payer::new(now) };
            assert!(takes(&mut same, left(5), now), "and no more, at {processes}");
        }
    }
}
