//! Where a merchant looks first when the broker could not be asked.

use std::{error::Error as _, iter::successors};

use l402_server::L402Error;

/// A failed check at start, in one line: what is wrong, why, and what to do.
pub(crate) fn explained(err: &L402Error) -> String {
    let cause = successors(err.source(), |&cause| cause.source()).last();
    let cause = cause.map(ToString::to_string);
    let what_to_do = hint(err, cause.as_deref()).or(match err {
        L402Error::Plan { .. } => Some("look at the plan in the broker's dashboard"),
        L402Error::Timeout { .. }
        | L402Error::Unavailable { .. }
        | L402Error::RateLimited { .. } => Some("nothing is wrong here; start again in a moment"),
        _ => None,
    });
    let says = [Some(err.to_string()), cause].into_iter().flatten().collect::<Vec<_>>().join(": ");
    match what_to_do {
        Some(what_to_do) => format!("{says}; {what_to_do}"),
        None => says,
    }
}

/// Of a failed call and all that is behind it.
pub(super) fn hint(err: &L402Error, cause: Option<&str>) -> Option<&'static str> {
    match err {
        L402Error::Auth { .. } => {
            Some("is the API key right? `L402Config::from_env` reads LIGHTNING_ENABLE_API_KEY")
        }
        // As rustls says that what came is no TLS.
        L402Error::Network { .. }
            if cause.is_some_and(|cause| cause.contains("InvalidContentType")) =>
        {
            Some(
                "the broker's URL is https, and what answers there does not speak TLS; a sandbox is \
                 at http, as in LIGHTNING_ENABLE_API_URL=http://127.0.0.1:8402",
            )
        }
        L402Error::Network { .. } => Some(
            "is the broker's URL right, and is the sandbox running if it is one? \
             `L402Config::from_env` reads LIGHTNING_ENABLE_API_URL",
        ),
        _ => None,
    }
}
