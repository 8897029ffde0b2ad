//! What has become of one payment: drawn, held, free. The rules of a balance, without a store.

use super::store::{Accepted, Claim, HoldId, Kind, Portion, Quota};

/// So many requests have a part of one payment at a time: each step looks at all of them.
const MOST_OPEN: usize = 256;

/// One payment's sheet, for stores whose holds are in this process's memory.
#[derive(Debug, Clone, Default)]
pub(super) struct Sheet {
    /// What it has been drawn from in, once it has.
    pub(super) kind: Option<Kind>,
    /// What requests that have ended have drawn.
    pub(super) settled: u64,
    /// What requests that still run have of it.
    open: Vec<(HoldId, Portion)>,
    pub(super) accepted: Option<Accepted>,
}

impl Sheet {
    /// One that is read from where it was kept.
    #[cfg(feature = "redb")]
    pub(super) fn known(kind: Option<Kind>, drawn: u64, accepted: Option<Accepted>) -> Self {
        Self { kind, settled: drawn, open: Vec::new(), accepted }
    }

    pub(super) fn hold(&mut self, id: HoldId, quota: Quota, amount: u64) -> Claim {
        if self.is_of_another_kind(quota) {
            return Claim::OtherKind;
        }
        let free = self.free(quota);
        let own = self.portion(id).map_or(0, |own| own.held);
        if own == 0 && free == 0 {
            return self.exhausted(quota);
        }
        if own == 0 && self.open.len() >= MOST_OPEN {
            return Claim::Busy;
        }
        let amount = amount.clamp(1, own.saturating_add(free)).max(own);
        self.kind = Some(quota.kind);
        match self.portion(id) {
            Some(portion) => portion.held = amount,
            None => self.open.push((id, Portion { held: amount, drawn: 0 })),
        }
        Claim::Held { amount, left: free - (amount - own) }
    }

    pub(super) fn look(&self, quota: Quota) -> Claim {
        match self.free(quota) {
            _ if self.is_of_another_kind(quota) => Claim::OtherKind,
            0 => self.exhausted(quota),
            free => Claim::Held { amount: 1, left: free - 1 },
        }
    }

    pub(super) fn draw(&mut self, id: HoldId, quota: Quota, portion: Portion) -> bool {
        if self.is_of_another_kind(quota) {
            return false;
        }
        let free = self.free(quota);
        match self.portion(id) {
            Some(own) if portion.drawn <= own.held.saturating_add(free) => {
                own.drawn = own.drawn.max(portion.drawn);
                own.held = own.held.max(own.drawn);
                true
            }
            None if portion.drawn <= free => {
                let held = portion.held.clamp(portion.drawn, free);
                self.kind = Some(quota.kind);
                self.open.push((id, Portion { held, ..portion }));
                true
            }
            _ => false,
        }
    }

    pub(super) fn settle(&mut self, id: HoldId) {
        if let Some(portion) = self.close(id) {
            self.settled = self.settled.saturating_add(portion.drawn);
        }
    }

    pub(super) fn give_back(&mut self, id: HoldId) {
        self.close(id);
    }

    /// What has been drawn in all, settled or not: what a file has to know.
    pub(super) fn drawn(&self) -> u64 {
        self.open.iter().fold(self.settled, |sum, (_, own)| sum.saturating_add(own.drawn))
    }

    /// Whether requests still run on it.
    pub(super) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether it says no more than one that was never made.
    pub(super) fn is_blank(&self) -> bool {
        !self.is_open() && self.settled == 0 && self.accepted.is_none()
    }

    /// Nothing is free: whether that may change.
    fn exhausted(&self, quota: Quota) -> Claim {
        if self.settled < quota.limit { Claim::Busy } else { Claim::UsedUp }
    }

    fn is_of_another_kind(&self, quota: Quota) -> bool {
        let is_in_use = self.drawn() > 0 || self.is_open();
        is_in_use && self.kind.is_some_and(|kind| kind != quota.kind)
    }

    fn free(&self, quota: Quota) -> u64 {
        self.open.iter().fold(quota.limit.saturating_sub(self.settled), |free, (_, own)| {
            free.saturating_sub(own.held)
        })
    }

    fn portion(&mut self, id: HoldId) -> Option<&mut Portion> {
        self.open.iter_mut().find(|(holder, _)| *holder == id).map(|(_, portion)| portion)
    }

