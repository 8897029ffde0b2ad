//! How a client is made: its settings, and what is checked once, before the first call.

use std::{env, fmt, net::IpAddr, sync::Arc, time::Duration};

use reqwest::{
    ClientBuilder, Url,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
    redirect, retry,
};

use crate::{
    L402Client, L402Error, account, http::Http, key::ApiKey, rate_limit::LastRateLimit,
    settings::Settings,
};

/// Where the hosted broker is.
pub const DEFAULT_BASE_URL: &str = "https://api.lightningenable.com";

/// How long one call may take, its retry and the reply's body included: 10 seconds, which is 50
/// times a slow round trip and still short enough for a payer that waits.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

const MINT_PATH: &str = "/api/l402/challenges";
const VERIFY_PATH: &str = "/api/l402/challenges/verify";
const MERCHANT_PATH: &str = "/api/merchant/me";

/// The environment variable that holds the merchant's API key.
pub const API_KEY_VARIABLE: &str = "LIGHTNING_ENABLE_API_KEY";

/// The environment variable that points to a broker other than
/// [`DEFAULT_BASE_URL`].
pub const API_URL_VARIABLE: &str = "LIGHTNING_ENABLE_API_URL";

impl L402Client {
    /// A client of the hosted broker with the default settings.
    ///
    /// # Errors
    ///
    /// [`L402Error::InvalidRequest`] if the key is empty, an unfilled `${NAME}` placeholder, or
    /// nothing that a header can carry. The message never repeats the key.
    pub fn new(api_key: impl Into<String>) -> Result<Self, L402Error> {
        Self::builder(api_key).build()
    }

    /// A client set up by `LIGHTNING_ENABLE_API_KEY` and, if it is set, `LIGHTNING_ENABLE_API_URL`.
    ///
    /// # Errors
    ///
    /// As [`L402ClientBuilder::build`]; also if the key's variable is not set.
    pub fn from_env() -> Result<Self, L402Error> {
        Self::from_variables(|name| match env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(env::VarError::NotPresent) => Ok(None),
            Err(env::VarError::NotUnicode(_)) => {
                Err(L402Error::invalid_request(format!("{name} is not valid Unicode")))
            }
        })
    }

    fn from_variables(
        variable: impl Fn(&str) -> Result<Option<String>, L402Error>,
    ) -> Result<Self, L402Error> {
        let key = variable(API_KEY_VARIABLE)?.ok_or_else(|| {
            L402Error::invalid_request(format!(
                "{API_KEY_VARIABLE} is not set; set it to the merchant's API key"
            ))
        })?;
        let builder = Self::builder(key);
        // Compose files pass unset variables on as empty ones.
        match variable(API_URL_VARIABLE)?.filter(|url| !url.trim().is_empty()) {
            Some(url) => builder.base_url(url).build(),
            None => builder.build(),
        }
    }

    /// Settings beyond the API key.
    pub fn builder(api_key: impl Into<String>) -> L402ClientBuilder {
        L402ClientBuilder::new(api_key.into())
    }
}

/// Settings of an [`L402Client`].
#[must_use = "a builder does nothing until `build`"]
pub struct L402ClientBuilder {
    api_key: String,
    account_key: Option<String>,
    base_url: String,
    timeout: Duration,
    http: Box<dyn Fn() -> ClientBuilder + Send + Sync>,
}

