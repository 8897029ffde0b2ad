//! Who may call the broker: whoever has paid first, and strangers as long as they leave enough.
//!
//! A call counts against the client that causes it until it turns out to be worth something: a
//! challenge is paid, a credential is good. So whoever buys is never in the way of others, and
//! whoever asks in vain is in nobody's but its own.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use l402_server::{L402Error, RateLimit};

use super::minute::{Left, Minute};
use crate::{
    key::Key,
    memory::{CAPACITY, Memory},
    notice::Notice,
    observe::{self, Limiter},
    window::{MINUTE, Window},
};

/// How long somebody is known who has paid and was never accepted: what the broker's tokens live.
const AWAITED_FOR: Duration = Duration::from_secs(60 * 60);

/// How many calls a minute may be made to the broker; see
/// [`L402Config::broker_budget`](crate::L402Config::broker_budget).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokerBudget(Cap);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cap {
    ByBroker,
    PerMinute(u32),
    Unlimited,
}

impl BrokerBudget {
    /// What the broker allows: it says with each reply what is left of the account's minute,
    /// whichever process or machine has used the rest. As long as it does not say, 100 calls a
    /// minute are counted here. The default.
    #[must_use]
    pub const fn by_broker() -> Self {
        Self(Cap::ByBroker)
    }

    /// The same, and at most so many calls of this process in any 60 seconds, at least 2; fewer count
    /// as 2. For an API key that something else needs too.
    #[must_use]
    pub const fn per_minute(calls: u32) -> Self {
        Self(Cap::PerMinute(if calls < 2 { 2 } else { calls }))
    }

    /// No limit, whatever the broker says. Whoever asks without paying can then use up the broker's
    /// own limit, and those who have paid are refused with them.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self(Cap::Unlimited)
    }

    /// `None` without a limit.
    pub(super) fn cap(self) -> Option<u32> {
        match self.0 {
            Cap::ByBroker => Some(u32::MAX),
            Cap::PerMinute(calls) => Some(calls),
            Cap::Unlimited => None,
        }
    }
}

impl Default for BrokerBudget {
    fn default() -> Self {
        Self::by_broker()
    }
}

/// Why a call may not be made, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denied {
    /// For what this client has asked in vain.
    Client(Duration),
    /// For what this payer has asked beyond its right.
    Payer(Duration),
    /// The account's minute is used up, or what strangers may use of it.
    Account(Duration),
}

/// The calls of one account and who has caused them.
#[derive(Default)]
pub(crate) struct Budget(Arc<State>);

#[derive(Default)]
struct State {
    calls: Mutex<Calls>,
    /// What each client has caused that came to nothing.
    clients: Memory<Window>,
    /// Those who have paid, by payment hash: the broker has said yes to them, or they have shown the
    /// preimage of a challenge that was minted here. No flood of garbage drives one out.
    payers: Memory<Payer>,
    /// The challenges that nobody has paid yet, by payment hash.
    awaited: Memory<Option<Place>>,
    notice: Notice,
}

#[derive(Default)]
struct Calls {
    minute: Minute,
    /// What all clients have caused that came to nothing.
    nothing: Window,
}

struct Payer {
    accepted: bool,
    since: Instant,
    calls: Window,
    /// When the broker has last said no.
    refused: Option<Instant>,
}

/// A call that counts as having come to nothing, until it is given back.
#[derive(Clone, Copy)]
struct Place {
    client: Option<Key>,
    at: Instant,
}

impl Budget {
    /// Lets somebody through who has paid nothing so far, for a mint or a verification.
    pub(super) fn stranger(
        &self,
        budget: BrokerBudget,
        client: Option<Key>,
        limiter: Limiter,
    ) -> Result<Permit, Denied> {
        let (mut calls, now) = (self.0.calls(), Instant::now());
        let Some(cap) = budget.cap() else { return Ok(Permit(None)) };
        let left = calls.minute.left(cap, now);
        let own = client.map_or(0, |client| self.0.clients.with(client, |own| own.count(now)));
        if left.calls > left.reserve().saturating_add(own.saturating_mul(2))
            && calls.nothing.count(now) < most_to_nothing(left)
        {
            return Ok(self.0.begin(&mut calls, now, Some(Place { client, at: now }), None));
        }
        let is_own =
            left.calls > left.reserve() && calls.nothing.count(now) < most_to_nothing(left);
        Err(if let (true, Some(client)) = (is_own, client) {
            observe::limited(Limiter::Client);
            Denied::Client(self.0.clients.with(client, |own| own.frees_in(now)))
        } else {
            self.0.over(left, limiter, calls.nothing.frees_in(now))
        })
    }

