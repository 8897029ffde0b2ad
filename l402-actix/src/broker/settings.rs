//! What a config says of its broker.

use std::sync::Arc;

use l402_server::L402Client;

use super::{
    account::Account, budget::BrokerBudget, identity::ClientIdentity, verdicts::VerifyCache,
};

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) client: L402Client,
    pub(crate) account: Arc<Account>,
    pub(crate) budget: BrokerBudget,
    pub(crate) verify_cache: Option<VerifyCache>,
    pub(crate) client_identity: Option<ClientIdentity>,
}

impl Settings {
    pub(crate) fn new(client: L402Client) -> Self {
        let account = Account::of(&client);
        let budget = BrokerBudget::default();
        Self { client, account, budget, verify_cache: None, client_identity: None }
    }
}
