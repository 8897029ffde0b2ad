//! Who may call the broker: whoever has paid first, and strangers as long as they leave enough.
//!
//! A call counts against the client that causes it until it turns out to be worth something: a
//! challenge is paid, a credential is good. So whoever buys is never in the way of others, and
//! whoever asks in vain is in nobody's but its own.

use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use l402_server::{L402Error, RateLimit};

use super::{
    minute::{Left, Minute},
    payer::{Payer, Rank},
    places::{Places, Share, SharedPlace},
};
use crate::{
    key::Key,
    memory::{CAPACITY, Memory},
    window::{MINUTE, Window},
};

/// How often somebody who has paid is let through although nothing seems to be left.
const PROBE_EVERY: Duration = Duration::from_secs(1);

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

    /// The same, as if the broker allowed this process so many calls in any 60 seconds, at least 2;
    /// fewer count as 2. For an API key that something else needs too.
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

/// What is to be called.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Call {
    Mint,
    Verify,
    /// The second question about a credential.
    Diagnose,
}

/// Who causes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker {
    /// By its address or name; `None` for nobody in particular, who is one client too.
    pub(super) client: Option<Key>,
    /// The payment hash that a credential proves.
    pub(super) payer: Option<Key>,
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
    awaited: Memory<Place>,
    /// Where what comes to nothing at all processes is counted, if it is.
    elsewhere: OnceLock<Arc<dyn Places>>,
}

#[derive(Default)]
struct Calls {
    minute: Minute,
    /// What all clients have caused that came to nothing.
    nothing: Window,
    /// Of it, the questions about credentials.
    refused: Window,
    /// When somebody who has paid was let through although nothing was left.
    probed: Option<Instant>,
}

/// A call that counts as having come to nothing, until it is given back.
#[derive(Clone, Copy)]
struct Place {
    client: Key,
    at: Instant,
    is_mint: bool,
    /// Its name among those of all processes.
    shared: Option<u64>,
}

impl Budget {
    /// Lets a call through, or says why not.
    ///
    /// Somebody who has paid has a tenth of the minute by right, and of two such, whoever has called
    /// less goes first; and more while there is more for others too. Strangers go on while they leave
    /// the reserve and twice what they have asked in vain; and a third of the limit, unless they come
    /// with a credential and hardly any is refused.
    pub(super) fn allow(
        &self,
        budget: BrokerBudget,
        call: Call,
        asker: Asker,
        place: Option<SharedPlace>,
    ) -> Result<Permit, Denied> {
        let allowed = match budget.cap() {
            Some(cap) => self.0.allow(cap, call, asker, place),
            None => Ok(Permit(None)),
        };
        let has_taken = |permit: &Permit| permit.place().is_some();
        if let Some(SharedPlace::Taken(place)) = place
            && !allowed.as_ref().is_ok_and(has_taken)
        {
            self.0.give_back_elsewhere(place);
        }
        allowed
    }

    /// Of which places at all processes one is to be asked for before a stranger's call; `None` if there is no limit, or none is to be had by what is known here.
    pub(super) fn places_for(
        &self,
        budget: BrokerBudget,
        call: Call,
        client: Option<Key>,
    ) -> Option<Share> {
        self.0.places_for(budget.cap()?, call, client.unwrap_or_default())
    }

    /// Lets what comes to nothing be counted for all processes.
    #[cfg(feature = "redis")]
    pub(super) fn count_with(&self, elsewhere: Arc<dyn Places>) {
        let _ = self.0.elsewhere.set(elsewhere);
    }

    /// Gives back a place that no call has taken.
    pub(super) fn give_back(&self, place: SharedPlace) {
        if let SharedPlace::Taken(place) = place {
            self.0.give_back_elsewhere(place);
        }
    }

    /// Whether somebody has paid, by what is known here.
    pub(super) fn knows(&self, payment_hash: &Key) -> bool {
        self.0.payers.holds(payment_hash) || self.0.awaited.holds(payment_hash)
    }

    /// Somebody has paid at another process.
    pub(super) fn has_paid(&self, payment_hash: Key) {
        if !self.0.payers.holds(&payment_hash) {
            self.0.payers.put(payment_hash, Payer::new(Instant::now()), CAPACITY);
        }
    }

    /// Takes note of a payment that is used up.
    pub(super) fn used_up(&self, payment_hash: &Key) {
        self.0.payers.forget(payment_hash);
    }
}

/// How many calls of a minute may come to nothing, of all clients together: two thirds.
fn most_to_nothing(left: Left) -> u32 {
    left.limit.saturating_mul(2).div_ceil(3)
}

