//! Everything that can go wrong between here and the broker.

use std::{error::Error as StdError, fmt, iter::successors, time::Duration};

/// Why a call to the broker gave no answer.
///
/// The text of an error names the URL that was tried, for your log: keep it out of what you answer
/// to strangers. It never shows the API key, a macaroon or a preimage: what the broker's own message
/// echoes of them is replaced by `[redacted]`.
///
/// Branch on the variant and on a `slug`, which is the broker's stable name of a problem. A
/// `message` is prose for people, taken from the reply's `detail`, else its `message`, its `error`,
/// its `title`, else the status in words; where fields of the request were refused, it names them.
#[derive(derive_more::Display, derive_more::Error)]
#[non_exhaustive]
pub enum L402Error {
    /// The broker does not know the API key (401).
    #[display("the broker refused the API key{}", at(url.as_deref()))]
    Auth {
        /// The URL that was tried.
        url: Option<Box<str>>,
    },

    /// The merchant's plan does not allow the call: L402 is not in it (403), a cap of it is reached
    /// (402), or it has ended. It is nothing that a payer could mend.
    #[display(
        "the merchant's plan does not allow this: {message}{}{}",
        plan(slug.as_deref(), current_plan.as_deref(), upgrade_url.as_deref()),
        at(url.as_deref())
    )]
    Plan {
        /// The broker's name of the problem, such as `plan_volume_limit` or `l402_not_enabled`.
        slug: Option<String>,
        /// What the broker says about it.
        message: String,
        /// The plan the merchant is on, when the broker says so.
        current_plan: Option<String>,
        /// Where to get a larger one, when the broker says so.
        upgrade_url: Option<String>,
        /// The URL that was tried.
        url: Option<Box<str>>,
    },

    /// The merchant's account has no wallet to receive with, so nothing can be sold.
    ///
    /// A mint's 500 is this where `GET /api/merchant/me`, asked once, shows no wallet.
    #[display("the merchant's account has no receiving wallet: {message}{}", at(url.as_deref()))]
    NoWallet {
        /// What the broker says about it.
        message: String,
        /// The URL that was tried.
        url: Option<Box<str>>,
    },

    /// The idempotency key has been used with another resource, price or description (409). It is
    /// yours, so a fresh one is yours to choose.
    #[display(
        "the idempotency key was used for something else: {message}{}",
        at(url.as_deref())
    )]
    IdempotencyKeyReuse {
        /// What the broker says about it.
        message: String,
        /// The URL that was tried.
        url: Option<Box<str>>,
    },

    /// Too many calls with this API key (429). The documented limit is 100 a minute, mint and
    /// verify together.
    #[display("the broker's rate limit is used up{}", at(url.as_deref()))]
    RateLimited {
        /// The broker's `Retry-After`, given in seconds or as a date, else the body's
        /// `details.retryAfter`. Not bounded.
        retry_after: Option<Duration>,
        /// The URL that was tried.
        url: Option<Box<str>>,
    },

    /// The broker is away for a while (503).
    #[display("the broker is unavailable{}", at(url.as_deref()))]
    Unavailable {
        /// The broker's `Retry-After`, given in seconds or as a date. Not bounded.
        retry_after: Option<Duration>,
        /// The URL that was tried.
        url: Option<Box<str>>,
    },

    /// Any other status that is not a success; a redirect is one, since none is followed.
    #[display(
        "the broker answered {status}: {message}{}{}",
        named(slug.as_deref()),
        at(url.as_deref())
    )]
    Api {
        /// The HTTP status.
        status: u16,
        /// The broker's name of the problem, such as `challenge_persist_failed`.
        slug: Option<String>,
        /// What the broker says about it.
        message: String,
        /// The URL that was tried.
        url: Option<Box<str>>,
    },

    /// The call did not end within the client's timeout. The broker may have served it.
    #[display("the broker did not answer in time{}", at(url.as_deref()))]
    Timeout {
        /// The URL that was tried.
        url: Option<Box<str>>,
    },

    /// The connection could not be made, or broke.
    #[display("the broker could not be reached{}", at(url.as_deref()))]
    Network {
        /// What is wrong with the connection.
        source: Box<dyn StdError + Send + Sync>,
        /// The URL that was tried; `None` if no client could be made.
        url: Option<Box<str>>,
    },

    /// The broker's reply is not what its contract says, or not what was asked for.
    #[display("the broker's reply is invalid: {message}{}", at(url.as_deref()))]
    InvalidResponse {
        /// What is wrong with it.
        message: String,
        /// The URL that was tried.
        url: Option<Box<str>>,
    },

    /// The call or the client's settings are wrong; nothing was sent.
    #[display("{_0}")]
    #[error(ignore)]
    InvalidRequest(String),
}

