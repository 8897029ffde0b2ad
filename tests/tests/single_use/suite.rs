//! What every store of spent tokens has to do.

use std::time::Duration;

use l402_actix::{Claim, Mark, ReservationId, SpentTokens};

use super::eventually;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Runs out while a test waits, and not while it does the next step.
const SOON: Duration = Duration::from_millis(300);

/// The acceptance suite. Marks are random, so stores that persist may have been used before.
pub(super) async fn holds(store: &dyn SpentTokens) {
    one_request_at_a_time_has_a_reservation(store).await;
    of_many_at_once_exactly_one_gets_it(store).await;
    what_is_spent_stays_spent(store).await;
    what_is_given_back_can_be_reserved(store).await;
    nobody_elses_reservation_can_be_touched(store).await;
    a_lease_that_has_run_out_frees_the_mark_for_others(store).await;
    a_lease_that_has_run_out_is_still_its_holders_while_nobody_else_asks(store).await;
    a_renewed_lease_holds(store).await;
    a_spent_mark_is_forgotten_in_the_end(store).await;
    an_unknown_mark_can_be_renewed_spent_and_given_back(store).await;
    no_time_is_too_long(store).await;
}

pub(super) fn mark() -> Mark {
    Mark::new(random())
}

pub(super) fn id() -> ReservationId {
    ReservationId::new(random())
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

/// Asks on behalf of a new request, and gives back at once what it gets.
pub(super) async fn seen(store: &dyn SpentTokens, mark: Mark) -> Claim {
    let id = id();
    let claim = store.reserve(mark, id, HOUR).await.unwrap();
    store.give_back(mark, id).await.unwrap();
    claim
}

async fn one_request_at_a_time_has_a_reservation(store: &dyn SpentTokens) {
    let (mark, first, second) = (mark(), id(), id());
    assert_eq!(store.reserve(mark, first, HOUR).await.unwrap(), Claim::Reserved);
    assert_eq!(store.reserve(mark, second, HOUR).await.unwrap(), Claim::Busy);
    assert_eq!(store.reserve(mark, first, HOUR).await.unwrap(), Claim::Reserved, "asked again");
    assert_eq!(store.reserve(self::mark(), second, HOUR).await.unwrap(), Claim::Reserved);
}

async fn of_many_at_once_exactly_one_gets_it(store: &dyn SpentTokens) {
    let mark = mark();
    let mut asked: Vec<_> = (0..100).map(|_| store.reserve(mark, id(), HOUR)).collect();
    let mut reserved = 0;
    // In the reverse order of asking.
    while let Some(claim) = asked.pop() {
        match claim.await.unwrap() {
            Claim::Reserved => reserved += 1,
            Claim::Busy => {}
            Claim::Spent => panic!("nobody has spent it"),
        }
    }
    assert_eq!(reserved, 1);
}

async fn what_is_spent_stays_spent(store: &dyn SpentTokens) {
    let (mark, holder, other) = (mark(), id(), id());
    store.reserve(mark, holder, HOUR).await.unwrap();
    assert!(store.spend(mark, holder, HOUR).await.unwrap());
    assert!(store.spend(mark, holder, HOUR).await.unwrap(), "told again");
    for id in [holder, other] {
        assert_eq!(store.reserve(mark, id, HOUR).await.unwrap(), Claim::Spent);
        assert!(!store.renew(mark, id, HOUR).await.unwrap());
        store.give_back(mark, id).await.unwrap();
        assert_eq!(store.reserve(mark, id, HOUR).await.unwrap(), Claim::Spent);
    }
    assert!(!store.spend(mark, other, HOUR).await.unwrap());
}

async fn what_is_given_back_can_be_reserved(store: &dyn SpentTokens) {
    let (mark, first, second) = (mark(), id(), id());
    store.reserve(mark, first, HOUR).await.unwrap();
    store.give_back(mark, first).await.unwrap();
    assert_eq!(store.reserve(mark, second, HOUR).await.unwrap(), Claim::Reserved);
    assert_eq!(store.reserve(mark, first, HOUR).await.unwrap(), Claim::Busy);
}

async fn nobody_elses_reservation_can_be_touched(store: &dyn SpentTokens) {
    let (mark, holder, other) = (mark(), id(), id());
    store.reserve(mark, holder, HOUR).await.unwrap();
    assert!(!store.renew(mark, other, HOUR).await.unwrap());
    assert!(!store.spend(mark, other, HOUR).await.unwrap());
    store.give_back(mark, other).await.unwrap();
    assert_eq!(seen(store, mark).await, Claim::Busy);
    assert!(store.spend(mark, holder, HOUR).await.unwrap());
}

async fn a_lease_that_has_run_out_frees_the_mark_for_others(store: &dyn SpentTokens) {
    let (mark, late, next) = (mark(), id(), id());
    store.reserve(mark, late, SOON).await.unwrap();
    eventually("the lease runs out", async || {
        store.reserve(mark, next, HOUR).await.unwrap() == Claim::Reserved
    })
    .await;
    assert!(!store.renew(mark, late, HOUR).await.unwrap());
    assert!(!store.spend(mark, late, HOUR).await.unwrap());
    store.give_back(mark, late).await.unwrap();
    assert_eq!(seen(store, mark).await, Claim::Busy, "it is the next one's");
    assert!(store.spend(mark, next, HOUR).await.unwrap());
}

async fn a_lease_that_has_run_out_is_still_its_holders_while_nobody_else_asks(
    store: &dyn SpentTokens,
) {
    let (renewed, spent, holder) = (mark(), mark(), id());
    store.reserve(renewed, holder, SOON).await.unwrap();
    store.reserve(spent, holder, SOON).await.unwrap();
    tokio::time::sleep(SOON * 2).await;
    assert!(store.renew(renewed, holder, HOUR).await.unwrap());
    assert_eq!(seen(store, renewed).await, Claim::Busy);
    assert!(store.spend(spent, holder, HOUR).await.unwrap());
    assert_eq!(seen(store, spent).await, Claim::Spent);
}

async fn a_renewed_lease_holds(store: &dyn SpentTokens) {
    let (mark, holder) = (mark(), id());
    store.reserve(mark, holder, SOON).await.unwrap();
    assert!(store.renew(mark, holder, HOUR).await.unwrap());
    tokio::time::sleep(SOON * 2).await;
    assert_eq!(seen(store, mark).await, Claim::Busy);
}

async fn a_spent_mark_is_forgotten_in_the_end(store: &dyn SpentTokens) {
    let (mark, holder) = (mark(), id());
    store.reserve(mark, holder, HOUR).await.unwrap();
    assert!(store.spend(mark, holder, SOON).await.unwrap());
    eventually("it is forgotten", async || seen(store, mark).await == Claim::Reserved).await;
}

async fn an_unknown_mark_can_be_renewed_spent_and_given_back(store: &dyn SpentTokens) {
    let (renewed, spent, holder) = (mark(), mark(), id());
    assert!(store.renew(renewed, holder, HOUR).await.unwrap());
    assert_eq!(seen(store, renewed).await, Claim::Busy);
    assert!(store.spend(spent, holder, HOUR).await.unwrap());
    assert_eq!(seen(store, spent).await, Claim::Spent);
    store.give_back(mark(), holder).await.unwrap();
}

async fn no_time_is_too_long(store: &dyn SpentTokens) {
    let (mark, holder) = (mark(), id());
    assert_eq!(store.reserve(mark, holder, Duration::MAX).await.unwrap(), Claim::Reserved);
    assert!(store.renew(mark, holder, Duration::MAX).await.unwrap());
    assert!(store.spend(mark, holder, Duration::MAX).await.unwrap());
    assert_eq!(seen(store, mark).await, Claim::Spent);
}