/// For how long strangers have to wait by what is known here: the other processes are taken to see
/// what this one sees.
fn is_full(calls: &mut Calls, left: Left, call: Call, now: Instant) -> Option<Duration> {
    // While hardly any credential is refused, whoever comes with one has paid, perhaps at another
    // process.
    let is_garbage = left.everywhere(calls.refused.count(now)) >= left.reserve();
    let is_in_vain = left.everywhere(calls.nothing.count(now)) >= most_to_nothing(left)
        && (call == Call::Mint || is_garbage);
    is_in_vain.then(|| calls.nothing.frees_in(now))
}

impl State {
    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn places_for(&self, cap: u32, call: Call, client: Key) -> Option<Share> {
        let (mut calls, now) = (self.calls(), Instant::now());
        let left = calls.minute.left(cap, now);
        let may_be = left.calls > left.reserve() && self.leaves_enough(left, call, client, now);
        may_be.then(|| Share {
            all: left.limit.saturating_sub(left.reserve()),
            right: left.reserve().max(1),
            least: left.limit.div_ceil(2),
            most: most_to_nothing(left),
            client,
            spare: if call == Call::Diagnose { u32::MAX } else { left.calls - left.reserve() },
        })
    }

    /// A second question belongs to a first one that was let through, and without it a client with a
    /// sibling's token would never hear that it has to buy.
    fn leaves_enough(&self, left: Left, call: Call, client: Key, now: Instant) -> bool {
        let own = self.clients.with(client, |own| own.count(now));
        call == Call::Diagnose || left.calls > left.reserve().saturating_add(own.saturating_mul(2))
    }

    fn allow(
        self: &Arc<Self>,
        cap: u32,
        call: Call,
        asker: Asker,
        shared: Option<SharedPlace>,
    ) -> Result<Permit, Denied> {
        let (mut calls, now) = (self.calls(), Instant::now());
        let client = asker.client.unwrap_or_default();
        if let Some(payer) = asker.payer {
            self.shown(&mut calls, payer, now);
        }
        let left = calls.minute.left(cap, now);
        let take = |payer| self.payers.change(&payer, |payer: &mut Payer| payer.take(left, now));
        let rank = asker.payer.and_then(take).flatten();
        let payer = asker.payer.filter(|_| rank.is_some());
        let begun = |state: &Arc<Self>, calls: &mut Calls, place: Option<Place>| {
            calls.minute.begin(now);
            if let Some(place) = place {
                state.note(calls, place);
            }
            let state = Arc::clone(state);
            Permit(Some(Counted { state, call, at: now, client, place, payer, is_sent: false }))
        };
        match rank {
            Some(Rank::Allowed) => return Ok(begun(self, &mut calls, None)),
            Some(Rank::ToProbe) => {
                let is_time = |at: Instant| now.duration_since(at) >= PROBE_EVERY;
                if calls.probed.is_none_or(is_time) {
                    calls.probed = Some(now);
                    return Ok(begun(self, &mut calls, None));
                }
                self.take_back(payer, now);
                return Err(Denied::Account(left.renewed_in.max(PROBE_EVERY)));
            }
            Some(Rank::Denied(wait)) => return Err(Denied::Payer(wait)),
            Some(Rank::LikeAStranger) | None => {}
        }
        let is_short = left.calls <= left.reserve();
        let full_for = match shared {
            Some(SharedPlace::Taken(_) | SharedPlace::NoneForClient(_)) => None,
            Some(SharedPlace::None(wait)) => Some(wait),
            None => is_full(&mut calls, left, call, now),
        };
        let too_much_for = match shared {
            Some(SharedPlace::NoneForClient(wait)) => Some(wait),
            _ if self.leaves_enough(left, call, client, now) => None,
            _ => Some(self.clients.with(client, |own| own.frees_in(now))),
        };
        if !is_short && full_for.is_none() && too_much_for.is_none() {
            let shared = match shared {
                Some(SharedPlace::Taken(place)) => Some(place),
                _ => None,
            };
            let place = Place { client, at: now, is_mint: call == Call::Mint, shared };
            return Ok(begun(self, &mut calls, Some(place)));
        }
        self.take_back(payer, now);
        Err(if is_short {
            Denied::Account(left.renewed_in)
        } else if let Some(wait) = full_for {
            Denied::Account(wait)
        } else {
            Denied::Client(too_much_for.unwrap_or_default())
        })
    }

