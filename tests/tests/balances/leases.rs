//! What a store has to do whose holds run out, as one process sees it and another.

use l402_actix::{Balances, Claim};

use super::suite::{ONCE, ONE, TEN, held, id, mark, portion, seen};

/// For stores with a lease, which has to be short: one process's and another's.
pub(super) async fn hold(store: &dyn Balances, other: &dyn Balances) {
    a_lease_that_has_run_out_frees_what_was_held_and_keeps_what_was_drawn(store, other).await;
    a_lease_that_has_run_out_is_still_its_holders_while_nobody_else_asks(store, other).await;
    a_renewed_lease_holds(store, other).await;
    what_was_given_back_is_not_brought_back(store, other).await;
}

/// Waits until the lease has run out for others.
async fn lapsed(store: &dyn Balances) {
    tokio::time::sleep(store.lease().expect("a lease") * 2).await;
}

async fn a_lease_that_has_run_out_frees_what_was_held_and_keeps_what_was_drawn(
    store: &dyn Balances,
    other: &dyn Balances,
) {
    let (mark, late, next) = (mark(), id(), id());
    store.hold(mark, late, TEN, 10).await.unwrap();
    assert!(store.draw(mark, late, TEN, portion(10, 2)).await.unwrap());
    lapsed(store).await;
    assert_eq!(other.hold(mark, next, TEN, 10).await.unwrap(), held(8, 0));
    assert!(!store.draw(mark, late, TEN, portion(10, 3)).await.unwrap(), "the next one has it");
    assert!(store.draw(mark, late, TEN, portion(10, 2)).await.unwrap(), "that was its own");
    assert!(other.draw(mark, next, TEN, portion(8, 8)).await.unwrap());
    store.settle(mark, late).await.unwrap();
    other.settle(mark, next).await.unwrap();
    assert_eq!(store.look(mark, TEN).await.unwrap(), Claim::UsedUp);

    // A process that died after its draw: the answer may have gone out.
    let mark = super::suite::mark();
    assert!(store.draw(mark, late, ONCE, ONE).await.unwrap());
    assert_eq!(seen(other, mark).await, Claim::Busy);
    lapsed(store).await;
    assert_eq!(seen(other, mark).await, Claim::UsedUp);
    // One that was only paused, and whose answer was not sent.
    store.give_back(mark, late).await.unwrap();
    assert_eq!(seen(other, mark).await, held(1, 0));
}

async fn a_lease_that_has_run_out_is_still_its_holders_while_nobody_else_asks(
    store: &dyn Balances,
    other: &dyn Balances,
) {
    let (renewed, drawn, holder) = (mark(), mark(), id());
    store.hold(renewed, holder, ONCE, 1).await.unwrap();
    store.hold(drawn, holder, ONCE, 1).await.unwrap();
    lapsed(store).await;
    assert_eq!(store.look(renewed, ONCE).await.unwrap(), Claim::Busy, "its process knows of it");
    assert!(store.draw(drawn, holder, ONCE, ONE).await.unwrap());
    store.settle(drawn, holder).await.unwrap();
    assert_eq!(seen(other, drawn).await, Claim::UsedUp);
    assert!(store.draw(renewed, holder, ONCE, portion(1, 0)).await.unwrap());
    assert_eq!(seen(other, renewed).await, Claim::Busy);
}

async fn a_renewed_lease_holds(store: &dyn Balances, other: &dyn Balances) {
    let (mark, holder) = (mark(), id());
    store.hold(mark, holder, ONCE, 1).await.unwrap();
    for _ in 0..6 {
        tokio::time::sleep(store.lease().expect("a lease") / 3).await;
        assert!(store.renew(mark, holder).await.unwrap());
    }
    assert_eq!(seen(other, mark).await, Claim::Busy);
}

async fn what_was_given_back_is_not_brought_back(store: &dyn Balances, other: &dyn Balances) {
    let (mark, holder) = (mark(), id());
    store.hold(mark, holder, ONCE, 1).await.unwrap();
    store.give_back(mark, holder).await.unwrap();
    assert!(!store.renew(mark, holder).await.unwrap());
    assert_eq!(seen(other, mark).await, held(1, 0));
}
