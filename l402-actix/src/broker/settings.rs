//! What a config says of its broker.

use std::sync::Arc;

use l402_server::L402Client;
use tokio::sync::Semaphore;

#[cfg(feature = "redis")]
use super::elsewhere::Elsewhere;
use super::{
    account::Account, budget::BrokerBudget, identity::ClientIdentity, verdicts::VerifyCache,
};
#[cfg(feature = "redis")]
use crate::shared::RedisState;

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
