//! What this process has sold, and what was accepted here: by it a refused credential is told from
//! one that has just been paid for, that was good, or that is for something else.
//!
//! It stands whatever the budget and whatever a config answers to refused tokens.

use std::{
    mem,
    time::{Duration, Instant},
};

use crate::{
    key::Key,
    memory::{CAPACITY, Memory},
};

/// For how long a payment counts as just made: what the broker's tokens live.
const JUST_SOLD_FOR: Duration = Duration::from_secs(60 * 60);

/// What a challenge of ours was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sold {
    /// The resource's name in memory.
    pub(crate) resource: Key,
    pub(crate) sats: u64,
    pub(crate) minted_at: Instant,
}

impl Sold {
    pub(crate) fn is_recent(&self) -> bool {
        self.minted_at.elapsed() < JUST_SOLD_FOR
    }
}

/// What is known here of one payment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// What it was minted for, where it was minted here.
    pub(crate) sold: Option<Sold>,
    /// Whether it has let a request in.
    pub(crate) accepted: bool,
}

/// The sales of one account, by payment hash, in two memories: no flood of challenges that nobody
/// pays drives out what was paid.
#[derive(Default)]
pub(crate) struct Sales {
    /// The challenges whose preimage nobody has shown yet.
    awaited: Memory<Sold>,
    /// The others, and what was sold elsewhere and accepted here.
    paid: Memory<Known>,
}

impl Sales {
    pub(super) fn minted(&self, payment_hash: Key, sold: Sold) {
        // One that is paid already is brought back by a key of the merchant's.
        if self.paid.change(&payment_hash, |known| known.sold.get_or_insert(sold).sats).is_none() {
            self.awaited.put(payment_hash, sold, CAPACITY);
        }
    }

    /// Somebody shows the preimage, and so has paid, whatever the broker knows of it by now.
    pub(super) fn shown(&self, payment_hash: &Key) {
        if let Some(sold) = self.awaited.take(payment_hash) {
            self.paid.put(*payment_hash, Known { sold: Some(sold), accepted: false }, CAPACITY);
        }
    }

    /// It has let a request in. Whether that is the first time, as far as is known.
    pub(super) fn accepted(&self, payment_hash: Key) -> bool {
        self.shown(&payment_hash);
        let accept = |known: &mut Known| mem::replace(&mut known.accepted, true);
        if let Some(was_accepted) = self.paid.change(&payment_hash, accept) {
            return !was_accepted;
        }
        self.paid.put(payment_hash, Known { sold: None, accepted: true }, CAPACITY);
        true
    }

    /// It was paid for at another process.
    pub(super) fn learned(&self, payment_hash: Key, known: Known) {
        self.shown(&payment_hash);
        let join = |own: &mut Known| {
            own.sold = own.sold.or(known.sold);
            own.accepted |= known.accepted;
        };
        if self.paid.change(&payment_hash, join).is_none() {
            self.paid.put(payment_hash, known, CAPACITY);
        }
    }

    /// Whether somebody has shown the preimage.
    pub(super) fn is_paid(&self, payment_hash: &Key) -> bool {
        self.paid.holds(payment_hash)
    }

    pub(super) fn known(&self, payment_hash: &Key) -> Known {
        let paid = self.paid.get(payment_hash);
        let awaited = || Known { sold: self.awaited.get(payment_hash), ..Known::default() };
        paid.unwrap_or_else(awaited)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAYER: Key = [1; 32];

    fn sold(sats: u64) -> Sold {
        Sold { resource: [5; 32], sats, minted_at: Instant::now() }
    }

    fn named(number: usize) -> Key {
        let mut name = [7; 32];
        name[..8].copy_from_slice(&number.to_be_bytes());
        name
    }

    #[test]
    fn a_payment_is_known_by_what_it_was_minted_for_and_whether_it_was_accepted() {
        let (sales, sold) = (Sales::default(), sold(100));
        assert_eq!(sales.known(&PAYER), Known::default());
        sales.minted(PAYER, sold);
        assert_eq!(sales.known(&PAYER), Known { sold: Some(sold), accepted: false });
        sales.shown(&PAYER);
        assert_eq!(sales.known(&PAYER), Known { sold: Some(sold), accepted: false });
        assert!(sales.accepted(PAYER));
        assert_eq!(sales.known(&PAYER), Known { sold: Some(sold), accepted: true });
        assert!(!sales.accepted(PAYER), "once");
    }

    #[test]
    fn what_another_process_has_told_is_added_to_what_is_known_here() {
        let (sales, sold) = (Sales::default(), sold(100));
        let accepted = Known { sold: None, accepted: true };
        assert!(!sales.is_paid(&PAYER));
        sales.learned(PAYER, Known { sold: Some(sold), accepted: false });
        assert!(sales.is_paid(&PAYER), "somebody has shown it there");
        sales.learned(PAYER, accepted);
        assert_eq!(sales.known(&PAYER), Known { sold: Some(sold), accepted: true });
        sales.learned(PAYER, Known::default());
        assert_eq!(sales.known(&PAYER), Known { sold: Some(sold), accepted: true });
    }

    #[test]
    fn a_sale_is_recent_for_an_hour() {
        let ago = |minutes: u64| {
            let minted_at = Instant::now().checked_sub(Duration::from_secs(60 * minutes));
            Sold { minted_at: minted_at.expect("a machine that runs for hours"), ..sold(1) }
        };
        assert!(ago(0).is_recent() && ago(55).is_recent());
        assert!(!ago(65).is_recent());
    }

    #[test]
    fn what_another_process_sold_is_known_from_when_it_was_accepted_here() {
        let (sales, sold) = (Sales::default(), sold(100));
        sales.shown(&PAYER);
        assert_eq!(sales.known(&PAYER), Known::default());
        sales.accepted(PAYER);
        assert_eq!(sales.known(&PAYER), Known { sold: None, accepted: true });
        sales.minted(PAYER, sold);
        assert_eq!(sales.known(&PAYER), Known { sold: Some(sold), accepted: true });
    }

    /// A key of the merchant's brings a paid invoice back.
    #[test]
    fn a_paid_invoice_that_is_minted_again_was_sold_when_it_was_sold_first() {
        let (sales, first) = (Sales::default(), sold(100));
        sales.minted(PAYER, first);
        sales.accepted(PAYER);
        sales.minted(PAYER, sold(200));
        assert_eq!(sales.known(&PAYER), Known { sold: Some(first), accepted: true });
    }

    #[test]
    fn a_flood_of_challenges_is_bounded_and_drives_out_nobody_who_has_paid() {
        let sales = Sales::default();
        sales.minted(PAYER, sold(100));
        sales.shown(&PAYER);
        for number in 0..2 * CAPACITY {
            sales.minted(named(number), sold(1));
        }
        assert!(sales.known(&PAYER).sold.is_some());
        assert!(sales.known(&named(0)).sold.is_none(), "the oldest are forgotten");
        assert!(sales.known(&named(2 * CAPACITY - 1)).sold.is_some());
    }
}
