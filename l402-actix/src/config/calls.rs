//! How seldom the broker is asked, and for whom.

use super::L402Config;
use crate::broker::{BrokerBudget, ClientIdentity, VerifyCache};

/// # How often the broker is asked
impl L402Config {
    /// How many calls a minute may be made to the broker, and for whom. Default:
    /// [`BrokerBudget::by_broker`]: what the broker says is left of the account's minute, whichever
    /// process or machine has used the rest.
    ///
    /// Whoever has paid goes first:
    ///
    /// | who asks | may cause a call | else |
    /// | --- | --- | --- |
    /// | somebody who has paid | ten a minute of a limit of 100, by right; more while there is more for others too, unless the broker has just said no to it twice | 429 |
    /// | a client that has not | while more is left than a tenth and twice what it has caused in vain in the last minute | 429 |
    /// | all clients together | two thirds of the limit in vain; a little more where several processes have no shared state | 503 |
    /// | anybody | while the account's minute is not used up; then one who has paid tries once a second | 503 |
    ///
    /// In vain are challenges that nobody has paid yet, credentials that were refused, and the second
    /// question about one. A challenge that is paid gives its call back. So a client that buys is in
    /// nobody's way, and one that only asks is in its own. Nobody waits in a queue: who is refused
    /// is refused at once, with a `Retry-After`. A warning in the log says once a minute that the
    /// budget is used up.
    ///
    /// A client is told by [`client_identity`](Self::client_identity), else by the address of its
    /// connection. Somebody has paid who was accepted here, or who shows the preimage of a challenge
    /// that this process has handed out. With `L402Config::shared_state` (feature `redis`) every
    /// process of the account knows it, also after a restart. Without it that is kept in this process:
    /// after a restart, and on another process than the one that sold, a payer is a stranger until the
    /// first yes.
    ///
    /// After a 429 of the broker strangers wait for its `Retry-After`, at most a minute.
    pub fn broker_budget(mut self, budget: BrokerBudget) -> Self {
        self.broker.budget = budget;
        self
    }

    /// For how long a credential is trusted after the broker has verified it, so that an agent that
    /// makes many calls with one token costs few of the broker's. Default:
    /// [`VerifyCache::new()`](VerifyCache::new), which is 10 seconds. [`VerifyCache::off()`]
    /// asks for each request.
    ///
    /// A verdict stands for the same credential and resource, and for any price up to the one that was
    /// asked about. It is compared with the request again each time. Requests that ask the same at
    /// the same time share one call, and its failure if it fails; when that call has taken a second,
    /// one of those who wait asks anew. Only what was accepted is kept. Tokens of `single_use`
    /// routes and payments in the `Payment` scheme are never cached. A balance is counted all the same.
    ///
    /// # Security
    ///
    /// A token that has expired or was revoked opens its route for up to 10 seconds more.
    pub fn verify_cache(mut self, cache: VerifyCache) -> Self {
        self.broker.verify_cache = cache;
        self
    }

    /// Tells clients apart: for the [budget](Self::broker_budget), and for the two things that are
    /// switched on with it, handing a client the challenge that it holds instead of a new one and a
    /// limit for each client. Default: by the address of the connection, for the budget alone.
    ///
    /// Behind a proxy, name it: else all clients are one, and each is refused for what the others
    /// have asked in vain.
    pub fn client_identity(mut self, identity: ClientIdentity) -> Self {
        self.broker.client_identity = Some(identity);
        self
    }
}
