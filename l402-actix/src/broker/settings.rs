//! What a config says of its broker.

use std::sync::Arc;

use l402_server::L402Client;
use tokio::sync::Semaphore;

#[cfg(feature = "redis")]
use super::elsewhere::Elsewhere;
use super::{
    account::Account, budget::BrokerBudget, identity::ClientIdentity, sales::Known,
    verdicts::VerifyCache,
};
#[cfg(feature = "redis")]
use crate::shared::RedisState;
use crate::{key::Key, memory::CAPACITY, terms::Question};

/// How many calls of one config may be under way at once. At 50 ms a call these are some 5,000 a
/// second, which is far beyond every limit; what it bounds is the sockets to a broker that hangs.
const MAX_CALLS: usize = 256;

/// The line to the broker, with all that a call needs.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) client: L402Client,
    pub(crate) account: Arc<Account>,
    pub(super) places: Arc<Semaphore>,
}

impl Line {
    /// What is known here of the payment behind a question.
    pub(crate) fn known(&self, question: &Question) -> Known {
        let known = |hash| self.account.sales.known(hash);
        question.payment_hash.as_ref().map(known).unwrap_or_default()
    }

    /// Takes note that the payment behind a question lets a request in. Whether that is the first time;
    /// of a preimage that proves no hash it always may be.
    pub(crate) fn accepted(&self, question: &Question) -> bool {
        let Some(hash) = question.payment_hash else { return true };
        let is_first = self.account.sales.accepted(hash);
        if let Some(elsewhere) = self.account.elsewhere() {
            elsewhere.accepted(&hash, self.account.sales.known(&hash));
        }
        is_first
    }

    /// Takes note of an accepted payment whose invoice a key of the merchant's could bring back:
    /// nobody can pay it again.
    pub(crate) fn settled(&self, payment_hash: Option<Key>) {
        if let Some(hash) = payment_hash {
            self.account.settled.put(hash, (), CAPACITY);
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) line: Line,
    pub(crate) budget: BrokerBudget,
    pub(crate) verify_cache: VerifyCache,
    pub(crate) client_identity: Option<ClientIdentity>,
}

impl Settings {
    pub(crate) fn new(client: L402Client) -> Self {
        let account = Account::of(&client);
        let places = Arc::new(Semaphore::new(MAX_CALLS));
        Self {
            line: Line { client, account, places },
            budget: BrokerBudget::default(),
            verify_cache: VerifyCache::new(),
            client_identity: None,
        }
    }

    /// Shares with the other processes of the account.
    #[cfg(feature = "redis")]
    pub(crate) fn share(&self, state: &RedisState) {
        let Line { client, account, .. } = &self.line;
        let through = || Elsewhere::through(state.clone(), account.id, client.sealing_key());
        account.share(through);
    }
}
