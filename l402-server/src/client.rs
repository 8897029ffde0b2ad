//! The client: the two calls, and the one way a call goes out and comes back.

use std::{env, fmt, sync::Arc, time::Duration};

use reqwest::{
    Method, Request, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Challenge, ChallengeRequest, L402ClientBuilder, L402Error, Verification, VerifyRequest,
    key::ApiKey,
    rate_limit::{LastRateLimit, RateLimit},
    reply::{self, Secrets},
};

/// The environment variable that holds the merchant's API key.
pub const API_KEY_VARIABLE: &str = "LIGHTNING_ENABLE_API_KEY";

/// The environment variable that points to a broker other than
/// [`DEFAULT_BASE_URL`](crate::DEFAULT_BASE_URL).
pub const API_URL_VARIABLE: &str = "LIGHTNING_ENABLE_API_URL";

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("x-idempotency-key");

/// What is set aside for the body of a call: a macaroon with a few caveats, the preimage and the
/// names around them.
const USUAL_REQUEST_BYTES: usize = 1024;

/// Talks to the broker. Cheap to clone: clones share settings and connections.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use l402_server::L402Client;
///
/// # fn main() -> Result<(), l402_server::L402Error> {
/// let client = L402Client::builder("merchant-key").timeout(Duration::from_secs(5)).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct L402Client(pub(crate) Arc<Settings>);

/// What the builder has checked and prepared.
pub(crate) struct Settings {
    pub(crate) http: reqwest::Client,
    pub(crate) key: ApiKey,
    pub(crate) headers: HeaderMap,
    pub(crate) account: [u8; 32],
    pub(crate) base_url: String,
    pub(crate) mint_url: Url,
    pub(crate) verify_url: Url,
    pub(crate) timeout: Duration,
    pub(crate) rate_limit: LastRateLimit,
}

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

    /// How long one call may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.0.timeout
    }

    /// Names the account that this client talks to, without showing its key: SHA-256 over the base
    /// URL and the API key. Equal for clients of the same account, however the URL is spelt, so it
    /// is what state about the account (budgets, caches, spent tokens) is kept under.
    #[must_use]
    pub fn account(&self) -> [u8; 32] {
        self.0.account
    }

    /// What is left of the account's minute, as the last reply said it; shared by clones.
    ///
    /// A reply that does not say leaves it as it was. `None` before the first that does.
    #[must_use]
    pub fn rate_limit(&self) -> Option<RateLimit> {
        self.0.rate_limit.get()
    }

    /// Mints an invoice and the macaroon that paying it makes valid.
    ///
    /// A broken connection is tried once more; the idempotency key makes sure that the broker
    /// mints once.
    ///
    /// # Errors
    ///
    /// Each variant of [`L402Error`]. [`L402Error::InvalidRequest`], before anything is sent, for
    /// an empty resource, a price of 0 or an idempotency key that no header can carry.
    pub async fn create_challenge(
        &self,
        request: &ChallengeRequest,
    ) -> Result<Challenge, L402Error> {
        request.check()?;
        let key = match &request.idempotency_key {
            Some(key) => key.clone(),
            None => fresh_key()?,
        };
        let key = HeaderValue::try_from(key)
            .map_err(|_| L402Error::invalid_request("the idempotency key fits no header"))?;
        let call = Call {
            url: &self.0.mint_url,
            idempotency_key: Some(key),
            may_be_repeated: true,
            secrets: Secrets([self.0.key.expose(), "", ""]),
        };
        let challenge: Challenge = self.post(&call, request).await?;
        challenge.check(request)?;
        Ok(challenge)
    }

    /// Asks whether a credential is good, and for what.
    ///
    /// `Ok` carries the verdict of both kinds: look at [`Verification::valid`]. A broken
    /// connection is tried once more, but never for [`VerifyRequest::preimage_only`], which the
    /// broker takes once.
    ///
    /// # Errors
    ///
    /// Each variant of [`L402Error`]. [`L402Error::InvalidRequest`], before anything is sent, for
    /// an empty preimage, macaroon or resource, or an amount of 0.
    ///
    /// # Security
    ///
    /// Send the resource and the amount, and compare the reply with them: what is not sent is not
    /// checked, and the holder of a macaroon can append caveats to it.
    pub async fn verify_token(&self, request: &VerifyRequest) -> Result<Verification, L402Error> {
        request.check()?;
        let [macaroon, preimage] = request.secrets();
        let secrets = Secrets([self.0.key.expose(), macaroon, preimage]);
        let call = Call {
            url: &self.0.verify_url,
            idempotency_key: None,
            may_be_repeated: request.may_be_repeated(),
            secrets,
        };
        let mut verification: Verification = self.post(&call, request).await?;
        verification.error = verification.error.map(|text| secrets.presentable(&text));
        Ok(verification)
    }

    /// Asks the broker whether it accepts the API key: for start-up, so that a wrong key is found
    /// before the first payer finds it. Mints nothing; one call of the broker's rate limit.
    ///
    /// # Errors
    ///
    /// [`L402Error::Auth`] and [`L402Error::Plan`] for a key that cannot sell; the others when the
    /// broker could not be asked.
    pub async fn check(&self) -> Result<(), L402Error> {
        // No token that anybody holds. The broker looks at the key before it looks at the token,
        // so a refusal of the token, in whichever form, says that the key is good.
        let nobody = VerifyRequest::new("AA", "0".repeat(64));
        match self.verify_token(&nobody).await {
            Ok(_) | Err(L402Error::Api { status: 400, .. }) => Ok(()),
            Err(err) => Err(err),
        }
    }

    /// One call from the first byte out to the last byte in, within the timeout.
    async fn post<T: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        body: &impl Serialize,
    ) -> Result<T, L402Error> {
        // On the heap: each future around it would otherwise have its size and be moved with it, up
        // to Actix's own, which took more time than this one allocation.
        let exchange = Box::pin(async {
            let mut sent = self.0.http.execute(self.request(call, body)?).await;
            // A connection that could not be made, or that broke before the head of a reply.
            // What ran into a timeout may have been served and is not asked again.
            if let Err(err) = &sent
                && call.may_be_repeated
                && err.is_request()
                && !err.is_timeout()
            {
                sent = self.0.http.execute(self.request(call, body)?).await;
            }
            let response = sent?;
            // Off the head, so that a body that breaks takes nothing from it.
            self.0.rate_limit.note(response.headers());
            reply::accept(response, &call.secrets).await
        });
        tokio::time::timeout(self.0.timeout, exchange).await.unwrap_or(Err(L402Error::Timeout))
    }

    /// Built anew for a retry, so that a call that needs none keeps no second copy of its body.
    fn request(&self, call: &Call<'_>, body: &impl Serialize) -> Result<Request, L402Error> {
        let mut json = Vec::with_capacity(USUAL_REQUEST_BYTES);
        serde_json::to_writer(&mut json, body)
            .map_err(|_| L402Error::invalid_request("the request cannot be written as JSON"))?;
        let mut request = Request::new(Method::POST, call.url.clone());
        *request.headers_mut() = self.0.headers.clone();
        if let Some(key) = &call.idempotency_key {
            request.headers_mut().insert(IDEMPOTENCY_KEY, key.clone());
        }
        *request.body_mut() = Some(json.into());
        Ok(request)
    }
}