    /// Lets the second question about a credential through whose first one was. The client has been
    /// looked at; only the account has to have the call.
    pub(super) fn diagnosis(
        &self,
        budget: BrokerBudget,
        client: Option<Key>,
    ) -> Result<Permit, Denied> {
        let (mut calls, now) = (self.0.calls(), Instant::now());
        let Some(cap) = budget.cap() else { return Ok(Permit(None)) };
        let left = calls.minute.left(cap, now);
        if left.calls > left.reserve() {
            return Ok(self.0.begin(&mut calls, now, Some(Place { client, at: now }), None));
        }
        Err(self.0.over(left, Limiter::BudgetVerify, calls.nothing.frees_in(now)))
    }

    /// Lets somebody through who has paid: a tenth of the minute is theirs by right, even where the
    /// minute seems to be used up, and more as long as others have as much and the reserve is there;
    /// but not for somebody who asks in vain.
    /// `None` for somebody who is not known to have paid.
    pub(super) fn payer(
        &self,
        budget: BrokerBudget,
        payment_hash: Key,
    ) -> Option<Result<Permit, Denied>> {
        let (mut calls, now) = (self.0.calls(), Instant::now());
        self.0.shown(&mut calls, payment_hash, now);
        let Some(cap) = budget.cap() else { return Some(Ok(Permit(None))) };
        let left = calls.minute.left(cap, now);
        let allowed = self.0.payers.change(&payment_hash, |payer| payer.take(left, now))?;
        Some(match allowed {
            Some(Ok(())) => Ok(self.0.begin(&mut calls, now, None, Some(payment_hash))),
            Some(Err(wait)) => {
                observe::limited(Limiter::Payer);
                Err(Denied::Payer(wait))
            }
            None => return None,
        })
    }

    /// Takes note of a payment that is used up, or of a token that is no longer genuine. Somebody who
    /// has paid and was never accepted stays known: the broker may not have seen the payment yet.
    pub(super) fn ended(&self, payment_hash: &Key, is_used_up: bool) {
        let accepted = self.0.payers.change(payment_hash, |payer| payer.accepted);
        if accepted.is_some_and(|accepted| accepted || is_used_up) {
            self.0.payers.forget(payment_hash);
        }
    }
}

impl Payer {
    fn new(accepted: bool, since: Instant) -> Self {
        Self { accepted, since, calls: Window::default(), refused: None }
    }

    /// Takes a call, or says how long until there is one. `None` for somebody who is not known any
    /// more.
    fn take(&mut self, left: Left, now: Instant) -> Option<Result<(), Duration>> {
        if !self.accepted && now.duration_since(self.since) >= AWAITED_FOR {
            return None;
        }
        let (right, own) = (left.reserve().max(1), self.calls.count(now));
        let asks_in_vain = self.refused.is_some_and(|at| now.duration_since(at) < MINUTE);
        let has_more = !asks_in_vain && left.calls > left.reserve().saturating_add(own);
        if own >= right && !has_more {
            return Some(Err(self.calls.frees_in(now)));
        }
        self.calls.note(now);
        Some(Ok(()))
    }
}

/// How many calls of a minute may come to nothing, of all clients together: two thirds.
fn most_to_nothing(left: Left) -> u32 {
    left.limit.saturating_mul(2).div_ceil(3)
}

impl State {
    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(
        self: &Arc<Self>,
        calls: &mut Calls,
        now: Instant,
        place: Option<Place>,
        payer: Option<Key>,
    ) -> Permit {
        calls.minute.begin(now);
        if let Some(Place { client, at }) = place {
            calls.nothing.note(at);
            if let Some(client) = client {
                self.clients.with(client, |own| own.note(at));
            }
        }
        let counted = Counted { state: Arc::clone(self), at: now, place, payer, is_sent: false };
        Permit(Some(counted))
    }

    /// Who shows the preimage of a challenge of ours has paid for it, whatever the broker knows of it
    /// by now; without this a flood of garbage would keep out whoever has just paid.
    fn shown(&self, calls: &mut Calls, payment_hash: Key, now: Instant) {
        if let Some(place) = self.awaited.take(&payment_hash) {
            self.give_back(calls, place);
            self.payers.put(payment_hash, Payer::new(false, now), CAPACITY);
        }
    }

    /// Says so in the log, but not for each request: a flood must not become a flood of lines.
    fn over(&self, left: Left, limiter: Limiter, frees_in: Duration) -> Denied {
        observe::limited(limiter);
        if let Some(refused) = self.notice.due() {
            tracing::warn!(
                kind = "over_budget",
                limiter = limiter.name(),
                refused,
                "the budget of broker calls is used up; requests are answered 503 until a call is \
                 free"
            );
        }
        let is_short = left.calls <= left.reserve();
        Denied::Account(if is_short { left.renewed_in } else { frees_in })
    }

