//! Everything that can go wrong between here and the broker.

use std::{error::Error as StdError, fmt, iter::successors, time::Duration};

/// Why a call to the broker gave no answer.
///
/// No variant carries the API key, a macaroon, a preimage or a URL: what the broker's own message
/// echoes of them is replaced by `[redacted]`.
#[derive(derive_more::Display, derive_more::Error)]
#[non_exhaustive]
pub enum L402Error {
    /// The broker does not know the API key (401).
    #[display("the broker refused the API key")]
    Auth,

    /// The merchant's plan does not include L402 (403).
    #[display("the merchant's plan does not include L402{}", plan(current_plan.as_deref()))]
    Plan {
        /// The plan the merchant is on, when the broker says so.
        current_plan: Option<String>,
    },

    /// Too many calls with this API key (429). The documented limit is 100 a minute, mint and
    /// verify together.
    #[display("the broker's rate limit is used up")]
    RateLimited {
        /// The broker's `Retry-After`, given in seconds or as a date. Not bounded.
        retry_after: Option<Duration>,
    },

    /// The broker is away for a while (503).
    #[display("the broker is unavailable")]
    Unavailable {
        /// The broker's `Retry-After`, given in seconds or as a date. Not bounded.
        retry_after: Option<Duration>,
    },

    /// Any other status that is not a success; a redirect is one, since none is followed.
    #[display("the broker answered {status}: {message}")]
    Api {
        /// The HTTP status.
        status: u16,
        /// The reply's `error`, else its `message`, else the status in words.
        message: String,
    },

    /// The call did not end within the client's timeout. The broker may have served it.
    #[display("the broker did not answer in time")]
    Timeout,

    /// The connection could not be made, or broke.
    #[display("the broker could not be reached")]
    Network(Box<dyn StdError + Send + Sync>),

    /// The broker's reply is not what its contract says, or not what was asked for.
    #[display("the broker's reply is invalid: {_0}")]
    #[error(ignore)]
    InvalidResponse(String),

    /// The call or the client's settings are wrong; nothing was sent.
    #[display("{_0}")]
    #[error(ignore)]
    InvalidRequest(String),
}

impl L402Error {
    pub(crate) fn invalid_request(message: impl Into<String>) -> Self {
        Self::InvalidRequest(message.into())
    }

    pub(crate) fn invalid_response(message: impl Into<String>) -> Self {
        Self::InvalidResponse(message.into())
    }
}

impl From<reqwest::Error> for L402Error {
    fn from(err: reqwest::Error) -> Self {
        if err.is_timeout() {
            return Self::Timeout;
        }
        // A URL may name an internal host; whoever configured it knows it.
        Self::Network(Box::new(err.without_url()))
    }
}

fn plan(current: Option<&str>) -> String {
    current.map(|plan| format!(" (it is {plan:?})")).unwrap_or_default()
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
        let err = L402Error::Network(Box::new(refused));
        assert_eq!(format!("{err:?}"), "the broker could not be reached: connection refused");
        assert_eq!(format!("{:?}", L402Error::Auth), L402Error::Auth.to_string());
    }
}
