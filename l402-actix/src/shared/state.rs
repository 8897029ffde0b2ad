//! The Redis that the processes of an API share.

use std::{
    fmt,
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use redis::{AsyncConnectionConfig, Client, RedisError, RedisResult, Value, aio::ConnectionLike};

use super::{
    connection::Connections,
    line::{Fault, Line},
};
use crate::{
    background,
    key::{Key, hex},
};

/// How long an answer may take, unless the state says otherwise: 100 ms, which is a hundred times
/// what a server in the same data centre needs, and little beside what the broker takes.
const DEFAULT_PATIENCE: Duration = Duration::from_millis(100);

/// A Redis that all processes and machines of an API share; feature `redis`. See
/// [`L402Config::shared_state`](crate::L402Config::shared_state) for what is kept there.
///
/// The connection is made with the first use, and anew when it has died. A Redis that does not
/// answer in time is left aside for five seconds, in which nobody waits for it; a warning in the log
/// says so once a minute. Clones share the connection.
///
/// # Examples
///
/// ```
/// use l402_actix::{L402Config, RedisState};
///
/// # let client = l402_actix::L402Client::new("key")?;
/// let state = RedisState::new("redis://:password@10.0.0.5/")?;
/// let config = L402Config::new(client).shared_state(state);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # The server
///
/// Redis 5 or newer, or what speaks its protocol and runs Lua scripts. For balances it needs
/// `maxmemory-policy noeviction` and `appendonly yes`; see
/// [`RedisStore`](crate::RedisStore).
///
/// # Security
///
/// Keys are named by the account and by hashes, and no credential, preimage or API key is written.
/// Whoever can write to this Redis cannot open a route, but can make balances that are used up good
/// again: keep it in a network of your own and behind a password.
#[derive(Clone)]
pub struct RedisState {
    line: Arc<Line>,
    /// The server, unless a function of the merchant's connects.
    place: Option<Arc<str>>,
}

impl RedisState {
    /// The server at this URL, such as `redis://user:password@host:6379/0`. Nothing is sent yet.
    ///
    /// For `rediss://`, switch on a TLS feature of the `redis` crate in your own `Cargo.toml`, such
    /// as `tokio-rustls-comp`.
    ///
    /// # Errors
    ///
    /// If the URL cannot be read, or TLS is not switched on.
    pub fn new(url: impl AsRef<str>) -> Result<Self, RedisError> {
        let client = Client::open(url.as_ref())?;
        let server = client.get_connection_info();
        let place = format!("{}, database {}", server.addr(), server.redis_settings().db());
        let state = Self::with(move || {
            let client = client.clone();
            async move {
                // How long is waited is said once, by `patience`.
                let config = AsyncConnectionConfig::new()
                    .set_connection_timeout(None)
                    .set_response_timeout(None);
                client.get_multiplexed_async_connection_with_config(&config).await
            }
        });
        Ok(Self { place: Some(place.into()), ..state })
    }

    /// Connects by a function, which is called anew whenever the connection has died: for Sentinel,
    /// for Cluster, for TLS of one's own. A connection is whatever the `redis` crate, version 1, can
    /// send commands on and clone; switch on its features in your own `Cargo.toml`.
    ///
    /// A function and not a connection, since one that was made can die with its master, and only
    /// Sentinel knows the next one.
    ///
    /// # Examples
    ///
    /// A master behind Sentinel (features `sentinel` and `tokio-comp`):
    ///
    /// ```no_run
    /// use l402_actix::RedisState;
    /// use redis::sentinel::{SentinelClient, SentinelServerType};
    ///
    /// let state = RedisState::with(|| async {
    ///     let sentinels = vec!["redis://10.0.0.5:26379", "redis://10.0.0.6:26379"];
    ///     let master = SentinelServerType::Master;
    ///     SentinelClient::build(sentinels, "mymaster".into(), None, master)?
    ///         .get_async_connection()
    ///         .await
    /// });
    /// ```
    ///
    /// A cluster (features `cluster-async` and `tokio-comp`):
    ///
    /// ```no_run
    /// use l402_actix::RedisState;
    /// use redis::cluster::ClusterClient;
    ///
    /// let cluster = ClusterClient::new(vec!["redis://10.0.0.5", "redis://10.0.0.6"])?;
    /// let state = RedisState::with(move || {
    ///     let cluster = cluster.clone();
    ///     async move { cluster.get_async_connection().await }
    /// });
    /// # Ok::<(), redis::RedisError>(())
    /// ```
    pub fn with<F, Fut, C>(connect: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = RedisResult<C>> + Send + 'static,
        C: ConnectionLike + Clone + Send + Sync + 'static,
    {
        let line = Line::of(Connections::by(connect), DEFAULT_PATIENCE);
        Self { line: Arc::new(line), place: None }
    }

    /// How long an answer may take before Redis is left aside. Default: 100 ms. For one that is far
    /// away; requests wait for it.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        let line = Line::of(self.line.connections(), patience);
        Self { line: Arc::new(line), ..self }
    }

    /// Whether others may still be writing down what they could not write while it was away.
    pub(crate) fn was_away_lately(&self) -> bool {
        self.line.was_away_lately(Instant::now())
    }

    /// The server's address and database, and nothing secret.
    pub(crate) fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }

    /// Runs a script over keys of one account, which Redis does as one step. It may be run twice, if
    /// the connection dies meanwhile.
    ///
    /// On the background thread, where the connection lives as long as the process: one that is made
    /// on a worker of the server would end with it. So it is run whether or not somebody waits.
    pub(crate) fn run(
        &self,
        script: &'static str,
        keys: Vec<String>,
        arguments: Vec<String>,
    ) -> impl Future<Output = Result<Value, Fault>> + Send + use<> {
        self.begin(script, keys, arguments, false)
    }

    /// The same for what must last: refuses a Redis that forgets keys to make room.
    pub(crate) fn run_lasting(
        &self,
        script: &'static str,
        keys: Vec<String>,
        arguments: Vec<String>,
    ) -> impl Future<Output = Result<Value, Fault>> + Send + use<> {
        self.begin(script, keys, arguments, true)
    }

    /// Connects, with as much patience as a start has, and has it answer once.
    pub(crate) async fn reached(&self, account: &Key) -> Result<(), Fault> {
        let connections = self.line.connections();
        let connected = async move { connections.alive(None).await };
        let connected = background::spawn(connected).map_err(Fault::away)?;
        connected.await.map_err(Fault::away)?.map_err(Fault::away)?;
        let key = name(account, "ready", account);
        self.run("return redis.call('EXISTS', KEYS[1])", vec![key], vec![]).await.map(drop)
    }

    fn begin(
        &self,
        script: &'static str,
        keys: Vec<String>,
        arguments: Vec<String>,
        lasts: bool,
    ) -> impl Future<Output = Result<Value, Fault>> + Send + use<> {
        let line = Arc::clone(&self.line);
        let begun = background::spawn(line.run(script, keys, arguments, lasts));
        async move { begun.map_err(Fault::away)?.await.map_err(Fault::away)? }
    }
}

impl fmt::Debug for RedisState {
    // The client's own would show the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisState").field("patience", &self.line.patience).finish_non_exhaustive()
    }
}

/// What something of an account is kept under: `l402:{<account>}:<kind>:<name>`. All keys of an
/// account are in one slot of a cluster, so that a script can have several.
pub(crate) fn name(account: &Key, kind: &str, name: &Key) -> String {
    format!("l402:{{{}}}:{kind}:{}", hex(account), hex(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        let state = RedisState::new("redis://:secret-word@127.0.0.1:1/").expect("a state");
        assert!(!format!("{state:?}").contains("secret-word"));
        let err = RedisState::new("postgres://:secret-word@127.0.0.1:1/").expect_err("no Redis");
        assert!(!format!("{err} {err:?}").contains("secret-word"));
    }

    #[test]
    fn the_keys_of_an_account_are_in_one_slot_of_a_cluster() {
        let key = name(&[0xab; 32], "sold", &[1; 32]);
        assert_eq!(key, format!("l402:{{{}}}:sold:{}", "ab".repeat(32), "01".repeat(32)));
    }
}
