//! What the processes of one account tell each other, through Redis: who has paid, what clients hold,
//! which keys of the merchant's are used up, and how many calls of strangers have come to nothing.
//!
//! None of it makes a payment valid: it says who goes first, and which refusal is right. Whatever
//! fails here, the process goes by its own memory.

use std::{
    cell::Cell,
    sync::LazyLock,
    time::{Duration, Instant},
};

use redis::FromRedisValue as _;

use super::{
    checked::CheckedChallenge,
    places::{Places, SharedPlace},
    sales::{Known, Sold},
    scripts::{ACCEPTED, ASK, FORGET, GIVE_BACK, MINTED, NOTE, SET},
    sealed::{Held, Payment, Seal, since_1970},
    word::{Asked, Word},
};
use crate::{
    key::{Key, hex, key},
    memory::{CAPACITY, Memory},
    notice::Notice,
    shared::{RedisState, name},
};

/// A payment, a held challenge, until when a key is used up, and the count of places.
type Texts = (Option<String>, Option<String>, Option<String>, i64);

/// How long a payment is known, from its mint or its last yes on: what the broker's tokens live.
const KNOWN_FOR: Duration = Duration::from_secs(60 * 60);

/// How often it is told again that somebody has paid: often enough that it is known who has called in
/// the last minute, also to a Redis that has lost it.
const TELL_AGAIN: Duration = Duration::from_secs(20);

/// One for all accounts of the process.
static GARBAGE: LazyLock<Notice> = LazyLock::new(Notice::default);

/// The Redis of one account.
pub(super) struct Elsewhere {
    state: RedisState,
    account: Key,
    seal: Seal,
    /// Whose payments have let a request in, and when that was told.
    told: Memory<Instant>,
}

impl Elsewhere {
    pub(super) fn through(state: RedisState, account: Key, secret: Key) -> Self {
        Self { state, account, seal: Seal(secret), told: Memory::default() }
    }

    /// One round trip. What is known of a payment counts from here on as if it was paid for here; so
    /// its mint's place is given back, and nobody is handed its challenge any more.
    pub(super) async fn ask(&self, asked: Asked<'_>) -> Word {
        let nothing = [0; 32];
        let sold = self.name("sold", &asked.payer.unwrap_or(nothing));
        let held = self.name("held", &asked.holder.unwrap_or(nothing));
        let used = self.used(asked.idempotency_key.unwrap_or_default());
        let keys = vec![sold.clone(), held.clone(), used.clone(), self.places(), self.payers()];
        let id = asked.place.map(|share| self.place_of(share.client)).unwrap_or_default();
        let place = asked.place.map(|_| place_name(id)).unwrap_or_default();
        let share =
            asked.place.map(|share| [share.all, share.right, share.least, share.most, share.spare]);
        let share = share.unwrap_or_default().map(|calls| calls.to_string());
        let arguments = [place].into_iter().chain(share).collect();
        let Ok(answer) = self.state.run(ASK, keys, arguments).await else {
            return Word::default();
        };
        let texts = Texts::from_redis_value(answer).map_err(|_| "it is no text");
        let Some((payment, challenge, key, place)) = Self::believe(texts) else {
            return Word::default();
        };
        Word {
            is_heard: true,
            known: payment.and_then(|text| self.paid(&sold, &text)),
            held: challenge.and_then(|text| Self::believe(self.seal.read_challenge(&held, &text))),
            used_up_until: key.and_then(|text| {
                let until: u64 = Self::believe(self.seal.read(&used, &text))?;
                let left = Duration::from_secs(until.saturating_sub(since_1970()));
                // An hour at most, as anywhere.
                Some(Instant::now() + left.min(KNOWN_FOR))
            }),
            place: Cell::new(SharedPlace::read(id, place)),
        }
    }

    /// Whether a payment is known that has let a request in.
    pub(super) async fn is_accepted(&self, payment_hash: &Key) -> bool {
        let asked = Asked { payer: Some(*payment_hash), ..Asked::default() };
        self.ask(asked).await.known.is_some_and(|known| known.accepted)
    }

    /// Tells of a challenge: a place may hang on it, and a client may hold it.
    pub(super) fn minted(
        &self,
        payment_hash: &Key,
        sold: Sold,
        place: Option<u64>,
        held: Option<(Key, &CheckedChallenge, Duration)>,
    ) {
        let holder = held.map(|(holder, ..)| hex(&holder));
        let payment =
            Payment { place, holder, ..Payment::of(Known { sold: Some(sold), accepted: false }) };
        let name = self.name("sold", payment_hash);
        let holds = self.name("held", &held.map_or([0; 32], |(holder, ..)| holder));
        let Some(payment) = self.seal.write(&name, &payment) else { return };
        let (challenge, lasts) = held
            .and_then(|(_, challenge, lasts)| {
                Some((self.seal.write(&holds, &Held::of(challenge))?, lasts))
            })
            .unwrap_or_default();
        let lasts = lasts.as_millis().max(1).to_string();
        self.tell(MINTED, vec![name, holds], vec![payment, millis(KNOWN_FOR), challenge, lasts]);
    }