    fn accept(&self, payment_hash: Key) {
        let known = self.payers.change(&payment_hash, |payer| payer.accepted = true);
        if known.is_none() {
            self.payers.put(payment_hash, Payer::new(true, Instant::now()), CAPACITY);
        }
    }

    fn give_back(&self, calls: &mut Calls, place: Option<Place>) {
        if let Some(Place { client, at }) = place {
            calls.nothing.give_back(at);
            if let Some(client) = client {
                self.clients.with(client, |own| own.give_back(at));
            }
        }
    }
}

/// A call that may be made. One that is dropped before it is [`sent`](Self::sent) was none.
pub(crate) struct Permit(Option<Counted>);

struct Counted {
    state: Arc<State>,
    at: Instant,
    place: Option<Place>,
    payer: Option<Key>,
    is_sent: bool,
}

impl Permit {
    pub(super) fn sent(&mut self) {
        if let Some(counted) = &mut self.0 {
            counted.is_sent = true;
        }
    }

    /// The broker has answered a verification. `said` is what it says is left.
    /// `payer` is who a yes makes known.
    pub(super) fn answered(self, said: Option<RateLimit>, is_yes: bool, payer: Option<Key>) {
        self.end(said, |calls, counted| {
            if is_yes {
                counted.state.give_back(calls, counted.place);
                if let Some(payer) = payer {
                    counted.state.accept(payer);
                }
            } else if let Some(payer) = counted.payer {
                counted.state.payers.change(&payer, |payer| payer.refused = Some(Instant::now()));
            }
        });
    }

    /// The broker has minted: the call has come to nothing until this is paid.
    pub(super) fn minted(self, said: Option<RateLimit>, payment_hash: Option<Key>) {
        self.end(said, |_, counted| {
            if let Some(payment_hash) = payment_hash {
                counted.state.awaited.put(payment_hash, counted.place, CAPACITY);
            }
        });
    }

    /// The call has failed, which is no fault of whoever has caused it.
    pub(super) fn failed(self, said: Option<RateLimit>, err: &L402Error) {
        self.end(said, |calls, counted| {
            counted.state.give_back(calls, counted.place);
            if let L402Error::RateLimited { retry_after } = err {
                calls.minute.rest(*retry_after, Instant::now());
            }
        });
    }

    fn end(mut self, said: Option<RateLimit>, note: impl FnOnce(&mut Calls, &Counted)) {
        if let Some(counted) = self.0.take() {
            let mut calls = counted.state.calls();
            calls.minute.end(said.map(Into::into));
            note(&mut calls, &counted);
        }
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
                counted.state.give_back(&mut calls, counted.place);
            }
        }
    }
}