    fn close(&mut self, id: HoldId) -> Option<Portion> {
        let place = self.open.iter().position(|(holder, _)| *holder == id)?;
        Some(self.open.swap_remove(place).1)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const UNITS: Quota = Quota { kind: Kind::Units, limit: 10, kept_for: Duration::MAX };

    fn id(number: u8) -> HoldId {
        HoldId::new([number; 16])
    }

    #[test]
    fn a_request_gets_what_it_asks_for_or_what_is_left_and_never_nothing() {
        let mut sheet = Sheet::default();
        assert_eq!(sheet.hold(id(1), UNITS, 6), Claim::Held { amount: 6, left: 4 });
        assert_eq!(sheet.hold(id(2), UNITS, 6), Claim::Held { amount: 4, left: 0 });
        assert_eq!(sheet.hold(id(3), UNITS, 1), Claim::Busy);
        assert_eq!(sheet.look(UNITS), Claim::Busy);
        sheet.give_back(id(2));
        assert_eq!(sheet.hold(id(1), UNITS, 8), Claim::Held { amount: 8, left: 2 }, "two more");
        assert_eq!(sheet.hold(id(1), UNITS, 3), Claim::Held { amount: 8, left: 2 }, "never less");
    }

    #[test]
    fn of_one_payment_so_many_requests_have_a_part_and_no_more() {
        let large = Quota { limit: 1_000_000, ..UNITS };
        let id = |number: usize| HoldId::new((number as u128).to_be_bytes());
        let mut sheet = Sheet::default();
        for number in 0..MOST_OPEN {
            assert!(matches!(sheet.hold(id(number), large, 1), Claim::Held { .. }), "{number}");
        }
        assert_eq!(sheet.hold(id(MOST_OPEN), large, 1), Claim::Busy);
        assert!(
            matches!(sheet.hold(id(0), large, 2), Claim::Held { amount: 2, .. }),
            "more of one"
        );
        sheet.give_back(id(7));
        assert!(matches!(sheet.hold(id(MOST_OPEN), large, 1), Claim::Held { .. }));
    }

    #[test]
    fn only_what_was_drawn_is_gone_and_only_once() {
        let mut sheet = Sheet::default();
        sheet.hold(id(1), UNITS, 6);
        for _ in 0..2 {
            assert!(sheet.draw(id(1), UNITS, Portion { held: 6, drawn: 5 }), "asked again");
        }
        assert_eq!(sheet.drawn(), 5);
        for _ in 0..2 {
            sheet.settle(id(1));
        }
        assert_eq!(sheet.hold(id(2), UNITS, 10), Claim::Held { amount: 5, left: 0 });
        assert!(sheet.draw(id(2), UNITS, Portion { held: 5, drawn: 5 }));
        assert_eq!(sheet.look(UNITS), Claim::Busy, "it may yet be given back");
        sheet.settle(id(2));
        assert_eq!(sheet.look(UNITS), Claim::UsedUp);
        assert!(!sheet.draw(id(3), UNITS, Portion { held: 1, drawn: 1 }), "beyond the quota");
    }

    #[test]
    fn a_draw_beyond_what_is_held_and_free_does_not_count() {
        let mut sheet = Sheet::default();
        sheet.hold(id(1), UNITS, 6);
        sheet.hold(id(2), UNITS, 3);
        assert!(!sheet.draw(id(1), UNITS, Portion { held: 6, drawn: 8 }), "one is free beside six");
        assert_eq!(sheet.drawn(), 0);
        assert!(sheet.draw(id(1), UNITS, Portion { held: 6, drawn: 7 }));
        assert_eq!(sheet.drawn(), 7);
    }

    #[test]
    fn a_draw_whose_hold_was_lost_holds_no_more_than_is_free() {
        let mut sheet = Sheet::default();
        sheet.hold(id(1), UNITS, 6);
        assert!(sheet.draw(id(2), UNITS, Portion { held: 6, drawn: 2 }));
        sheet.give_back(id(1));
        assert_eq!(sheet.look(UNITS), Claim::Held { amount: 1, left: 5 }, "four are held");
    }

    #[test]
    fn uses_and_units_of_one_payment_are_not_added_up() {
        let uses = Quota { kind: Kind::Uses, ..UNITS };
        let mut sheet = Sheet::default();
        sheet.hold(id(1), UNITS, 1);
        assert_eq!(sheet.hold(id(2), uses, 1), Claim::OtherKind);
        sheet.give_back(id(1));
        assert_eq!(sheet.look(uses), Claim::Held { amount: 1, left: 9 }, "nothing was drawn");
    }
}
