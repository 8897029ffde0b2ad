//! Who may call: whoever has paid first, and strangers as long as they leave enough.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    call::{Asker, Call, Denied},
    permit::{Counted, Permit},
    state::{Calls, Place, State},
};
use crate::{
    broker::{
        minute::Left,
        payer::{Payer, Rank},
        places::{Share, SharedPlace},
    },
    key::Key,
    window::Window,
};

/// How often somebody who has paid is let through although nothing seems to be left.
const PROBE_EVERY: Duration = Duration::from_secs(1);

pub(super) fn allow(
    state: &Arc<State>,
    cap: u32,
    call: Call,
    asker: Asker,
    shared: Option<SharedPlace>,
) -> Result<Permit, Denied> {
    let (mut calls, now) = (state.calls(), Instant::now());
    let client = asker.client.unwrap_or_default();
    if let Some(payer) = asker.payer {
        state.shown(&mut calls, payer, now);
    }
    let left = calls.minute.left(cap, now);
    let take = |payer| state.payers.change(&payer, |payer: &mut Payer| payer.take(left, now));
    let (payer, rank) = (asker.payer, asker.payer.and_then(take).flatten());
    let begun = |calls: &mut Calls, place: Option<Place>| {
        calls.minute.begin(now);
        if let Some(place) = place {
            state.note(calls, place);
        }
        let state = Arc::clone(state);
        Permit::counting(Counted { state, call, at: now, client, place, payer, is_sent: false })
    };
    match rank {
        Some(Rank::Allowed) => return Ok(begun(&mut calls, None)),
        Some(Rank::ToProbe) => {
            let is_time = |at: Instant| now.duration_since(at) >= PROBE_EVERY;
            if calls.probed.is_none_or(is_time) {
                calls.probed = Some(now);
                return Ok(begun(&mut calls, None));
            }
            state.take_back(payer, now);
            return Err(Denied::Account(left.renewed_in.max(PROBE_EVERY)));
        }
        Some(Rank::Denied(wait)) => return Err(Denied::Payer(wait)),
        Some(Rank::LikeAStranger) => {}
        // Whoever may have paid at another process asks no more in vain than who has paid here.
        None => {
            if let Some(payer) = &payer {
                // Nobody is known for longer.
                state.payers.forget(payer);
            }
            let wait = payer.and_then(|payer| wait_in_vain(state, left, payer, now));
            if let Some(wait) = wait.filter(|_| call != Call::Diagnose) {
                return Err(Denied::Payer(wait));
            }
        }
    }
    let is_short = left.calls <= left.reserve();
    let full_for = match shared {
        Some(SharedPlace::Taken(_) | SharedPlace::NoneForClient(_)) => None,
        Some(SharedPlace::None(wait)) => Some(wait),
        None => is_full(&mut calls, left, call, now),
    };
    let too_much_for = match shared {
        Some(SharedPlace::NoneForClient(wait)) => Some(wait),
        _ if leaves_enough(state, left, call, client, now) => None,
        _ => Some(state.clients.with(client, |own| own.frees_in(now))),
    };
    if !is_short && full_for.is_none() && too_much_for.is_none() {
        let shared = match shared {
            Some(SharedPlace::Taken(place)) => Some(place),
            _ => None,
        };
        let (is_mint, is_typical) = (call == Call::Mint, is_typical(state, left, client, now));
        let place = Place { client, at: now, is_mint, is_typical, shared };
        return Ok(begun(&mut calls, Some(place)));
    }
    state.take_back(payer, now);
    Err(if is_short {
        Denied::Account(left.renewed_in)
    } else if let Some(wait) = full_for {
        Denied::Account(wait)
    } else {
        Denied::Client(too_much_for.unwrap_or_default())
    })
}

/// Of which places at all processes one is to be asked for; `None` if none is to be had by what is
/// known here.
pub(super) fn places_for(state: &State, cap: u32, call: Call, client: Key) -> Option<Share> {
    let (mut calls, now) = (state.calls(), Instant::now());
    let left = calls.minute.left(cap, now);
    let may_be = left.calls > left.reserve() && leaves_enough(state, left, call, client, now);
    may_be.then(|| Share {
        all: left.limit.saturating_sub(left.reserve()),
        right: left.reserve().max(1),
        least: left.limit.div_ceil(2),
        most: most_to_nothing(left),
        client,
        spare: if call == Call::Diagnose { u32::MAX } else { left.calls - left.reserve() },
    })
}

/// How many calls of a minute may come to nothing, of all clients together: two thirds.
fn most_to_nothing(left: Left) -> u32 {
    left.limit.saturating_mul(2).div_ceil(3)
}

/// For how long a payment has to wait that nobody here knows, if it was asked about in vain as often as
/// who has paid may ask.
fn wait_in_vain(state: &State, left: Left, payment: Key, now: Instant) -> Option<Duration> {
    let right = left.reserve().max(1);
    let wait = |own: &mut Window| (own.count(now) >= right).then(|| own.wait_for(right, now));
    state.clients.change(&payment, wait).flatten()
}

