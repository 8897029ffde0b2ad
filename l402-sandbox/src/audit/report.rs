//! What was heard, for people and for assertions.

use std::fmt;

/// What strangers are asked to pay; see [`Sandbox::audit`](crate::Sandbox::audit).
///
/// Its `Display` has a line for each request.
#[derive(Debug, Clone, Default)]
pub struct Audit {
    pub(super) asked: Vec<Asked>,
    pub(super) untold: usize,
}

/// A request and what came of it.
#[derive(Debug, Clone)]
pub struct Asked {
    pub(super) request: String,
    pub(super) verdict: Verdict,
    /// The route that it is another spelling of, and what that costs.
    pub(super) as_spelled: Option<(String, u64)>,
}

/// What a request without a payment is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// 402 with a challenge.
    Costs {
        /// What the invoice asks for.
        sats: u64,
        /// What a token would be bought for, if the body says so.
        resource: Option<String>,
    },
    /// Anything else below 500: no payment is asked for.
    Free {
        /// The HTTP status.
        status: u16,
    },
    /// A 5xx, a 429, a 402 without a challenge, or no answer.
    Fault {
        /// The HTTP status; `None` if there is no answer.
        status: Option<u16>,
        /// Why, as far as it is said over HTTP; the server's log says more.
        says: String,
    },
}

impl Audit {
    /// The requests that no payment is asked for, whatever else their status says: a 400 or a 404 too
    /// may come from a handler without a gate. In the order in which they were given, and then other
    /// spellings of paid routes that are served.
    #[must_use]
    pub fn free(&self) -> Vec<&str> {
        self.that(|asked| matches!(asked.verdict, Verdict::Free { .. }))
    }

    /// The requests that fail, and other spellings of paid routes that cost less.
    #[must_use]
    pub fn faults(&self) -> Vec<&str> {
        self.that(|asked| match asked.verdict {
            Verdict::Fault { .. } => true,
            Verdict::Costs { .. } => asked.as_spelled.is_some(),
            Verdict::Free { .. } => false,
        })
    }

    /// What a request costs, in sats; `None` if it was not asked or no payment is asked for.
    #[must_use]
    pub fn sats(&self, request: &str) -> Option<u64> {
        match self.asked.iter().find(|asked| asked.request == request)?.verdict {
            Verdict::Costs { sats, .. } => Some(sats),
            _ => None,
        }
    }

    /// All requests: the routes, and other spellings of them that cost less.
    #[must_use]
    pub fn asked(&self) -> &[Asked] {
        &self.asked
    }

    /// Whether nothing failed and no spelling costs less than its route.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.faults().is_empty() && self.asked.iter().all(|asked| asked.as_spelled.is_none())
    }

    fn that(&self, holds: impl Fn(&Asked) -> bool) -> Vec<&str> {
        self.asked.iter().filter(|asked| holds(asked)).map(Asked::request).collect()
    }
}

impl Asked {
    /// The request as it was given, such as `GET /weather`.
    #[must_use]
    pub fn request(&self) -> &str {
        &self.request
    }

    /// What it was answered.
    #[must_use]
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.asked.iter().map(|asked| asked.request.chars().count()).max();
        let width = width.unwrap_or_default().min(60);
        for Asked { request, verdict, as_spelled } in &self.asked {
            write!(f, "{request:width$}  {verdict}")?;
            if let Some((route, sats)) = as_spelled {
                write!(f, ", where `{route}` costs {sats}")?;
            }
            writeln!(f)?;
        }
        match self.untold {
            0 => Ok(()),
            count => writeln!(f, "({count} other spellings were answered 429 or 503)"),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Costs { sats, resource } => {
                write!(f, "{sats} {}", if *sats == 1 { "sat" } else { "sats" })?;
                resource.iter().try_for_each(|resource| write!(f, " for {resource:?}"))
            }
            Self::Free { status } if *status < 400 => write!(f, "free ({status})"),
            Self::Free { status } => write!(f, "no payment is asked for ({status})"),
            Self::Fault { status: Some(status), says } => write!(f, "{status}: {says}"),
            Self::Fault { status: None, says } => f.write_str(says),
        }
    }
}
