//! Marks in Redis, which several machines share.

use std::{fmt, sync::Arc, time::Duration};

use super::store::{
    Claim, MAX_SPENT_FOR, Mark, ReservationId, SpentTokens, StoreError, StoreFuture,
};
use crate::{
    background,
    shared::redis::{Fault, Server},
};

/// What the keys begin with.
const PREFIX: &str = "l402:spent:";

// A key holds `r:<id>` while it is reserved and `s:<id>` once it is spent. Each script is one
// atomic step for all clients of the server.

/// `r:<id>`, lease -> 0 reserved, 1 busy, 2 spent.
const RESERVE: &str = "\
    local now = redis.call('GET', KEYS[1]) \
    if now and now ~= ARGV[1] then return string.sub(now, 1, 1) == 's' and 2 or 1 end \
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) \
    return 0";

/// The new value, how long it lasts, then the values that it may take the place of -> whether it
/// did.
const REPLACE: &str = "\
    local now = redis.call('GET', KEYS[1]) \
    if now and now ~= ARGV[1] and now ~= ARGV[3] then return 0 end \
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) \
    return 1";

/// `r:<id>` -> how many keys were removed.
const GIVE_BACK: &str = "\
    if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end \
    return redis.call('DEL', KEYS[1])";

/// As `RESERVE`, without doing it.
const LOOK: &str = "\
    local now = redis.call('GET', KEYS[1]) \
    if not now then return 0 end \
    return string.sub(now, 1, 1) == 's' and 2 or 1";

/// Spent tokens in Redis, for any number of processes and machines; feature `spent-redis`.
///
/// Each step is one script, which the server runs as one. The keys are `l402:spent:` and the
/// payment hash, and expire by themselves. The connection is made with the first use, and again
/// when it breaks; while the server is away, single-use routes answer 503.
///
/// # Examples
///
/// ```
/// use l402_actix::{L402Config, RedisStore};
///
/// # let client = l402_actix::L402Client::new("key")?;
/// let store = RedisStore::new("redis://:password@10.0.0.5/")?;
/// let config = L402Config::new(client).spent_tokens(store);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # The server
///
/// - `maxmemory-policy noeviction`. Any other policy makes room by forgetting keys, and a spent
///   token whose key is forgotten is good again; so a server that evicts is refused, with an error
///   in the log. When `noeviction` finds no room, the token is answered 503.
/// - `appendonly yes`, so that a restart forgets no mark. With `appendfsync everysec` a crash of
///   the machine may forget the last second's.
/// - For `rediss://`, switch on a TLS feature of the `redis` crate in your own `Cargo.toml`.
///
/// # Security
///
/// Replication is not waited for: where a replica takes over, what the primary had not yet told
/// it is forgotten, and such a token can be spent once more until it expires.
#[derive(Clone)]
pub struct RedisStore(Arc<Server>);

impl RedisStore {
    /// The server at this URL, such as `redis://user:password@host:6379/0`. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unreachable`] if the URL cannot be read.
    pub fn new(url: impl AsRef<str>) -> Result<Self, StoreError> {
        let server = Server::at(url.as_ref()).map_err(store_error)?;
        Ok(Self(Arc::new(server)))
    }

    fn run<T>(
        &self,
        script: &'static str,
        mark: Mark,
        arguments: &[String; 3],
        read: impl FnOnce(i64) -> T + Send + 'static,
    ) -> StoreFuture<'_, T>
    where
        T: Send + 'static,
    {
        let (server, key) = (Arc::clone(&self.0), format!("{PREFIX}{mark}"));
        let arguments = arguments.clone();
        // On the background thread, where the connection lives as long as the process: one that
        // is made on a worker of the server would end with it.
        let answer = background::spawn(async move { server.run(script, &key, &arguments).await });
        Box::pin(async move {
            let answer = answer.map_err(StoreError::unreachable)?.await;
            answer.map_err(StoreError::unreachable)?.map(read).map_err(store_error)
        })
    }
}

impl fmt::Debug for RedisStore {
    // The client's own would show the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").finish_non_exhaustive()
    }
}

impl SpentTokens for RedisStore {
    fn reserve(&self, mark: Mark, id: ReservationId, lease: Duration) -> StoreFuture<'_, Claim> {
        let arguments = [reserved(id), millis(lease), String::new()];
        self.run(RESERVE, mark, &arguments, claim)
    }

    fn renew(&self, mark: Mark, id: ReservationId, lease: Duration) -> StoreFuture<'_, bool> {
        let arguments = [reserved(id), millis(lease), reserved(id)];
        self.run(REPLACE, mark, &arguments, |answer| answer == 1)
    }

    fn spend(&self, mark: Mark, id: ReservationId, spent_for: Duration) -> StoreFuture<'_, bool> {
        let arguments = [format!("s:{id}"), millis(spent_for), reserved(id)];
        self.run(REPLACE, mark, &arguments, |answer| answer == 1)
    }

    fn give_back(&self, mark: Mark, id: ReservationId) -> StoreFuture<'_, ()> {
        let arguments = [reserved(id), String::new(), String::new()];
        self.run(GIVE_BACK, mark, &arguments, |_| ())
    }

    fn look(&self, mark: Mark) -> StoreFuture<'_, Claim> {
        self.run(LOOK, mark, &[const { String::new() }; 3], claim)
    }
}

fn claim(answer: i64) -> Claim {
    match answer {
        0 => Claim::Reserved,
        1 => Claim::Busy,
        _ => Claim::Spent,
    }
}

fn reserved(id: ReservationId) -> String {
    format!("r:{id}")
}

/// At least 1 and not beyond what Redis can add to its clock, which it refuses.
fn millis(time: Duration) -> String {
    time.min(MAX_SPENT_FOR).as_millis().max(1).to_string()
}

fn store_error(fault: Fault) -> StoreError {
    match fault {
        Fault::Full => StoreError::Full,
        Fault::Away(cause) => StoreError::Unreachable(cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        let store = RedisStore::new("redis://:secret-word@127.0.0.1:1/").expect("a store");
        assert!(!format!("{store:?}").contains("secret-word"));
        let err = RedisStore::new("postgres://:secret-word@127.0.0.1:1/").expect_err("no Redis");
        assert!(!format!("{err} {err:?}").contains("secret-word"));
    }
}
