//! A Redis server that several processes share: the connection, the scripts, and what it answers
//! when it cannot serve.

use std::{
    error::Error,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use redis::{
    Client, Cmd, FromRedisValue, RedisError,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use tokio::sync::OnceCell;

/// How long a connection or an answer may take: two of them and one retry are within the five
/// seconds that a store is given.
const TIMEOUT: Duration = Duration::from_secs(2);

/// How often the server is asked whether it evicts keys.
const CHECK_EVERY: Duration = Duration::from_secs(60);

/// Why the server did not do it.
pub(crate) enum Fault {
    /// It has no room.
    Full,
    /// It cannot be reached, cannot be trusted, or did not answer in time.
    Away(Box<dyn Error + Send + Sync>),
}

impl Fault {
    fn away(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Away(cause.into())
    }

    fn of(err: RedisError) -> Self {
        match err.code() {
            Some("OOM") => Self::Full,
            _ => Self::away(err),
        }
    }
}

/// One server and the connection to it, which is made with the first use and again when it breaks.
pub(crate) struct Server {
    client: Client,
    connection: OnceCell<ConnectionManager>,
    /// When the server last said that it evicts nothing.
    checked: Mutex<Option<Instant>>,
}

impl Server {
    /// Nothing is sent yet.
    pub(crate) fn at(url: &str) -> Result<Self, Fault> {
        let client = Client::open(url).map_err(Fault::away)?;
        Ok(Self { client, connection: OnceCell::new(), checked: Mutex::new(None) })
    }

    /// Runs a script over one key, which the server does as one step.
    pub(crate) async fn run(
        &self,
        script: &str,
        key: &str,
        arguments: &[String],
    ) -> Result<i64, Fault> {
        self.check_eviction().await?;
        self.send(redis::cmd("EVAL").arg(script).arg(1).arg(key).arg(arguments)).await
    }

    async fn send<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Fault> {
        let connect = || async {
            let config = ConnectionManagerConfig::new()
                .set_connection_timeout(Some(TIMEOUT))
                .set_response_timeout(Some(TIMEOUT))
                // A request waits for this: better a 503 now than a 200 in half a minute.
                .set_number_of_retries(1);
            ConnectionManager::new_lazy_with_config(self.client.clone(), config)
        };
        let connection = self.connection.get_or_try_init(connect).await.map_err(Fault::of)?;
        command.query_async(&mut connection.clone()).await.map_err(Fault::of)
    }

    /// Refuses a server that forgets keys to make room.
    async fn check_eviction(&self) -> Result<(), Fault> {
        let checked = || self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if checked().is_some_and(|at| at.elapsed() < CHECK_EVERY) {
            return Ok(());
        }
        // `CONFIG GET` would be the direct way, but hosted servers do not have it.
        let info: String = self.send(redis::cmd("INFO").arg("memory")).await?;
        match policy(&info) {
            Some("noeviction") => {}
            Some(policy) => {
                return Err(Fault::away(format!(
                    "the server's maxmemory-policy is `{policy}`, which forgets spent tokens to \
                     make room; set it to `noeviction`"
                )));
            }
            None => tracing::warn!(
                "Redis does not say what its maxmemory-policy is; anything but `noeviction` \
                 forgets spent tokens"
            ),
        }
        *checked() = Some(Instant::now());
        Ok(())
    }
}

fn policy(info: &str) -> Option<&str> {
    info.lines().find_map(|line| line.strip_prefix("maxmemory_policy:")).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eviction_policy_is_read_out_of_the_servers_info() {
        let info = "# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\n";
        assert_eq!(policy(info), Some("allkeys-lru"));
        assert_eq!(policy("# Memory\r\nused_memory:1\r\n"), None);
    }
}
