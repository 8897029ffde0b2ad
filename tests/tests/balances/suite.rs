//! What every store of balances has to do.

use std::time::Duration;

use futures_util::future::join_all;
use l402_actix::{Accepted, Balances, Claim, HoldId, Kind, Mark, Portion, Quota};

use super::eventually;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Runs out while a test waits, and not while it does the next step.
const SOON: Duration = Duration::from_millis(300);

pub(super) const ONCE: Quota = Quota { kind: Kind::Uses, limit: 1, kept_for: HOUR };
pub(super) const TEN: Quota = Quota { kind: Kind::Units, limit: 10, kept_for: HOUR };

/// The acceptance suite. Marks are random, so stores that persist may have been used before.
pub(super) async fn holds(store: &dyn Balances) {
    one_request_at_a_time_holds_one_use(store).await;
    of_many_at_once_exactly_one_gets_it(store).await;
    what_is_drawn_stays_drawn(store).await;
    until_it_is_settled_what_is_drawn_is_seen_as_held(store).await;
    what_is_given_back_can_be_held_again(store).await;
    a_draw_that_comes_after_its_give_back_does_not_count(store).await;
    each_request_gets_what_it_asks_for_or_what_is_left(store).await;
    nothing_changes_by_asking_again(store).await;
    a_request_without_a_hold_draws_where_there_is_room(store).await;
    nobody_elses_hold_can_be_touched(store).await;
    a_smaller_quota_sees_what_was_drawn_under_a_larger_one(store).await;
    uses_and_units_are_not_added_up(store).await;
    the_same_payment_to_another_account_is_another_one(store).await;
    what_was_accepted_is_remembered(store).await;
    of_one_payment_256_requests_have_a_part_at_a_time(store).await;
    a_balance_is_forgotten_in_the_end(store).await;
    no_time_is_too_long(store).await;
}

pub(super) fn mark() -> Mark {
    Mark::new(random(), random())
}

