//! The challenges that clients hold, so that asking again need not mint again.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use lru::LruCache;

use super::{
    checked::{CheckedChallenge, time_left},
    flight::{Flights, Shared},
    refusal::BrokerRefusal,
};
use crate::key::{Key, payment_hash};

/// How many challenges are held, at about 2 KiB each. A flood of addresses drives the oldest out,
/// whose clients are then given a new one.
const CAPACITY: usize = 5_000;

/// An invoice is handed out again only while a payer has at least this long to pay it.
const TIME_TO_PAY: Duration = Duration::from_secs(2 * 60);

/// A second mint would be a second invoice, and a wallet may take its time over one: who waits for
/// another request's waits as long as the call may take.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// A broker's answer to a mint that several requests of one client can have.
pub(super) type Minted = Result<CheckedChallenge, BrokerRefusal>;

/// The challenges that clients of one account hold.
#[derive(Default)]
pub(crate) struct HeldChallenges {
    held: Arc<Held>,
    flights: Flights<Minted>,
}

impl HeldChallenges {
    /// The challenge that the client holds, else a new one.
    ///
    /// Whoever waited for another request's mint looks again: its invoice may have been paid in
    /// the meantime, or have too little time left to be shared, or no header could carry it.
    pub(crate) async fn challenge<F>(
        &self,
        client: Key,
        start: impl Fn() -> Result<F, BrokerRefusal>,
    ) -> Minted
    where
        F: Future<Output = Minted> + Send + 'static,
    {
        let held = || self.held.get(&client);
        let call = || {
            let (held, call) = (Arc::clone(&self.held), start()?);
            Ok(async move {
                let minted = call.await;
                if let Ok(challenge) = &minted {
                    held.put(client, challenge);
                }
                minted
            })
        };
        match self.flights.share(client, PATIENCE, || held().map(Ok), call).await? {
            Shared::Own(minted) | Shared::Others(minted @ Err(BrokerRefusal::Mint(_))) => minted,
            Shared::Others(_) => match held() {
                Some(challenge) => Ok(challenge),
                None => start()?.await,
            },
        }
    }

    /// Whether a challenge was ever held.
    pub(crate) fn is_used(&self) -> bool {
        self.held.is_used.load(Ordering::Acquire)
    }

    /// Ends the reuse of a challenge: somebody has presented what only its payer can know. Before
    /// the broker is asked, and whatever it answers: the invoice cannot be paid again.
    ///
    /// Who held it.
    pub(crate) fn paid(&self, payment_hash: &[u8; 32]) -> Option<Key> {
        let mut entries = self.held.entries();
        let client = entries.by_payment_hash.remove(payment_hash)?;
        entries.by_client.pop(&client);
        Some(client)
    }

    /// The payment hash of what the client holds, as far as this process knows.
    pub(super) fn held(&self, client: &Key) -> Option<[u8; 32]> {
        self.held.entries().by_client.get(client).map(|entry| entry.payment_hash)
    }

    /// Ends the reuse of this one, and not of one that the client has been handed since.
    pub(super) fn forget_this(&self, client: &Key, payment_hash: Option<[u8; 32]>) {
        if payment_hash.is_some() && self.held(client) == payment_hash {
            self.forget(client);
        }
    }

    /// Takes note of what another process has handed out to the client.
    pub(super) fn keep(&self, client: Key, challenge: &CheckedChallenge) {
        self.held.put(client, challenge);
    }

    /// Ends the reuse for a client.
    pub(crate) fn forget(&self, client: &Key) {
        let mut entries = self.held.entries();
        if let Some(out) = entries.by_client.pop(client) {
            entries.by_payment_hash.remove(&out.payment_hash);
        }
    }
}

/// For how long it can be handed out again.
pub(super) fn may_be_held_for(challenge: &CheckedChallenge) -> Option<Duration> {
    let left = time_left(challenge)?.checked_sub(TIME_TO_PAY)?;
    (!left.is_zero()).then_some(left)
}

#[derive(Default)]
struct Held {
    entries: Mutex<Entries>,
    /// Set once, and read without the lock by every request with a credential.
    is_used: AtomicBool,
}

/// Each entry is in both maps or in neither: one that could not be found by its payment hash would
/// be handed out after it was paid.
struct Entries {
    by_client: LruCache<Key, Entry>,
    by_payment_hash: HashMap<[u8; 32], Key>,
}

impl Default for Entries {
    fn default() -> Self {
        Self { by_client: LruCache::unbounded(), by_payment_hash: HashMap::new() }
    }
}

struct Entry {
    challenge: CheckedChallenge,
    payment_hash: [u8; 32],
    until: Instant,
}

