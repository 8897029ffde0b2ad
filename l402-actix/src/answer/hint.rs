//! Where a merchant looks first when the broker could not be asked.

use l402_server::L402Error;

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
