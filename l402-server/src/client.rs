//! The client, and the two calls that sell: mint and verify.

use std::{fmt, sync::Arc, time::Duration};

use reqwest::header::HeaderValue;
use tokio::time::Instant;

use crate::{
    Challenge, ChallengeRequest, L402Error, Verification, VerifyRequest, call::Call,
    rate_limit::RateLimit, secrets::Secrets, settings::Settings,
};

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

impl L402Client {
    /// How long one call may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.0.timeout
    }

    /// Names the account that this client talks to, without showing its key: SHA-256 over the base
    /// URL and the API key, or what [`account_key`](crate::L402ClientBuilder::account_key) says in its
    /// place. Equal for clients of the same account, however the URL is spelt, so it is what state about
    /// the account (budgets, caches, balances) is kept under.
    #[must_use]
    pub fn account(&self) -> [u8; 32] {
        self.0.account
    }

    /// A secret of this account's: equal for clients of the same account, and not to be had without
    /// its API key. For state about the account that is kept where others can write, such as a Redis:
    /// what is sealed with it was written by one of the account's own.
    #[must_use]
    pub fn sealing_key(&self) -> [u8; 32] {
        self.0.sealing_key
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
    /// [`L402Error::IdempotencyKeyReuse`] for a key that you have used for something else.
    /// [`L402Error::NoWallet`] where the broker cannot mint and
    /// [`merchant`](Self::merchant), asked once within the same timeout, shows no wallet.
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
            idempotency_key: Some(key),
            ..Call::post(&self.0.mint_url, Secrets([self.0.key.expose(), "", ""]))
        };
        let deadline = Instant::now() + self.0.timeout;
        match self.0.exchange::<Challenge>(&call, Some(request)).await {
            Ok(challenge) => match challenge.check(request) {
                Ok(()) => Ok(challenge),
                Err(err) => Err(err.tried(&call.tried())),
            },
            Err(err) => Err(Box::pin(self.explained(err, deadline)).await),
        }
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
        self.verify_token_within(request, self.0.timeout).await
    }

    /// [`verify_token`](Self::verify_token), which may take so long, whatever the client's timeout is.
    ///
    /// For [`VerifyRequest::preimage_only`]: the broker takes such a payment once, also for a caller
    /// that has hung up before it heard so.
    ///
    /// # Errors
    ///
    /// As [`verify_token`](Self::verify_token).
    pub async fn verify_token_within(
        &self,
        request: &VerifyRequest,
        timeout: Duration,
    ) -> Result<Verification, L402Error> {
        request.check()?;
        let [macaroon, preimage] = request.secrets();
        let secrets = Secrets([self.0.key.expose(), macaroon, preimage]);
        let call = Call {
            may_be_repeated: request.may_be_repeated(),
            timeout: Some(timeout),
            ..Call::post(&self.0.verify_url, secrets)
        };
        let mut verification: Verification = self.0.exchange(&call, Some(request)).await?;
        verification.error = verification.error.map(|text| secrets.presentable(&text));
        Ok(verification)
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

/// 128 random bits in hexadecimal. Without a key the broker takes the caller's address for one,
/// which for a merchant's server is always the same: all payers would share one invoice.
fn fresh_key() -> Result<String, L402Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(L402Error::network)?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}