    /// Tells of a payment that has let a request in.
    pub(super) fn accepted(&self, payment_hash: &Key, known: Known) {
        if self.told.get(payment_hash).is_some_and(|at| at.elapsed() < TELL_AGAIN) {
            return;
        }
        self.told.put(*payment_hash, Instant::now(), CAPACITY);
        let name = self.name("sold", payment_hash);
        if let Some(text) = self.seal.write(&name, &Payment::of(known)) {
            let keys = vec![name, self.payers()];
            self.tell(ACCEPTED, keys, vec![text, millis(KNOWN_FOR), hex(payment_hash)]);
        }
    }

    /// Tells that a key of the merchant's brings back a paid invoice.
    pub(super) fn use_up(&self, idempotency_key: &str, left: Duration) {
        let name = self.used(idempotency_key);
        if let Some(text) = self.seal.write(&name, &(since_1970() + left.as_secs())) {
            self.tell(SET, vec![name], vec![text, millis(left)]);
        }
    }

    /// Nobody is handed what this client holds.
    pub(super) fn release(&self, holder: &Key) {
        self.tell(FORGET, vec![self.name("held", holder)], Vec::new());
    }

    /// Nobody waits for it, and what fails is said where the line is kept.
    fn tell(&self, script: &'static str, keys: Vec<String>, arguments: Vec<String>) {
        drop(self.state.run(script, keys, arguments));
    }

    /// What is known of a payment that somebody shows.
    fn paid(&self, name: &str, text: &str) -> Option<Known> {
        let payment: Payment = Self::believe(self.seal.read(name, text))?;
        if let Some(place) = payment.place {
            self.give_back(place);
        }
        if let Some(holder) = &payment.holder
            && let Some(holder) = l402_server::decode_hex(holder.as_bytes())
        {
            self.release(&holder);
        }
        payment.known()
    }

    /// What another version wrote, or somebody else, is an error and no more.
    fn believe<T>(read: Result<T, &'static str>) -> Option<T> {
        read.inspect_err(|why| {
            if let Some(times) = GARBAGE.due() {
                tracing::error!(times, "Redis holds what is not believed: {why}");
            }
        })
        .ok()
    }

    /// A new place's name: half of it its client's, which nobody else can tell or have on purpose, half
    /// random. Without randomness two might have one, and one of them would be free too soon.
    fn place_of(&self, client: Key) -> u64 {
        let [a, b, c, d, ..] = key(&[Some(&self.seal.0), Some(&client)]);
        let mut bytes = [a, b, c, d, 0, 0, 0, 0];
        let _ = getrandom::fill(&mut bytes[4..]);
        u64::from_be_bytes(bytes)
    }

    fn name(&self, kind: &str, of: &Key) -> String {
        name(&self.account, kind, of)
    }

    fn used(&self, idempotency_key: &str) -> String {
        self.name("used", &key(&[Some(idempotency_key.as_bytes())]))
    }

    fn payers(&self) -> String {
        self.name("payers", &[0; 32])
    }

    fn places(&self) -> String {
        self.name("vain", &[0; 32])
    }
}

impl Places for Elsewhere {
    fn give_back(&self, place: u64) {
        self.tell(GIVE_BACK, vec![self.places()], vec![place_name(place)]);
    }

    fn note(&self, client: Key) -> u64 {
        let place = self.place_of(client);
        self.tell(NOTE, vec![self.places()], vec![place_name(place)]);
        place
    }
}

fn millis(time: Duration) -> String {
    time.as_millis().max(1).to_string()
}

/// Its client's half is the first eight digits.
fn place_name(place: u64) -> String {
    format!("{place:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One that is never reached.
    fn of(account: u8) -> Elsewhere {
        let state = RedisState::new("redis://127.0.0.1:1/").expect("a URL");
        Elsewhere::through(state, [account; 32], [9; 32])
    }

    #[test]
    fn each_account_keeps_each_kind_under_a_name_of_its_own() {
        let names = |of: &Elsewhere| {
            let [sold, held] = ["sold", "held"].map(|kind| of.name(kind, &[1; 32]));
            [sold, held, of.used("a key"), of.payers(), of.places()]
        };
        let mut all = [names(&of(1)), names(&of(2))].concat();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 10, "{all:?}");
    }

    #[test]
    fn the_places_of_one_client_are_known_by_their_first_half_and_told_apart_by_the_other() {
        let (account, client) = (of(1), |number: u8| [number; 32]);
        let [one, other] = [1, 1].map(|number| place_name(account.place_of(client(number))));
        let anothers = place_name(account.place_of(client(2)));
        assert_eq!(one[..8], other[..8]);
        assert_ne!(one, other);
        assert_ne!(one[..8], anothers[..8]);
    }

    #[test]
    fn that_somebody_has_paid_is_told_again_after_a_while_and_not_each_time() {
        let (account, payer) = (of(1), [7; 32]);
        let told = || account.told.get(&payer).expect("it was told");
        account.accepted(&payer, Known::default());
        let first = told();
        account.accepted(&payer, Known::default());
        assert_eq!(told(), first);
        let long_ago = first.checked_sub(TELL_AGAIN).expect("a machine that runs for a minute");
        account.told.put(payer, long_ago, CAPACITY);
        account.accepted(&payer, Known::default());
        assert!(told() >= first);
    }
}
