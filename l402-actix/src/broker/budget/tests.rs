//! Payers and strangers, against one budget of a hundred calls.

use std::time::Duration;

use l402_server::L402Error;

use super::*;
use crate::{broker::payer::Payer, memory::CAPACITY};

const PAYER: Key = [1; 32];
const BUDGET: BrokerBudget = BrokerBudget::by_broker();

fn by(client: u8) -> Asker {
    Asker { client: Some([client; 32]), payer: None }
}

fn with(payer: Key) -> Asker {
    Asker { client: None, payer: Some(payer) }
}

fn mint(budget: &Budget, asker: Asker, payment_hash: Key) -> Result<(), Denied> {
    let mut permit = budget.allow(BUDGET, Call::Mint, asker, None)?;
    permit.sent();
    permit.minted(None, Some(payment_hash));
    Ok(())
}

fn ask(budget: &Budget, asker: Asker, is_yes: bool) -> Result<(), Denied> {
    let mut permit = budget.allow(BUDGET, Call::Verify, asker, None)?;
    permit.sent();
    permit.answered(None, is_yes, asker.payer);
    Ok(())
}

fn count(mut allowed: impl FnMut(usize) -> bool) -> usize {
    (0..300).filter(|number| allowed(*number)).count()
}

fn named(number: usize) -> Key {
    let mut name = [7; 32];
    name[..8].copy_from_slice(&number.to_be_bytes());
    name
}

fn client(number: usize) -> Asker {
    by(u8::try_from(3 + number % 200).expect("a byte"))
}

fn caused(budget: &Budget, client: u8) -> u32 {
    budget.0.clients.with([client; 32], |own| own.count(Instant::now()))
}

#[test]
fn what_comes_to_nothing_is_limited_for_one_client_and_for_all_together() {
    let budget = Budget::default();
    assert_eq!(count(|number| mint(&budget, by(1), named(number)).is_ok()), 30);
    assert!(matches!(mint(&budget, by(1), PAYER), Err(Denied::Client(_))));
    assert_eq!(count(|_| ask(&budget, by(2), false).is_ok()), 20, "others are sold to");
    let more = count(|number| ask(&budget, client(number), false).is_ok());
    assert_eq!(30 + 20 + more, 67, "two thirds");
    let nobody = Asker { client: None, payer: None };
    assert!(matches!(ask(&budget, nobody, false), Err(Denied::Account(_))));
}

#[test]
fn who_is_nobody_is_one_client_too() {
    let (budget, nobody) = (Budget::default(), Asker { client: None, payer: None });
    assert_eq!(count(|_| ask(&budget, nobody, false).is_ok()), 30);
    mint(&budget, by(1), PAYER).expect("somebody is sold to");
}

#[test]
fn who_buys_is_in_nobodys_way() {
    let budget = Budget::default();
    for number in 0..20 {
        mint(&budget, by(1), named(number)).expect("a challenge");
    }
    for number in 0..20 {
        for _ in 0..3 {
            ask(&budget, with(named(number)), true).expect("served");
        }
    }
    mint(&budget, by(1), PAYER).expect("80 calls, and none of them in vain");
}

#[test]
fn a_payer_has_a_tenth_by_right_and_more_while_there_is_more() {
    let budget = Budget::default();
    for payer in 0..6 {
        mint(&budget, by(1), named(payer)).expect("a challenge");
    }
    let served = count(|_| ask(&budget, with(named(0)), true).is_ok());
    assert!((10..40).contains(&served), "{served}");
    for _ in 0..10 {
        for other in 1..6 {
            ask(&budget, with(named(other)), true).expect("served by right");
        }
    }
}

/// Ten cheap payments must not use up what everybody else needs.
#[test]
fn of_those_who_have_paid_whoever_has_called_less_goes_first() {
    let budget = Budget::default();
    for payer in 0..11 {
        mint(&budget, by(1), named(payer)).expect("a challenge");
    }
    for _ in 0..30 {
        for greedy in 0..10 {
            let _ = ask(&budget, with(named(greedy)), true);
        }
    }
    for _ in 0..2 {
        ask(&budget, with(named(10)), true).expect("whoever has just paid");
    }
}

#[test]
fn a_payer_who_asks_in_vain_counts_like_a_stranger_and_has_its_right_at_most() {
    let budget = Budget::default();
    mint(&budget, by(1), PAYER).expect("a challenge");
    assert_eq!(count(|_| ask(&budget, with(PAYER), false).is_ok()), 10);
    assert!(matches!(ask(&budget, with(PAYER), true), Err(Denied::Payer(_))));
    assert_eq!(caused(&budget, 0), 10);

    let budget = Budget::default();
    for payer in 0..30 {
        mint(&budget, client(payer), named(payer)).expect("a challenge");
    }
    let vain = count(|number| ask(&budget, with(named(number % 30)), false).is_ok());
    assert!(vain <= 62, "two each by right, and no more than strangers may: {vain}");
    mint(&budget, by(2), PAYER).expect_err("the account is short");
}

/// As the other processes of an API take it for somebody whom another one may have sold to.
#[test]
fn what_is_proven_and_not_known_is_asked_about_in_vain_as_often_as_who_has_paid_may_ask() {
    let budget = Budget::default();
    let from = |client: usize| Asker { payer: Some(PAYER), ..self::client(client) };
    assert_eq!(count(|number| ask(&budget, from(number), false).is_ok()), 10);
    assert!(matches!(ask(&budget, from(1), true), Err(Denied::Payer(_))));
    ask(&budget, with(named(1)), true).expect("another one");
}