/// A little later than the earliest moment, so that not all come back at once; within the minute
/// that the broker counts by.
pub(super) fn jittered(wait: Duration) -> Duration {
    let mut byte = [0];
    // Without randomness all come back at once, which is no more than inconvenient.
    let _ = getrandom::fill(&mut byte);
    let late = (wait / 4).min(Duration::from_secs(5)) * u32::from(byte[0]) / 255;
    (wait + late).min(MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAYER: Key = [1; 32];
    const BUDGET: BrokerBudget = BrokerBudget::by_broker();

    fn client(number: u8) -> Option<Key> {
        Some([number; 32])
    }

    fn mint(budget: &Budget, by: Option<Key>, payment_hash: Key) -> Result<(), Denied> {
        let mut permit = budget.stranger(BUDGET, by, Limiter::BudgetMint)?;
        permit.sent();
        permit.minted(None, Some(payment_hash));
        Ok(())
    }

    fn garbage(budget: &Budget, by: Option<Key>) -> Result<(), Denied> {
        let mut permit = budget.stranger(BUDGET, by, Limiter::BudgetVerify)?;
        permit.sent();
        permit.answered(None, false, None);
        Ok(())
    }

    /// A verification of somebody who is known; `None` for a stranger.
    fn ask(budget: &Budget, payment_hash: Key, is_yes: bool) -> Option<Result<(), Denied>> {
        let allowed = budget.payer(BUDGET, payment_hash)?;
        Some(allowed.map(|mut permit| {
            permit.sent();
            permit.answered(None, is_yes, Some(payment_hash));
        }))
    }

    fn count(mut allowed: impl FnMut(usize) -> bool) -> usize {
        (0..300).filter(|number| allowed(*number)).count()
    }

    fn named(number: usize) -> Key {
        let mut name = [7; 32];
        name[..8].copy_from_slice(&number.to_be_bytes());
        name
    }

    #[test]
    fn what_comes_to_nothing_is_limited_for_one_client_and_for_all_together() {
        let budget = Budget::default();
        assert_eq!(count(|number| mint(&budget, client(1), named(number)).is_ok()), 30);
        assert!(matches!(mint(&budget, client(1), PAYER), Err(Denied::Client(_))));
        assert_eq!(count(|_| garbage(&budget, client(2)).is_ok()), 20, "others are sold to");
        let more = count(|number| {
            garbage(&budget, client(u8::try_from(3 + number % 200).expect("a byte"))).is_ok()
        });
        assert_eq!(30 + 20 + more, 67, "two thirds");
        assert!(matches!(garbage(&budget, None), Err(Denied::Account(_))));
    }

    #[test]
    fn who_buys_is_in_nobodys_way() {
        let budget = Budget::default();
        for number in 0..20 {
            mint(&budget, client(1), named(number)).expect("a challenge");
        }
        for number in 0..20 {
            for _ in 0..3 {
                ask(&budget, named(number), true).expect("known").expect("served");
            }
        }
        mint(&budget, client(1), PAYER).expect("80 calls, and none of them in vain");
    }

    #[test]
    fn a_payer_has_a_tenth_by_right_and_more_while_there_is_more() {
        let budget = Budget::default();
        assert!(ask(&budget, PAYER, true).is_none(), "a stranger");
        for payer in 0..6 {
            mint(&budget, client(1), named(payer)).expect("a challenge");
        }
        let served = count(|_| ask(&budget, named(0), true).expect("known").is_ok());
        assert!((10..50).contains(&served), "{served}");
        for other in 1..6 {
            for _ in 0..10 {
                ask(&budget, named(other), true).expect("known").expect("served by right");
            }
        }
    }

    #[test]
    fn a_payer_who_asks_in_vain_has_its_right_and_no_more() {
        let budget = Budget::default();
        mint(&budget, client(1), PAYER).expect("a challenge");
        assert_eq!(count(|_| ask(&budget, PAYER, false).expect("known").is_ok()), 10);
        assert!(matches!(ask(&budget, PAYER, true), Some(Err(Denied::Payer(_)))));
    }

    #[test]
    fn garbage_drives_nobody_out_who_has_paid() {
        let budget = Budget::default();
        let mut permit = budget.stranger(BUDGET, None, Limiter::BudgetVerify).expect("a call");
        permit.sent();
        permit.answered(None, true, Some(PAYER));
        for number in 0..20_000 {
            let _ = mint(&budget, None, named(number));
            let _ = garbage(&budget, None);
        }
        assert!(ask(&budget, PAYER, true).is_some());
        budget.ended(&PAYER, false);
        assert!(ask(&budget, PAYER, true).is_none(), "no longer genuine");
    }

    #[test]
    fn who_has_paid_and_was_not_accepted_yet_stays_known_whatever_the_broker_says() {
        let budget = Budget::default();
        mint(&budget, client(1), PAYER).expect("a challenge");
        assert!(ask(&budget, PAYER, false).is_some());
        budget.ended(&PAYER, false);
        assert!(ask(&budget, PAYER, true).is_some());
        budget.ended(&PAYER, true);
        assert!(ask(&budget, PAYER, true).is_none(), "used up");
    }

    #[test]
    fn a_call_that_was_not_made_or_that_failed_counts_against_nobody() {
        let budget = Budget::default();
        for _ in 0..100 {
            drop(budget.stranger(BUDGET, client(1), Limiter::BudgetMint).expect("a call"));
        }
        for _ in 0..80 {
            let permit = budget.stranger(BUDGET, client(1), Limiter::BudgetMint);
            let mut permit = permit.expect("a call");
            permit.sent();
            permit.failed(None, &L402Error::Timeout);
        }
        assert!(budget.0.clients.with([1; 32], |own| own.count(Instant::now())) == 0);
        let mut gone = budget.stranger(BUDGET, client(1), Limiter::BudgetMint).expect("a call");
        gone.sent();
        drop(gone);
        assert!(budget.0.clients.with([1; 32], |own| own.count(Instant::now())) == 1);
    }

    #[test]
    fn a_share_of_one_has_room_for_a_diagnosis() {
        let (budget, small) = (Budget::default(), BrokerBudget::per_minute(2));
        let mut permit = budget.stranger(small, client(1), Limiter::BudgetVerify).expect("a call");
        permit.sent();
        permit.answered(None, false, None);
        budget.diagnosis(small, client(1)).expect("a call").sent();
        assert!(budget.stranger(small, client(1), Limiter::BudgetVerify).is_err());
    }

    #[test]
    fn without_a_budget_nothing_is_counted() {
        let (budget, none) = (Budget::default(), BrokerBudget::unlimited());
        assert_eq!(count(|_| budget.stranger(none, client(1), Limiter::BudgetMint).is_ok()), 300);
        assert_eq!(budget.0.calls().nothing.count(Instant::now()), 0);
    }
}