impl fmt::Debug for L402Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("L402Client")
            .field("base_url", &self.0.base_url)
            .field("timeout", &self.0.timeout)
            .finish_non_exhaustive()
    }
}

/// What differs between the two endpoints, besides the body.
struct Call<'a> {
    url: &'a Url,
    idempotency_key: Option<HeaderValue>,
    may_be_repeated: bool,
    secrets: Secrets<'a>,
}

/// 128 random bits in hexadecimal. Without a key the broker takes the caller's address for one,
/// which for a merchant's server is always the same: all payers would share one invoice.
fn fresh_key() -> Result<String, L402Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|err| L402Error::Network(Box::new(err)))?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
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
    fn an_account_keeps_its_name_and_the_spelling_of_its_url_stays_in_what_is_sent() {
        // `{ printf '\0\0\0\0\0\0\0\x1f'; printf 'https://api.lightningenable.comkey'; } | sha256sum`
        let name = from(Some("key"), None).expect("a client").account();
        assert_eq!(name[..4], [0x89, 0x10, 0x6f, 0x28]);
        let client = from(Some("key"), Some("https://api.example.com.")).expect("a client");
        assert_eq!(client.0.mint_url.as_str(), "https://api.example.com./api/l402/challenges");
    }

    #[test]
    fn an_unset_url_may_be_passed_on_as_a_blank_one_but_a_wrong_one_is_refused() {
        let client = from(Some("key"), Some(" ")).expect("a client");
        assert_eq!(client.0.base_url, crate::DEFAULT_BASE_URL);
        assert!(matches!(from(Some("key"), Some("${URL}")), Err(L402Error::InvalidRequest(_))));
    }
}