    /// Who shows the preimage of a challenge of ours has paid for it, whatever the broker knows of it
    /// by now; without this a flood of garbage would keep out whoever has just paid.
    fn shown(&self, calls: &mut Calls, payment_hash: Key, now: Instant) {
        if let Some(place) = self.awaited.take(&payment_hash) {
            self.give_back(calls, place);
            if !self.payers.holds(&payment_hash) {
                self.payers.put(payment_hash, Payer::new(now), CAPACITY);
            }
        }
    }

    fn accept(&self, payment_hash: Key) {
        let now = Instant::now();
        if !self.payers.holds(&payment_hash) {
            self.payers.put(payment_hash, Payer::new(now), CAPACITY);
        }
        self.payers.change(&payment_hash, |payer| {
            (payer.since, payer.vain) = (now, Window::default());
        });
    }

    /// A call of a payer's that is not made.
    fn take_back(&self, payer: Option<Key>, at: Instant) {
        if let Some(payer) = payer {
            self.payers.change(&payer, |payer| payer.calls.give_back(at));
        }
    }

    fn give_back_elsewhere(&self, place: u64) {
        if let Some(elsewhere) = self.elsewhere.get() {
            elsewhere.give_back(place);
        }
    }

    fn note(&self, calls: &mut Calls, Place { client, at, is_mint, .. }: Place) {
        calls.nothing.note(at);
        if !is_mint {
            calls.refused.note(at);
        }
        self.clients.with(client, |own| own.note(at));
    }

    fn give_back(&self, calls: &mut Calls, Place { client, at, is_mint, shared }: Place) {
        if let Some(place) = shared {
            self.give_back_elsewhere(place);
        }
        calls.nothing.give_back(at);
        if !is_mint {
            calls.refused.give_back(at);
        }
        self.clients.with(client, |own| own.give_back(at));
    }
}

/// A call that may be made. One that is dropped before it is [`sent`](Self::sent) was none.
pub(crate) struct Permit(Option<Counted>);

struct Counted {
    state: Arc<State>,
    call: Call,
    at: Instant,
    client: Key,
    place: Option<Place>,
    payer: Option<Key>,
    is_sent: bool,
}

impl Permit {
    /// The name of its place among those of all processes.
    pub(super) fn place(&self) -> Option<u64> {
        self.0.as_ref()?.place?.shared
    }

    pub(super) fn sent(&mut self) {
        if let Some(counted) = &mut self.0 {
            counted.is_sent = true;
        }
    }

    /// The broker has answered a verification. `said` is what it says is left, and `payer` who a yes
    /// makes known.
    pub(super) fn answered(self, said: Option<RateLimit>, is_yes: bool, payer: Option<Key>) {
        self.end(said, |calls, counted, _| {
            if is_yes {
                if let Some(place) = counted.place {
                    counted.state.give_back(calls, place);
                }
                if let Some(payer) = payer {
                    counted.state.accept(payer);
                }
            } else if let Some(payer) = counted.payer {
                let now = Instant::now();
                if counted.call == Call::Verify {
                    counted.state.payers.change(&payer, |payer| payer.vain.note(now));
                }
                if counted.place.is_none() {
                    let shared = counted.state.elsewhere.get();
                    let shared = shared.map(|elsewhere| elsewhere.note(counted.client));
                    let place = Place { client: counted.client, at: now, is_mint: false, shared };
                    counted.state.note(calls, place);
                }
            }
        });
    }

    /// The broker has minted: the call has come to nothing until this is paid.
    pub(super) fn minted(self, said: Option<RateLimit>, payment_hash: Option<Key>) {
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
    pub(super) fn failed(self, said: Option<RateLimit>, err: &L402Error) {
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
        assert_eq!(
            budget.0.payers.change(&PAYER, |payer| payer.calls.count(Instant::now())),
            Some(0)
        );
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
    fn who_is_told_to_wait_comes_a_little_later_and_not_with_all_others() {
        let seconds = Duration::from_secs;
        for (wait, latest) in
            [(seconds(4), seconds(5)), (seconds(40), seconds(45)), (MINUTE, MINUTE)]
        {
            let mut waits: Vec<Duration> = (0..64).map(|_| jittered(wait)).collect();
            assert!(waits.iter().all(|jittered| (wait..=latest).contains(jittered)), "{waits:?}");
            waits.dedup();
            assert!(wait == MINUTE || waits.len() > 8, "{waits:?}");
        }
    }

    #[test]
    fn a_share_of_less_than_two_calls_is_one_of_two() {
        for (calls, cap) in [(0, 2), (1, 2), (2, 2), (3, 3), (100, 100)] {
            assert_eq!(BrokerBudget::per_minute(calls).cap(), Some(cap));
        }
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
}
