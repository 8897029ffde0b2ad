//! Whether a Redis makes room by forgetting keys, which what lasts must not be kept in.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How often it is asked.
const CHECK_EVERY: Duration = Duration::from_secs(60);

/// Of its memory, and which run it is. A script, so that the server that holds the key answers, in a
/// cluster too. `CONFIG GET` would be the direct way, but hosted servers do not have it.
pub(super) const INFO: &str = "return redis.call('INFO', 'memory') .. redis.call('INFO', 'server')";

/// When the server last said that it forgets nothing.
#[derive(Default)]
pub(super) struct Eviction(Mutex<Option<Instant>>);

impl Eviction {
    pub(super) fn is_checked(&self) -> bool {
        let checked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        checked.is_some_and(|at| at.elapsed() < CHECK_EVERY)
    }

    /// Takes what the server says of its memory.
    ///
    /// # Errors
    ///
    /// Why nothing that has to last can be kept there.
    pub(super) fn check(&self, info: &str) -> Result<(), String> {
        match policy(info) {
            Some("noeviction") => {}
            Some(policy) => {
                return Err(format!(
                    "its maxmemory-policy is `{policy}`, which forgets balances to make room; set \
                     it to `noeviction`"
                ));
            }
            None => tracing::warn!(
                "Redis does not say what its maxmemory-policy is; anything but `noeviction` \
                 forgets balances"
            ),
        }
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
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
        let eviction = Eviction::default();
        assert!(eviction.check(info).is_err() && !eviction.is_checked());
        assert!(eviction.check("maxmemory_policy:noeviction\r\n").is_ok() && eviction.is_checked());
    }
}