/// The broker's tokens live for an hour.
#[test]
fn who_paid_over_an_hour_ago_is_not_known_and_asks_in_vain_no_more_often() {
    let budget = Budget::default();
    let since = Instant::now().checked_sub(Duration::from_secs(61 * 60));
    let since = since.expect("a machine that runs for hours");
    budget.0.payers.put(PAYER, Payer::new(since), CAPACITY);
    let paid_once = |number| Asker { payer: Some(PAYER), ..client(number) };
    assert_eq!(count(|number| ask(&budget, paid_once(number), false).is_ok()), 10);
    assert!(!budget.knows(&PAYER));
}

#[test]
fn who_turns_out_to_have_paid_has_called_before() {
    let budget = Budget::default();
    for number in 0..3 {
        ask(&budget, with(PAYER), number == 2).expect("a stranger's call");
    }
    let known = budget.0.payers.change(&PAYER, |payer| payer.calls.count(Instant::now()));
    assert_eq!(known, Some(3));
}

#[test]
fn a_yes_ends_the_time_of_asking_in_vain() {
    let budget = Budget::default();
    mint(&budget, by(1), PAYER).expect("a challenge");
    ask(&budget, with(PAYER), false).expect("a call");
    ask(&budget, with(PAYER), true).expect("a call");
    assert!(count(|_| ask(&budget, with(PAYER), true).is_ok()) > 10);
}

#[test]
fn garbage_drives_nobody_out_who_has_paid() {
    let budget = Budget::default();
    ask(&budget, with(PAYER), true).expect("a stranger's call");
    for number in 0..20_000 {
        let _ = mint(&budget, by(1), named(number));
        let _ = ask(&budget, by(2), false);
    }
    assert!(budget.0.payers.holds(&PAYER));
    ask(&budget, with(PAYER), true).expect("served");
    budget.used_up(&PAYER);
    assert!(!budget.0.payers.holds(&PAYER));
}

/// A key of the merchant's brings a paid invoice back.
#[test]
fn a_paid_invoice_that_is_minted_again_gives_nothing_back() {
    let budget = Budget::default();
    mint(&budget, by(1), PAYER).expect("a challenge");
    ask(&budget, with(PAYER), true).expect("a call");
    assert_eq!(caused(&budget, 1), 0);
    mint(&budget, by(1), PAYER).expect("the same invoice");
    ask(&budget, with(PAYER), true).expect("a call");
    assert_eq!(caused(&budget, 1), 1);
}

#[test]
fn a_call_that_was_not_made_or_found_nobody_counts_against_nobody() {
    let budget = Budget::default();
    mint(&budget, by(9), PAYER).expect("a challenge");
    for asker in [by(1), with(PAYER)] {
        for _ in 0..100 {
            drop(budget.allow(BUDGET, Call::Verify, asker, None).expect("a call"));
        }
    }
    for asker in [by(1), with(PAYER)] {
        for _ in 0..20 {
            let mut permit = budget.allow(BUDGET, Call::Verify, asker, None).expect("a call");
            permit.sent();
            permit.failed(None, &L402Error::Timeout { url: None });
        }
    }
    assert_eq!(caused(&budget, 1), 0);
    assert_eq!(budget.0.payers.change(&PAYER, |payer| payer.calls.count(Instant::now())), Some(0));
    let mut gone = budget.allow(BUDGET, Call::Mint, by(1), None).expect("a call");
    gone.sent();
    drop(gone);
    assert_eq!(caused(&budget, 1), 1, "whoever goes away in the middle");
    let mut answered = budget.allow(BUDGET, Call::Verify, by(1), None).expect("a call");
    answered.sent();
    let refused = L402Error::Api { status: 400, slug: None, message: String::new(), url: None };
    answered.failed(None, &refused);
    assert_eq!(caused(&budget, 1), 2, "what the broker could make nothing of");
}

/// With shared state nobody of these takes a stranger's place.
#[test]
fn who_has_paid_here_or_elsewhere_and_who_may_be_paying_is_known() {
    let budget = Budget::default();
    assert!(!budget.knows(&PAYER));
    mint(&budget, by(1), PAYER).expect("a challenge");
    assert!(budget.knows(&PAYER), "by its challenge");
    ask(&budget, with(PAYER), true).expect("a call");
    assert!(budget.knows(&PAYER), "by its payment");
    assert!(!budget.knows(&named(1)));
    budget.has_paid(named(1));
    assert!(budget.knows(&named(1)));
    budget.used_up(&PAYER);
    assert!(!budget.knows(&PAYER));
}

#[test]
fn a_share_of_one_has_room_for_a_diagnosis() {
    let (budget, small) = (Budget::default(), BrokerBudget::per_minute(2));
    let mut permit = budget.allow(small, Call::Verify, by(1), None).expect("a call");
    permit.sent();
    permit.answered(None, false, None);
    budget.allow(small, Call::Diagnose, by(1), None).expect("a call").sent();
    assert!(budget.allow(small, Call::Verify, by(1), None).is_err());
}

#[test]
fn without_a_budget_nothing_is_counted() {
    let (budget, none) = (Budget::default(), BrokerBudget::unlimited());
    assert_eq!(count(|_| budget.allow(none, Call::Mint, by(1), None).is_ok()), 300);
    assert_eq!(budget.0.calls().nothing.count(Instant::now()), 0);
}
