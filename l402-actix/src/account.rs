//! What is known about one merchant account, once in each process.

use std::{fmt, sync::Arc};

use l402_server::L402Client;

use crate::{
    budget::Budget, cache::Verdicts, key::Key, memory::Memory, process, refused::RefusedMemory,
    reuse::HeldChallenges, window::Window,
};

/// The state that all configs of an account share, whichever worker they were built on.
#[derive(Default)]
pub(crate) struct Account {
    pub(crate) id: Key,
    pub(crate) budget: Budget,
    pub(crate) refused: RefusedMemory,
    /// Used only with a `VerifyCache`.
    pub(crate) verdicts: Verdicts,
    /// Used only where challenges are reused.
    pub(crate) held: HeldChallenges,
    /// Used only where clients have a limit of their own.
    pub(crate) clients: Memory<Window>,
}

impl Account {
    pub(crate) fn of(client: &L402Client) -> Arc<Self> {
        let id = client.account();
        process::shared(id, || Self { id, ..Self::default() })
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").finish_non_exhaustive()
    }
}