pub(super) fn id() -> HoldId {
    HoldId::new(random())
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

pub(super) fn held(amount: u64, left: u64) -> Claim {
    Claim::Held { amount, left }
}

pub(super) fn portion(held: u64, drawn: u64) -> Portion {
    Portion { held, drawn }
}

pub(super) const ONE: Portion = Portion { held: 1, drawn: 1 };

/// Draws the one use and settles.
pub(super) async fn use_up(store: &dyn Balances, mark: Mark) {
    let id = id();
    assert_eq!(store.hold(mark, id, ONCE, 1).await.unwrap(), held(1, 0));
    assert!(store.draw(mark, id, ONCE, ONE).await.unwrap());
    store.settle(mark, id).await.unwrap();
}

/// What a new request would get, which gives it back at once.
pub(super) async fn seen(store: &dyn Balances, mark: Mark) -> Claim {
    let id = id();
    let claim = store.hold(mark, id, ONCE, 1).await.unwrap();
    store.give_back(mark, id).await.unwrap();
    assert_eq!(store.look(mark, ONCE).await.unwrap(), claim);
    claim
}

async fn one_request_at_a_time_holds_one_use(store: &dyn Balances) {
    let (mark, first, second) = (mark(), id(), id());
    assert_eq!(store.look(mark, ONCE).await.unwrap(), held(1, 0));
    assert_eq!(store.hold(mark, first, ONCE, 1).await.unwrap(), held(1, 0));
    assert_eq!(store.hold(mark, second, ONCE, 1).await.unwrap(), Claim::Busy);
    assert_eq!(store.hold(mark, first, ONCE, 1).await.unwrap(), held(1, 0), "asked again");
    assert_eq!(store.hold(self::mark(), second, ONCE, 1).await.unwrap(), held(1, 0));
}

async fn of_many_at_once_exactly_one_gets_it(store: &dyn Balances) {
    let mark = mark();
    let mut asked: Vec<_> = (0..100).map(|_| store.hold(mark, id(), ONCE, 1)).collect();
    let mut got = 0;
    // In the reverse order of asking.
    while let Some(claim) = asked.pop() {
        match claim.await.unwrap() {
            Claim::Held { .. } => got += 1,
            Claim::Busy => {}
            claim => panic!("nobody has drawn it: {claim:?}"),
        }
    }
    assert_eq!(got, 1);
}

async fn what_is_drawn_stays_drawn(store: &dyn Balances) {
    let mark = mark();
    use_up(store, mark).await;
    assert_eq!(seen(store, mark).await, Claim::UsedUp);
    let other = id();
    assert!(!store.draw(mark, other, ONCE, ONE).await.unwrap());
    store.give_back(mark, other).await.unwrap();
    store.settle(mark, other).await.unwrap();
    assert_eq!(seen(store, mark).await, Claim::UsedUp);
}

async fn until_it_is_settled_what_is_drawn_is_seen_as_held(store: &dyn Balances) {
    let (given_back, settled) = (mark(), mark());
    for mark in [given_back, settled] {
        let id = id();
        store.hold(mark, id, ONCE, 1).await.unwrap();
        assert!(store.draw(mark, id, ONCE, ONE).await.unwrap());
        assert_eq!(seen(store, mark).await, Claim::Busy);
        if mark == settled {
            store.settle(mark, id).await.unwrap();
            assert_eq!(seen(store, mark).await, Claim::UsedUp);
        } else {
            store.give_back(mark, id).await.unwrap();
            assert_eq!(seen(store, mark).await, held(1, 0));
        }
    }
}

async fn what_is_given_back_can_be_held_again(store: &dyn Balances) {
    let (mark, first, second) = (mark(), id(), id());
    store.hold(mark, first, ONCE, 1).await.unwrap();
    for _ in 0..2 {
        store.give_back(mark, first).await.unwrap();
    }
    assert_eq!(store.hold(mark, second, ONCE, 1).await.unwrap(), held(1, 0));
    assert_eq!(store.look(mark, ONCE).await.unwrap(), Claim::Busy);
}

/// Only a store that several processes share can see its steps in another order.
async fn a_draw_that_comes_after_its_give_back_does_not_count(store: &dyn Balances) {
    if store.lease().is_none() {
        return;
    }
    let (mark, late) = (mark(), id());
    store.hold(mark, late, ONCE, 1).await.unwrap();
    // Begun, and nobody hears what has become of it.
    drop(store.draw(mark, late, ONCE, ONE));
    store.give_back(mark, late).await.unwrap();
    assert!(!store.draw(mark, late, ONCE, ONE).await.unwrap());
    assert_eq!(seen(store, mark).await, held(1, 0));
}

async fn each_request_gets_what_it_asks_for_or_what_is_left(store: &dyn Balances) {
    let (mark, first, second) = (mark(), id(), id());
    assert_eq!(store.hold(mark, first, TEN, 6).await.unwrap(), held(6, 4));
    assert_eq!(store.hold(mark, second, TEN, 6).await.unwrap(), held(4, 0));
    assert!(store.draw(mark, second, TEN, portion(4, 3)).await.unwrap());
    store.settle(mark, second).await.unwrap();
    assert_eq!(store.hold(mark, first, TEN, 9).await.unwrap(), held(7, 0), "one more");
    assert_eq!(store.look(mark, TEN).await.unwrap(), Claim::Busy);
    assert!(store.draw(mark, first, TEN, portion(7, 7)).await.unwrap());
    store.settle(mark, first).await.unwrap();
    assert_eq!(store.look(mark, TEN).await.unwrap(), Claim::UsedUp);
}

async fn nothing_changes_by_asking_again(store: &dyn Balances) {
    let (mark, first) = (mark(), id());
    for _ in 0..2 {
        assert_eq!(store.hold(mark, first, TEN, 4).await.unwrap(), held(4, 6));
    }
    for _ in 0..2 {
        assert!(store.draw(mark, first, TEN, portion(4, 3)).await.unwrap());
    }
    assert!(store.draw(mark, first, TEN, portion(4, 1)).await.unwrap(), "it was 3 before");
    for _ in 0..2 {
        store.settle(mark, first).await.unwrap();
    }
    assert_eq!(store.look(mark, TEN).await.unwrap(), held(1, 6));
}

async fn a_request_without_a_hold_draws_where_there_is_room(store: &dyn Balances) {
    let (mark, first, second) = (mark(), id(), id());
    assert!(store.draw(mark, first, TEN, portion(6, 6)).await.unwrap());
    assert!(!store.draw(mark, second, TEN, portion(6, 6)).await.unwrap());
    assert!(store.draw(mark, second, TEN, portion(4, 4)).await.unwrap());
    store.give_back(mark, id()).await.unwrap();
    store.settle(mark, id()).await.unwrap();
    assert_eq!(store.look(mark, TEN).await.unwrap(), Claim::Busy);
}

async fn nobody_elses_hold_can_be_touched(store: &dyn Balances) {
    let (mark, holder, other) = (mark(), id(), id());
    store.hold(mark, holder, ONCE, 1).await.unwrap();
    assert!(!store.draw(mark, other, ONCE, ONE).await.unwrap());
    store.give_back(mark, other).await.unwrap();
    store.settle(mark, other).await.unwrap();
    assert_eq!(seen(store, mark).await, Claim::Busy);
    assert!(store.draw(mark, holder, ONCE, ONE).await.unwrap());
}

async fn a_smaller_quota_sees_what_was_drawn_under_a_larger_one(store: &dyn Balances) {
    let (mark, first) = (mark(), id());
    let five = Quota { limit: 5, ..TEN };
    store.hold(mark, first, TEN, 6).await.unwrap();
    assert_eq!(store.look(mark, five).await.unwrap(), Claim::Busy);
    assert!(store.draw(mark, first, TEN, portion(6, 6)).await.unwrap());
    store.settle(mark, first).await.unwrap();
    assert_eq!(store.look(mark, five).await.unwrap(), Claim::UsedUp);
    assert_eq!(store.look(mark, TEN).await.unwrap(), held(1, 3));
}

async fn uses_and_units_are_not_added_up(store: &dyn Balances) {
    let (mark, first) = (mark(), id());
    store.hold(mark, first, TEN, 4).await.unwrap();
    assert!(store.draw(mark, first, TEN, portion(4, 4)).await.unwrap());
    store.settle(mark, first).await.unwrap();
    assert_eq!(store.look(mark, ONCE).await.unwrap(), Claim::OtherKind);
    assert_eq!(store.hold(mark, id(), ONCE, 1).await.unwrap(), Claim::OtherKind);
    assert!(!store.draw(mark, id(), ONCE, ONE).await.unwrap());
}

async fn the_same_payment_to_another_account_is_another_one(store: &dyn Balances) {
    let one = mark();
    let another = Mark::new(random(), *one.payment_hash());
    use_up(store, one).await;
    assert_eq!(seen(store, another).await, held(1, 0));
}

async fn what_was_accepted_is_remembered(store: &dyn Balances) {
    for counted in [Some((Kind::Uses, 3)), Some((Kind::Units, 5000)), None] {
        let (mark, first) = (mark(), id());
        assert_eq!(store.accepted(mark).await.unwrap(), None);
        let accepted = Accepted { counted, ..accepted_for(100) };
        store.hold(mark, first, ONCE, 1).await.unwrap();
        store.accept(mark, accepted, HOUR).await.unwrap();
        assert_eq!(store.accepted(mark).await.unwrap(), Some(accepted));
        store.give_back(mark, first).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(store.accepted(mark).await.unwrap(), Some(accepted), "nothing was drawn");
        assert_eq!(seen(store, mark).await, held(1, 0));
    }
}

fn accepted_for(amount_sats: u64) -> Accepted {
    Accepted { resource: random(), amount_sats, counted: None, seal: random() }
}

/// Each step looks at all of them.
async fn of_one_payment_256_requests_have_a_part_at_a_time(store: &dyn Balances) {
    let (mark, quota) = (mark(), Quota { limit: 1_000, ..TEN });
    let first = id();
    assert!(matches!(store.hold(mark, first, quota, 1).await.unwrap(), Claim::Held { .. }));
    // All at once, so that no lease runs out meanwhile.
    for claim in join_all((1..256).map(|_| store.hold(mark, id(), quota, 1))).await {
        assert!(matches!(claim, Ok(Claim::Held { .. })), "{claim:?}");
    }
    assert_eq!(store.hold(mark, id(), quota, 1).await.unwrap(), Claim::Busy);
    assert_eq!(store.hold(mark, first, quota, 2).await.unwrap(), held(2, 743), "more of one");
    store.give_back(mark, first).await.unwrap();
    assert!(matches!(store.hold(mark, id(), quota, 1).await.unwrap(), Claim::Held { .. }));
}

async fn a_balance_is_forgotten_in_the_end(store: &dyn Balances) {
    let (mark, id) = (mark(), id());
    let soon = Quota { kept_for: SOON, ..ONCE };
    assert!(store.draw(mark, id, soon, ONE).await.unwrap());
    store.settle(mark, id).await.unwrap();
    eventually("it is forgotten", async || store.look(mark, ONCE).await.unwrap() == held(1, 0))
        .await;
}

async fn no_time_is_too_long(store: &dyn Balances) {
    let (mark, id) = (mark(), id());
    let forever = Quota { kept_for: Duration::MAX, ..ONCE };
    assert!(store.draw(mark, id, forever, ONE).await.unwrap());
    store.settle(mark, id).await.unwrap();
    store.accept(mark, accepted_for(1), Duration::MAX).await.unwrap();
    assert_eq!(seen(store, mark).await, Claim::UsedUp);
}
