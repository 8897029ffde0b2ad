//! What a config says of the answers.

use actix_web::http::header::HeaderName;

use crate::lines::Lines;

#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    /// The gate looks into it too; here it is what answers vary by and what the page writes to.
    pub(crate) credential_header: Option<HeaderName>,
    pub(crate) shared_cache: bool,
    pub(crate) credential_cookie: bool,
    pub(super) lines: Lines,
    #[cfg(feature = "paywall-page")]
    pub(crate) paywall_page: Option<super::paywall::PaywallPage>,
}