/// What one client does over and over says little of what other processes see.
fn is_typical(state: &State, left: Left, client: Key, now: Instant) -> bool {
    state.clients.with(client, |own| own.count(now)) < left.reserve().div_ceil(2).max(1)
}

/// For how long strangers have to wait by what is known here: the other processes are taken to see
/// what this one sees.
fn is_full(calls: &mut Calls, left: Left, call: Call, now: Instant) -> Option<Duration> {
    // While hardly any credential is refused, whoever comes with one has paid, perhaps at another
    // process.
    let is_garbage = left.everywhere(calls.refused.count(now)) >= left.reserve();
    let (here, typical) = (calls.nothing.count(now), calls.typical.count(now));
    let is_in_vain = here.saturating_add(left.elsewhere(typical)) >= most_to_nothing(left)
        && (call == Call::Mint || is_garbage);
    is_in_vain.then(|| calls.nothing.frees_in(now))
}

/// A second question belongs to a first one that was let through, and without it a client with a
/// sibling's token would never hear that it has to buy.
fn leaves_enough(state: &State, left: Left, call: Call, client: Key, now: Instant) -> bool {
    let own = state.clients.with(client, |own| own.count(now));
    call == Call::Diagnose || left.calls > left.reserve().saturating_add(own.saturating_mul(2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::budget::{BrokerBudget, Budget};

    const PAYER: Asker = Asker { client: None, payer: Some([1; 32]) };

    fn client(number: u8) -> Asker {
        Asker { client: Some([number; 32]), payer: None }
    }

    fn ask(budget: &Budget, calls: BrokerBudget, by: Asker, is_yes: bool) -> Result<(), Denied> {
        let mut permit = budget.allow(calls, Call::Verify, by, None)?;
        permit.sent();
        permit.answered(None, is_yes, None);
        Ok(())
    }

    /// Whoever has paid at another process comes with a credential too.
    #[test]
    fn while_hardly_any_credential_is_refused_challenges_that_nobody_pays_keep_none_out() {
        let (budget, calls) = (Budget::default(), BrokerBudget::by_broker());
        let mint = |by: u8| {
            let mut permit = budget.allow(calls, Call::Mint, client(by), None)?;
            permit.sent();
            permit.minted(None, Some([by; 32]));
            Ok(())
        };
        for by in 0..67 {
            mint(by).expect("two thirds of a hundred");
        }
        assert!(matches!(mint(67), Err(Denied::Account(_))));
        for by in 100..115 {
            ask(&budget, calls, client(by), true).expect("a credential that is good");
        }
    }

    #[test]
    fn the_first_calls_of_a_client_tell_of_other_processes_however_small_the_limit() {
        for (limit, first) in [(100, 5), (9, 1)] {
            let (state, now) = (State::default(), Instant::now());
            let mut left = Left::of_a_hundred(limit);
            left.limit = limit;
            let typical = (0..10).filter(|_| {
                let is_typical = is_typical(&state, left, [1; 32], now);
                state.clients.with([1; 32], |own| own.note(now));
                is_typical
            });
            assert_eq!(typical.count(), first, "of {limit}");
        }
    }

    #[test]
    fn no_place_at_all_processes_is_asked_for_where_none_is_to_be_had_here() {
        let (budget, twenty) = (Budget::default(), BrokerBudget::per_minute(20));
        let spare = |call, by: Asker| Some(budget.places_for(twenty, call, by.client)?.spare);
        for _ in 0..6 {
            assert!(spare(Call::Mint, client(1)).is_some());
            ask(&budget, twenty, client(1), false).expect("in vain");
        }
        assert_eq!(spare(Call::Mint, client(1)), None, "it has asked enough in vain");
        assert_eq!(spare(Call::Mint, client(2)), Some(12), "beyond the reserve of two");
        for _ in 0..12 {
            ask(&budget, twenty, client(2), true).expect("good");
        }
        assert_eq!(spare(Call::Diagnose, client(2)), None, "the reserve is left to payers");
    }

    #[test]
    fn where_nothing_is_left_somebody_who_has_paid_finds_out_once_a_second() {
        let (budget, two) = (Budget::default(), BrokerBudget::per_minute(2));
        budget.has_paid([1; 32]);
        for by in 1..=2 {
            ask(&budget, two, client(by), true).expect("both of two");
        }
        ask(&budget, two, PAYER, true).expect("to find out");
        for _ in 0..3 {
            assert!(matches!(ask(&budget, two, PAYER, true), Err(Denied::Account(_))));
        }
        budget.0.calls().probed = Instant::now().checked_sub(PROBE_EVERY);
        ask(&budget, two, PAYER, true).expect("a second later");
    }
}
