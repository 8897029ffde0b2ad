//! What the sandbox knows: merchants, sales, and what it has seen.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bitcoin::secp256k1::SecretKey;
use serde_json::Value;

use crate::{
    event::Event,
    faults::{Faults, Kind},
    random::random,
    seen::{Endpoint, SeenRequest},
    settings::Settings,
};

/// How many requests are remembered. A test that looks further back counts instead.
const MAX_SEEN: usize = 10_000;

/// An invoice that was issued.
pub(crate) struct Sale {
    pub(crate) merchant: u64,
    pub(crate) resource: String,
    pub(crate) token_expires: Duration,
    pub(crate) spent_by_mpp: bool,
    pub(crate) preimage: [u8; 32],
    pub(crate) amount_sats: u64,
    pub(crate) expires: Duration,
    /// How many were issued before it.
    pub(crate) number: usize,
    pub(crate) created: Duration,
    pub(crate) paid_at: Option<Duration>,
    /// As it was given.
    pub(crate) idempotency_key: Option<String>,
}

/// Resource, price and description, as a mint has asked for them.
#[derive(PartialEq, Eq)]
pub(crate) struct Asked(pub(crate) String, pub(crate) u64, pub(crate) Option<String>);

/// What an idempotency key stands for.
pub(crate) struct Held {
    pub(crate) expires: Duration,
    pub(crate) asked: Asked,
    pub(crate) challenge: Value,
}

pub(crate) type Shared = Arc<Mutex<State>>;

/// The state, also after a panic of a test's thread that held it: nothing in it is half done.
pub(crate) fn lock(state: &Shared) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) struct State {
    pub(crate) settings: Settings,
    /// How far the clock was moved.
    pub(crate) ahead: Duration,
    pub(crate) root_key: [u8; 32],
    pub(crate) node_key: SecretKey,
    /// API key -> merchant id.
    pub(crate) merchants: HashMap<String, u64>,
    /// Payment hash -> sale.
    pub(crate) sales: HashMap<[u8; 32], Sale>,
    /// Merchant and idempotency key -> the challenge.
    pub(crate) challenges: HashMap<(u64, String), Held>,
    /// Merchant, and whether they were GETs -> when its calls came in, for the rate limit.
    pub(crate) calls: HashMap<(u64, bool), VecDeque<Duration>>,
    pub(crate) faults: Faults,
    pub(crate) seen: VecDeque<SeenRequest>,
    pub(crate) mints: u64,
    pub(crate) verifies: u64,
    pub(crate) payments: u64,
}

impl State {
    pub(crate) fn new(settings: Settings) -> Self {
        // All but a vanishing part of random bytes are a key.
        let node_key = loop {
            if let Ok(key) = SecretKey::from_slice(&random::<32>()) {
                break key;
            }
        };
        Self {
            settings,
            ahead: Duration::ZERO,
            root_key: random(),
            node_key,
            merchants: HashMap::new(),
            sales: HashMap::new(),
            challenges: HashMap::new(),
            calls: HashMap::new(),
            faults: Faults::default(),
            seen: VecDeque::new(),
            mints: 0,
            verifies: 0,
            payments: 0,
        }
    }

    /// The time since 1970 by the sandbox's own clock.
    pub(crate) fn now(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + self.ahead
    }

    pub(crate) fn add_merchant(&mut self, api_key: String) {
        let id = self.merchants.len() as u64 + 1;
        self.merchants.insert(api_key, id);
    }

    /// Notes a request and says what is to go wrong with it.
    pub(crate) fn see(&mut self, seen: SeenRequest) -> Option<Kind> {
        let endpoint = seen.endpoint;
        match endpoint {
            Endpoint::Mint => self.mints += 1,
            Endpoint::Verify => self.verifies += 1,
            _ => {}
        }
        if self.seen.len() == MAX_SEEN {
            self.seen.pop_front();
        }
        self.seen.push_back(seen);
        self.faults.next(endpoint)
    }

    pub(crate) fn report(&self, event: &Event) {
        if let Some(observer) = &self.settings.observer {
            observer(event);
        }
    }
}