impl L402ClientBuilder {
    pub(crate) fn new(api_key: String) -> Self {
        Self {
            api_key,
            account_key: None,
            base_url: DEFAULT_BASE_URL.to_owned(),
            timeout: DEFAULT_TIMEOUT,
            http: Box::new(|| {
                ClientBuilder::new()
                    .user_agent(concat!("l402-server-rust/", env!("CARGO_PKG_VERSION")))
            }),
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

    /// The API key that the account's state goes by: once you have changed your key, the one that you
    /// began with. Default: the API key.
    ///
    /// Tokens belong to the merchant, and stay good when the key changes. What was drawn from a payment
    /// is kept under a name that is made of the base URL and this key. Under another name a token that
    /// is used up would be good once more until it expires, within the hour, and what is left of a pack
    /// that was paid by MPP would be lost. This key is sent nowhere, and may have been revoked.
    ///
    /// # Examples
    ///
    /// ```
    /// use l402_server::L402Client;
    ///
    /// let before = L402Client::new("first-key")?;
    /// let after = L402Client::builder("second-key").account_key("first-key").build()?;
    /// assert_eq!(before.account(), after.account());
    /// # Ok::<(), l402_server::L402Error>(())
    /// ```
    pub fn account_key(mut self, first: impl Into<String>) -> Self {
        self.account_key = Some(first.into());
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
    /// A function and not a built client, for two reasons. On a current-thread runtime, such as each
    /// worker of an Actix server has, each thread gets a client of its own: that takes 10 to 20 % less
    /// processor time than one for all, and a worker that is held up does not hold up the others. And
    /// redirects have to be switched off last: a redirected call would carry the API key to another
    /// host.
    ///
    /// The builder's own retries are switched off too: a call that must not be repeated is not. Proxies
    /// from the environment are honoured unless you say otherwise; a broker on this machine is never
    /// asked through one.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use l402_server::{L402Client, reqwest::ClientBuilder};
    ///
    /// let client = L402Client::builder("merchant-key")
    ///     .http_client_builder(|| ClientBuilder::new().connect_timeout(Duration::from_secs(2)))
    ///     .build()?;
    /// # Ok::<(), l402_server::L402Error>(())
    /// ```
    pub fn http_client_builder(
        mut self,
        builder: impl Fn() -> ClientBuilder + Send + Sync + 'static,
    ) -> Self {
        self.http = Box::new(builder);
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
        let account_key = self.account_key.as_deref().map(ApiKey::new).transpose()?;
        let account_key = account_key.as_ref().unwrap_or(&key);
        if self.timeout.is_zero() {
            return Err(L402Error::invalid_request("the timeout must be longer than zero"));
        }
        let base_url = self.base_url.trim().trim_end_matches('/');
        let parsed = parse_base_url(base_url)?;

        let (http, is_loopback) = (self.http, is_loopback(&parsed));
        let http = move || {
            // Whether a call may be repeated is decided in one place, which knows what must not be.
            // With the bound of zero, which `never` alone does not set, no copy of each request is
            // kept either.
            let no_retry = retry::never().max_retries_per_request(0);
            let http = http().redirect(redirect::Policy::none()).retry(no_retry).referer(false);
            if is_loopback { http.no_proxy() } else { http }
        };
        let json = HeaderValue::from_static("application/json");
        // With room for what is added to each call's copy of them.
        let mut headers = HeaderMap::with_capacity(8);
        headers.extend([
            (Some(HeaderName::from_static("x-api-key")), key.header()),
            (Some(CONTENT_TYPE), json.clone()),
            (Some(ACCEPT), json),
        ]);
        let mint_url = parse_url(&format!("{base_url}{MINT_PATH}"))?;
        let account = account::name(&mint_url, MINT_PATH, account_key);
        Ok(L402Client(Arc::new(Settings {
            http: Http::new(http)?,
            account,
            sealing_key: account::sealing_key(&account, account_key),
            key,
            headers,
            mint_url,
            verify_url: parse_url(&format!("{base_url}{VERIFY_PATH}"))?,
            merchant_url: parse_url(&format!("{base_url}{MERCHANT_PATH}"))?,
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn from(key: Option<&str>, url: Option<&str>) -> Result<L402Client, L402Error> {
        L402Client::from_variables(|name| {
            let value = if name == API_KEY_VARIABLE { key } else { url };
            Ok(value.map(str::to_owned))
        })
    }

    #[test]
    fn the_environment_must_hold_a_key_and_may_hold_a_url() {
        let missing = from(None, None).expect_err("no key").to_string();
        assert!(missing.contains(API_KEY_VARIABLE), "{missing}");
        for key in ["", " ", "${LIGHTNING_ENABLE_API_KEY}"] {
            assert!(matches!(from(Some(key), None), Err(L402Error::InvalidRequest(_))), "{key}");
        }
        let client = from(Some("key"), None).expect("a client");
        assert_eq!(
            client.0.mint_url.as_str(),
            "https://api.lightningenable.com/api/l402/challenges"
        );
        let client = from(Some("key"), Some("http://localhost:8402/")).expect("a client");
        assert_eq!(
            client.0.verify_url.as_str(),
            "http://localhost:8402/api/l402/challenges/verify"
        );
    }

    #[test]
    fn an_account_keeps_its_name_and_its_seal_when_its_key_is_changed() {
        let first = L402Client::new("first").expect("a client");
        let changed = || L402Client::builder("second");
        let named = changed().account_key(" first ").build().expect("a client");
        assert_eq!((named.account(), named.sealing_key()), (first.account(), first.sealing_key()));
        let forgotten = changed().build().expect("a client");
        assert_ne!(forgotten.account(), first.account());
        assert_ne!(forgotten.sealing_key(), first.sealing_key());
        assert!(changed().account_key("${FIRST}").build().is_err());
    }

    #[test]
    fn an_account_is_a_key_at_a_base_url() {
        let account = |key, url| from(Some(key), Some(url)).expect("a client").account();
        let one = account("key", "http://localhost:1");
        assert_eq!(one, account(" key ", "http://localhost:1/"));
        assert_ne!(one, account("yek", "http://localhost:1"));
        for (base_url, spellings) in [
            ("http://localhost", &["http://LOCALHOST:80", "HTTP://localhost//"][..]),
            (
                "https://api.example.com",
                &[
                    "https://API.Example.com",
                    "https://api.example.com:443/",
                    "https://api.example.com.",
                    "https://API.EXAMPLE.COM.:443//",
                    "https://api.example.com/a/..",
                    "https://api.example.com/./",
                ],
            ),
            (
                "https://api.example.com/b",
                &[
                    "https://api.example.com/a/../b",
                    "https://api.example.com./b//",
                    "https://api.example.com/b/.",
                ],
            ),
            ("http://127.0.0.1:8402", &["http://127.1:8402", "http://127.0.0.1.:08402/"]),
            ("http://[::1]", &["http://[0:0::1]:80"]),
            ("https://xn--bcher-kva.example", &["https://b\u{fc}cher.example"]),
        ] {
            for spelling in spellings {
                assert_eq!(account("key", base_url), account("key", spelling), "{spelling}");
            }
        }
        let others = [
            "http://localhost:1",
            "http://localhost:2",
            "http://localhost",
            "https://localhost",
            "https://localhost:80",
            "https://api.example.com",
            "https://api.example.org",
            "https://api.example.com:8443",
            "https://api.example.com/b",
            "https://api.example.com/B",
            "https://api.example.com/b/c",
        ];
        let names: HashSet<_> = others.iter().map(|base_url| account("key", base_url)).collect();
        assert_eq!(names.len(), others.len());
    }

    #[test]
    fn a_sealing_key_is_one_for_an_account_and_another_one_for_each_other() {
        let client = |key, url| from(Some(key), Some(url)).expect("a client");
        let one = client("key", "http://localhost:1");
        assert_eq!(one.sealing_key(), client(" key ", "http://localhost:1/").sealing_key());
        assert_ne!(one.sealing_key(), client("yek", "http://localhost:1").sealing_key());
        assert_ne!(one.sealing_key(), client("key", "http://localhost:2").sealing_key());
        assert_ne!(one.sealing_key(), one.account());
    }

    #[test]
    fn an_account_keeps_its_name_and_the_spelling_of_its_url_stays_in_what_is_sent() {
        // `printf '\0\0\0\0\0\0\0\037https://api.lightningenable.comkey' | sha256sum`
        let name = from(Some("key"), None).expect("a client").account();
        assert_eq!(name[..4], [0x89, 0x10, 0x6f, 0x28]);
        let client = from(Some("key"), Some("https://api.example.com.")).expect("a client");
        assert_eq!(client.0.mint_url.as_str(), "https://api.example.com./api/l402/challenges");
    }

    #[test]
    fn an_unset_url_may_be_passed_on_as_a_blank_one_but_a_wrong_one_is_refused() {
        let client = from(Some("key"), Some(" ")).expect("a client");
        assert_eq!(client.0.base_url, DEFAULT_BASE_URL);
        assert!(matches!(from(Some("key"), Some("${URL}")), Err(L402Error::InvalidRequest(_))));
    }
}
