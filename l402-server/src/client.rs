//! The client: the two calls, and the one way a call goes out and comes back.

use std::{fmt, sync::Arc, time::Duration};

use reqwest::{
    Method, Request, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Challenge, ChallengeRequest, L402Error, Verification, VerifyRequest,
    key::ApiKey,
    rate_limit::{LastRateLimit, RateLimit},
    reply::{self, Secrets},
};

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
