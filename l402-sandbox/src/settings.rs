//! What a sandbox can be told before it starts, and the defaults.

use std::{fmt, sync::Arc, time::Duration};

use crate::event::Event;

/// How long a token is valid: the hosted broker's default.
pub const DEFAULT_TOKEN_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// How long an invoice can be paid: the hosted broker's default.
pub const DEFAULT_INVOICE_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// Which caveat of a kind a verify reply reads out, where a macaroon holds several.
///
/// Only the first is the broker's own; whoever holds the macaroon can append more. What a broker
/// reads out is up to it, so whoever compares the reply has to be right with both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ReadOut {
    /// The broker's own.
    #[default]
    First,
    /// The one that was appended last.
    Last,
}

/// What the builder has chosen.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) token_lifetime: Duration,
    pub(crate) invoice_lifetime: Duration,
    pub(crate) rate_limit: Option<u32>,
    pub(crate) read_out: ReadOut,
    pub(crate) observer: Option<Observer>,
}

pub(crate) type Observer = Arc<dyn Fn(&Event) + Send + Sync>;

impl Default for Settings {
    fn default() -> Self {
        Self {
            token_lifetime: DEFAULT_TOKEN_LIFETIME,
            invoice_lifetime: DEFAULT_INVOICE_LIFETIME,
            rate_limit: None,
            read_out: ReadOut::First,
            observer: None,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("token_lifetime", &self.token_lifetime)
            .field("invoice_lifetime", &self.invoice_lifetime)
            .field("rate_limit", &self.rate_limit)
            .field("read_out", &self.read_out)
            .finish_non_exhaustive()
    }
}