impl L402Error {
    /// The URL that was tried. `None` where nothing was sent.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Auth { url }
            | Self::Plan { url, .. }
            | Self::NoWallet { url, .. }
            | Self::IdempotencyKeyReuse { url, .. }
            | Self::RateLimited { url, .. }
            | Self::Unavailable { url, .. }
            | Self::Api { url, .. }
            | Self::Timeout { url }
            | Self::Network { url, .. }
            | Self::InvalidResponse { url, .. } => url.as_deref(),
            Self::InvalidRequest(_) => None,
        }
    }

    /// The same, with the URL that was tried. Whoever finds an error knows the reply, and whoever
    /// has made the call its URL.
    pub(crate) fn tried(mut self, tried: &str) -> Self {
        match &mut self {
            Self::Auth { url }
            | Self::Plan { url, .. }
            | Self::NoWallet { url, .. }
            | Self::IdempotencyKeyReuse { url, .. }
            | Self::RateLimited { url, .. }
            | Self::Unavailable { url, .. }
            | Self::Api { url, .. }
            | Self::Timeout { url }
            | Self::Network { url, .. }
            | Self::InvalidResponse { url, .. } => *url = Some(tried.into()),
            Self::InvalidRequest(_) => {}
        }
        self
    }

    pub(crate) fn invalid_request(message: impl Into<String>) -> Self {
        Self::InvalidRequest(message.into())
    }

    pub(crate) fn invalid_response(message: impl Into<String>) -> Self {
        Self::InvalidResponse { message: message.into(), url: None }
    }

    pub(crate) fn network(source: impl StdError + Send + Sync + 'static) -> Self {
        Self::Network { source: Box::new(source), url: None }
    }
}

impl From<reqwest::Error> for L402Error {
    fn from(err: reqwest::Error) -> Self {
        if err.is_timeout() {
            return Self::Timeout { url: None };
        }
        // The call's own URL is named once, and without what it may hold of the key.
        Self::network(err.without_url())
    }
}

fn at(url: Option<&str>) -> String {
    url.map(|url| format!(" ({url})")).unwrap_or_default()
}

fn named(slug: Option<&str>) -> String {
    slug.map(|slug| format!(" [{slug}]")).unwrap_or_default()
}

fn plan(slug: Option<&str>, current: Option<&str>, upgrade_url: Option<&str>) -> String {
    let current = current.map(|plan| format!("; the plan is {plan:?}")).unwrap_or_default();
    let upgrade = upgrade_url.map(|url| format!("; upgrade at {url}")).unwrap_or_default();
    format!("{}{current}{upgrade}", named(slug))
}

/// A sentence with all causes, since `main` shows an error by its `Debug`.
impl fmt::Debug for L402Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        for cause in successors(self.source(), |&cause| cause.source()) {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_ends_main_is_a_sentence() {
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let err = L402Error::Network { url: None, source: Box::new(refused) };
        assert_eq!(format!("{err:?}"), "the broker could not be reached: connection refused");
        assert_eq!(
            format!("{:?}", L402Error::Auth { url: None }),
            "the broker refused the API key"
        );
    }
}
