//! What a client is made of.

use std::time::Duration;

use reqwest::{Url, header::HeaderMap};

use crate::{http::Http, key::ApiKey, rate_limit::LastRateLimit};

/// What the builder has checked and prepared.
pub(crate) struct Settings {
    pub(crate) http: Http,
    pub(crate) key: ApiKey,
    pub(crate) headers: HeaderMap,
    pub(crate) account: [u8; 32],
    pub(crate) sealing_key: [u8; 32],
    pub(crate) base_url: String,
    pub(crate) mint_url: Url,
    pub(crate) verify_url: Url,
    pub(crate) merchant_url: Url,
    pub(crate) timeout: Duration,
    pub(crate) rate_limit: LastRateLimit,
}
