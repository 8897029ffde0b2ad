//! A call that may be made, and what becomes of it: only what comes to nothing goes on to count.

use std::{sync::Arc, time::Instant};

use l402_server::{L402Error, RateLimit};

use super::{
    call::Call,
    state::{Calls, Place, State},
};
use crate::{key::Key, memory::CAPACITY};

/// A call that may be made. One that is dropped before it is [`sent`](Self::sent) was none.
pub(crate) struct Permit(Option<Counted>);

pub(super) struct Counted {
    pub(super) state: Arc<State>,
    pub(super) call: Call,
    pub(super) at: Instant,
    pub(super) client: Key,
    pub(super) place: Option<Place>,
    /// The payment hash that a credential proves, whether or not it is known.
    pub(super) payer: Option<Key>,
    pub(super) is_sent: bool,
}

impl Permit {
    /// Nothing is counted without a limit.
    pub(super) fn without_limit() -> Self {
        Self(None)
    }

    pub(super) fn counting(counted: Counted) -> Self {
        Self(Some(counted))
    }

    /// The name of its place among those of all processes.
    pub(crate) fn place(&self) -> Option<u64> {
        self.0.as_ref()?.place?.shared
    }

    pub(crate) fn sent(&mut self) {
        if let Some(counted) = &mut self.0 {
            counted.is_sent = true;
        }
    }

    /// The broker has answered a verification. `said` is what it says is left, and `payer` who a yes
    /// makes known.
    pub(crate) fn answered(self, said: Option<RateLimit>, is_yes: bool, payer: Option<Key>) {
        self.end(said, |calls, counted, _| {
            if is_yes {
                if let Some(place) = counted.place {
                    counted.state.give_back(calls, place);
                }
                if let Some(payer) = payer {
                    counted.state.accept(payer, counted.at);
                }
            } else if let Some(payer) = counted.payer {
                let (state, client, now) = (&counted.state, counted.client, Instant::now());
                if counted.call == Call::Verify {
                    let is_known =
                        state.payers.change(&payer, |payer| payer.vain.note(now)).is_some();
                    if !is_known {
                        state.clients.with(payer, |own| own.note(now));
                    }
                }
                if counted.place.is_none() {
                    let shared = state.elsewhere.get().map(|elsewhere| elsewhere.note(client));
                    let (is_mint, is_typical) = (false, true);
                    state.note(calls, Place { client, at: now, is_mint, is_typical, shared });
                }
            }
        });
    }

    /// The broker has minted: the call has come to nothing until this is paid.
    pub(crate) fn minted(self, said: Option<RateLimit>, payment_hash: Option<Key>) {
        self.end(said, |_, counted, _| {
            // One that is paid already is brought back by a key of the merchant's.
            if let (Some(payment_hash), Some(place)) = (payment_hash, counted.place)
                && !counted.state.payers.holds(&payment_hash)
            {
                counted.state.awaited.put(payment_hash, place, CAPACITY);
            }
        });
    }

    /// The call has failed. That the broker is away is no fault of whoever has called; what it
    /// answers about this very call may be.
    pub(crate) fn failed(self, said: Option<RateLimit>, err: &L402Error) {
        self.end(said, |calls, counted, has_said| {
            let is_away = !matches!(
                err,
                L402Error::Api { .. }
                    | L402Error::Plan { .. }
                    | L402Error::NoWallet { .. }
                    | L402Error::InvalidResponse { .. }
            );
            if is_away {
                counted.give_back(calls);
            }
            if let L402Error::RateLimited { retry_after, .. } = err
                && !has_said
            {
                calls.minute.rest(*retry_after, Instant::now());
            }
        });
    }

    fn end(mut self, said: Option<RateLimit>, note: impl FnOnce(&mut Calls, &Counted, bool)) {
        if let Some(counted) = self.0.take() {
            let mut calls = counted.state.calls();
            let has_said = calls.minute.end(said.map(Into::into));
            note(&mut calls, &counted, has_said);
        }
    }
}

impl Counted {
    fn give_back(&self, calls: &mut Calls) {
        if let Some(place) = self.place {
            self.state.give_back(calls, place);
        }
        self.state.take_back(self.payer, self.at);
    }
}

