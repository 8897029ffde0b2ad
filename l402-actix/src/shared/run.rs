//! Which run of the server answers: another one after a restart or a failover, and the same one where
//! it has only closed a connection that was idle.

use std::sync::{Mutex, PoisonError};

/// The one that has answered last.
#[derive(Default)]
pub(super) struct Run(Mutex<Option<String>>);

impl Run {
    /// Takes what the server says of itself. Whether that is as before: `false` where it does not say.
    pub(super) fn is_as_before(&self, info: &str) -> bool {
        let id = info.lines().find_map(|line| line.strip_prefix("run_id:")).map(str::trim);
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_as_before = id.is_some() && id == last.as_deref();
        *last = id.map(str::to_owned);
        is_as_before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_is_told_from_a_connection_that_was_closed() {
        let run = Run::default();
        let [one, other] = ["# Server\r\nrun_id:ab\r\nuptime_in_seconds:1\r\n", "run_id:cd\r\n"];
        assert!(!run.is_as_before(one), "it is the first");
        assert!(run.is_as_before(one));
        assert!(!run.is_as_before(other));
        assert!(!run.is_as_before("# Server\r\n"));
        assert!(!run.is_as_before("# Server\r\n"), "who says nothing is nobody");
    }
}
