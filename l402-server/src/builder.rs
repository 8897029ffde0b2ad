//! The client's settings: what is checked once, before the first call.

use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use reqwest::{
    ClientBuilder, Url,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
    redirect, retry,
};

use crate::{
    L402Client, L402Error, account, client::Settings, key::ApiKey, rate_limit::LastRateLimit,
};

/// Where the hosted broker is.
pub const DEFAULT_BASE_URL: &str = "https://api.lightningenable.com";

/// How long one call may take, its retry and the reply's body included: 10 seconds, which is 50
/// times a slow round trip and still short enough for a payer that waits.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

const MINT_PATH: &str = "/api/l402/challenges";
const VERIFY_PATH: &str = "/api/l402/challenges/verify";

/// Settings of an [`L402Client`].
#[must_use = "a builder does nothing until `build`"]
pub struct L402ClientBuilder {
    api_key: String,
    base_url: String,
    timeout: Duration,
    http: ClientBuilder,
}

impl L402ClientBuilder {
    pub(crate) fn new(api_key: String) -> Self {
        Self {
            api_key,
            base_url: DEFAULT_BASE_URL.to_owned(),
            timeout: DEFAULT_TIMEOUT,
            http: ClientBuilder::new()
                .user_agent(concat!("l402-server-rust/", env!("CARGO_PKG_VERSION"))),
        }
    }

    /// Where the broker is; default [`DEFAULT_BASE_URL`]. Trailing slashes are dropped.
    ///
    /// # Security
    ///
    /// The API key travels with each call, so plain `http` is refused unless the host is this
    /// machine (`localhost`, `127.0.0.0/8`, `::1`).
    pub fn base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = base_url.into();
        self
    }

    /// How long one call may take, its retry and the reply's body included; default
    /// [`DEFAULT_TIMEOUT`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Brings your own HTTP settings: certificates, proxies, connection pool, DNS.
    ///
    /// A builder and not a built client, because redirects have to be switched off last: a
    /// redirected call would carry the API key to another host. Its own retries are switched off
    /// too: a call that must not be repeated is not. Proxies from the environment are
    /// honoured unless you say otherwise; a broker on this machine is never asked through one.
    pub fn http_client_builder(mut self, builder: ClientBuilder) -> Self {
        self.http = builder;
        self
    }

    /// Checks the settings and makes the client. Sends nothing; see [`L402Client::check`].
    ///
    /// # Errors
    ///
    /// [`L402Error::InvalidRequest`] with the setting that is wrong and why: the key (as
    /// [`L402Client::new`]), a base URL that is no URL, that carries credentials, a query or a
    /// fragment, or plain `http` to another machine, or a timeout of zero. [`L402Error::Network`]
    /// if the HTTP client cannot be set up.
    pub fn build(self) -> Result<L402Client, L402Error> {
        let key = ApiKey::new(&self.api_key)?;
        if self.timeout.is_zero() {
            return Err(L402Error::invalid_request("the timeout must be longer than zero"));
        }
        let base_url = self.base_url.trim().trim_end_matches('/');
        let parsed = parse_base_url(base_url)?;

        // Whether a call may be repeated is decided in one place, which knows what must not be. With
        // the bound of zero, which `never` alone does not set, no copy of each request is kept either.
        let no_retry = retry::never().max_retries_per_request(0);
        let mut http = self.http.redirect(redirect::Policy::none()).retry(no_retry).referer(false);
        if is_loopback(&parsed) {
            http = http.no_proxy();
        }
        let json = HeaderValue::from_static("application/json");
        let headers = HeaderMap::from_iter([
            (HeaderName::from_static("x-api-key"), key.header()),
            (CONTENT_TYPE, json.clone()),
            (ACCEPT, json),
        ]);
        let mint_url = parse_url(&format!("{base_url}{MINT_PATH}"))?;
        Ok(L402Client(Arc::new(Settings {
            http: http.build()?,
            account: account::name(&mint_url, MINT_PATH, &key),
            key,
            headers,
            mint_url,
            verify_url: parse_url(&format!("{base_url}{VERIFY_PATH}"))?,
            base_url: base_url.to_owned(),
            timeout: self.timeout,
            rate_limit: LastRateLimit::default(),
        })))
    }
}

impl fmt::Debug for L402ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The base URL has not been checked yet and may hold a password.
        f.debug_struct("L402ClientBuilder").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

fn parse_url(url: &str) -> Result<Url, L402Error> {
    Url::parse(url)
        .map_err(|err| L402Error::invalid_request(format!("the base URL is not a URL: {err}")))
}

fn parse_base_url(base_url: &str) -> Result<Url, L402Error> {
    let url = parse_url(base_url)?;
    let fault = if !url.username().is_empty() || url.password().is_some() {
        "the base URL must not carry a user name or a password"
    } else if url.query().is_some() || url.fragment().is_some() {
        "the base URL must not carry a query or a fragment"
    } else if url.scheme() == "http" && !is_loopback(&url) {
        "the base URL must be https: over plain http the API key would be readable on the way"
    } else if !matches!(url.scheme(), "http" | "https") {
        "the base URL must be https"
    } else {
        return Ok(url);
    };
    Err(L402Error::invalid_request(fault))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