impl Held {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, client: &Key) -> Option<CheckedChallenge> {
        let mut entries = self.entries();
        let entry = entries.by_client.get(client)?;
        (Instant::now() < entry.until).then(|| entry.challenge.clone())
    }

    fn put(&self, client: Key, challenge: &CheckedChallenge) {
        let lifetime = may_be_held_for(challenge);
        // Of one without a payment hash nobody could tell when it is paid.
        let (Some(lifetime), Some(payment_hash)) = (lifetime, payment_hash(challenge)) else {
            return;
        };
        let until = Instant::now() + lifetime;
        let entry = Entry { challenge: challenge.clone(), payment_hash, until };
        let mut entries = self.entries();
        // The same invoice for two clients, from a broker or by a merchant's idempotency key: held
        // for one it would be found, for two it would not.
        if entries.by_payment_hash.contains_key(&payment_hash) {
            return;
        }
        if let Some(replaced) = entries.by_client.put(client, entry) {
            entries.by_payment_hash.remove(&replaced.payment_hash);
        }
        entries.by_payment_hash.insert(payment_hash, client);
        self.is_used.store(true, Ordering::Release);
        while entries.by_client.len() > CAPACITY
            && let Some((_, out)) = entries.by_client.pop_lru()
        {
            entries.by_payment_hash.remove(&out.payment_hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn challenge(number: usize, expires_at: &str) -> CheckedChallenge {
        stating(&format!("{number:064X}"), expires_at)
    }

    fn stating(payment_hash: &str, expires_at: &str) -> CheckedChallenge {
        let reply = json!({
            "invoice": "lnbcrt", "macaroon": "AgEL", "paymentHash": payment_hash,
            "expiresAt": expires_at, "resource": "/a", "priceSats": 1,
        });
        let challenge = serde_json::from_value(reply).expect("a challenge");
        CheckedChallenge::check(challenge).expect("one that can be sent")
    }

    fn client(number: usize) -> Key {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_be_bytes());
        key
    }

    const FAR: &str = "2999-01-01T00:00:00.1234567Z";

    #[test]
    fn a_flood_of_addresses_is_bounded_and_every_entry_stays_findable() {
        let held = Held::default();
        for number in 0..CAPACITY + 100 {
            held.put(client(number), &challenge(number, FAR));
        }
        let entries = held.entries();
        assert_eq!(entries.by_client.len(), CAPACITY);
        assert_eq!(entries.by_payment_hash.len(), CAPACITY);
        for (client, entry) in &entries.by_client {
            assert_eq!(entries.by_payment_hash.get(&entry.payment_hash), Some(client));
        }
    }

    #[test]
    fn what_a_client_holds_is_forgotten_by_its_own_payment_and_by_no_other() {
        let held = HeldChallenges::default();
        assert_eq!(held.held(&client(1)), None);
        held.keep(client(1), &challenge(7, FAR));
        let hash = held.held(&client(1)).expect("it is held");
        assert_eq!(hash[31], 7);
        held.forget_this(&client(1), None);
        held.forget_this(&client(1), Some([9; 32]));
        assert_eq!(held.held(&client(1)), Some(hash), "another one");
        held.forget_this(&client(1), Some(hash));
        assert_eq!(held.held(&client(1)), None);
    }

    #[test]
    fn one_invoice_is_held_for_one_client() {
        let held = Held::default();
        held.put(client(1), &challenge(7, FAR));
        held.put(client(2), &challenge(7, FAR));
        assert!(held.get(&client(1)).is_some());
        assert!(held.get(&client(2)).is_none());
    }

    #[test]
    fn what_nobody_could_tell_the_end_of_is_not_held() {
        let held = Held::default();
        for expires_at in ["", "soon", "2999-01-01", "2999-01-01T00:00:00", "2001-01-01T00:00:00Z"]
        {
            held.put(client(1), &challenge(1, expires_at));
            assert!(held.get(&client(1)).is_none(), "{expires_at}");
        }
        for payment_hash in ["", "00", "xyz"] {
            held.put(client(1), &stating(payment_hash, FAR));
            assert!(held.get(&client(1)).is_none(), "{payment_hash}");
        }
    }

    #[test]
    fn a_paid_challenge_is_found_by_its_payment_hash_in_either_case() {
        let challenges = HeldChallenges::default();
        challenges.held.put(client(1), &challenge(0xab, FAR));
        let mut hash = [0; 32];
        hash[31] = 0xab;
        challenges.paid(&[1; 32]);
        assert!(challenges.held.get(&client(1)).is_some());
        challenges.paid(&hash);
        assert!(challenges.held.get(&client(1)).is_none());
        assert!(challenges.held.entries().by_payment_hash.is_empty());
    }
}