/// Somebody who goes away in the middle gets nothing back: it would be a way to ask for nothing.
impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(counted) = self.0.take() {
            let mut calls = counted.state.calls();
            calls.minute.end(None);
            if !counted.is_sent {
                calls.minute.not_made(counted.at);
                counted.give_back(&mut calls);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use super::*;
    use crate::broker::{
        budget::{Asker, BrokerBudget, Budget},
        places::{Places, SharedPlace},
    };

    const PAYER: Key = [1; 32];
    const STRANGER: Asker = Asker { client: Some([2; 32]), payer: None };
    const BY_PAYER: Asker = Asker { client: Some([2; 32]), payer: Some(PAYER) };
    const NOTED: u64 = 99;

    /// The places that are taken at all processes, here and not in Redis.
    #[derive(Default)]
    struct All(Mutex<Vec<u64>>);

    impl All {
        fn taken(&self) -> Vec<u64> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
        }

        fn take(&self, place: u64) -> SharedPlace {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(place);
            SharedPlace::Taken(place)
        }
    }

    impl Places for All {
        fn give_back(&self, place: u64) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|taken| *taken != place);
        }

        fn note(&self, _: Key) -> u64 {
            self.take(NOTED);
            NOTED
        }
    }

    fn shared() -> (Budget, Arc<All>) {
        let (budget, all) = (Budget::default(), Arc::<All>::default());
        budget.count_with(Arc::clone(&all) as Arc<dyn Places>);
        (budget, all)
    }

    fn permit(budget: &Budget, call: Call, by: Asker, place: Option<SharedPlace>) -> Permit {
        budget.allow(BrokerBudget::by_broker(), call, by, place).expect("a call")
    }

    #[test]
    fn a_place_at_all_processes_is_held_by_what_comes_to_nothing_and_by_nothing_else() {
        let (budget, all) = shared();
        let take = |place| permit(&budget, Call::Verify, STRANGER, Some(all.take(place)));
        let not_made = take(7);
        assert_eq!(not_made.place(), Some(7));
        drop(not_made);
        assert_eq!(all.taken(), [0; 0], "it was not made");
        let mut good = take(8);
        good.sent();
        good.answered(None, true, None);
        assert_eq!(all.taken(), [0; 0], "the broker has said yes");
        let mut refused = take(9);
        refused.sent();
        refused.answered(None, false, None);
        let mut gone = take(10);
        gone.sent();
        drop(gone);
        assert_eq!(all.taken(), [9, 10]);
    }

    #[test]
    fn the_place_of_a_mint_is_free_when_its_challenge_is_paid() {
        let (budget, all) = shared();
        let mut minted = permit(&budget, Call::Mint, STRANGER, Some(all.take(7)));
        minted.sent();
        minted.minted(None, Some(PAYER));
        assert_eq!(all.taken(), [7]);
        let paid = permit(&budget, Call::Verify, BY_PAYER, None);
        assert_eq!((paid.place(), all.taken()), (None, vec![]), "and who has paid takes none");
    }

    #[test]
    fn a_place_that_no_call_takes_is_given_back_at_once() {
        let (budget, all) = shared();
        budget.has_paid(PAYER);
        let by_right = permit(&budget, Call::Verify, BY_PAYER, Some(all.take(7)));
        assert_eq!((by_right.place(), all.taken()), (None, vec![]));
        let without_limit =
            budget.allow(BrokerBudget::unlimited(), Call::Mint, STRANGER, Some(all.take(8)));
        assert!(without_limit.is_ok() && all.taken().is_empty());
        budget.give_back(all.take(9));
        assert_eq!(all.taken(), [0; 0], "no call was needed");
    }

    #[test]
    fn a_payer_who_asks_in_vain_takes_a_place_after_all() {
        let (budget, all) = shared();
        budget.has_paid(PAYER);
        let mut vain = permit(&budget, Call::Verify, BY_PAYER, None);
        vain.sent();
        vain.answered(None, false, Some(PAYER));
        assert_eq!(all.taken(), [NOTED]);
    }
}
