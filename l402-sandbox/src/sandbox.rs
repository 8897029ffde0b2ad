//! The sandbox as its user sees it: asked, told what to do wrong, stopped by a drop.

use std::{fmt, thread::JoinHandle, time::Duration};

use l402_server::L402Client;
use tokio::sync::oneshot;

use crate::{
    audit::{Audit, audit},
    faults::Fault,
    hex::hex,
    random::random,
    seen::SeenRequest,
    state::{Shared, lock},
    wallet::{self, PaymentError},
};

/// A running sandbox. Stops when it is dropped.
pub struct Sandbox {
    pub(crate) url: String,
    pub(crate) api_key: String,
    pub(crate) state: Shared,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) thread: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Where it listens, `http://127.0.0.1:PORT`: the broker's base URL and the wallet's host.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The API key of its first merchant.
    #[must_use]
    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// A client of it, with the first merchant's key.
    ///
    /// # Panics
    ///
    /// If no HTTP client can be set up on this machine.
    #[must_use]
    #[expect(clippy::panic, reason = "a test that has no client cannot go on")]
    pub fn client(&self) -> L402Client {
        L402Client::builder(&self.api_key)
            .base_url(&self.url)
            .build()
            .unwrap_or_else(|err| panic!("no client for the sandbox: {err}"))
    }

    /// Adds another merchant and returns its API key. A token of one is no token of another.
    #[must_use]
    pub fn add_merchant(&self) -> String {
        let key = fresh_api_key();
        lock(&self.state).add_merchant(key.clone());
        key
    }

    /// Pays an invoice and returns the preimage, in hexadecimal.
    ///
    /// # Errors
    ///
    /// [`PaymentError`] if the text is no invoice, or one that was not issued here, has expired, or
    /// has been paid.
    pub fn pay(&self, invoice: &str) -> Result<String, PaymentError> {
        wallet::pay(&mut lock(&self.state), invoice).map(|paid| hex(&paid.preimage))
    }

    /// Pays the L402 challenge in the headers of a 402 and returns the value of the
    /// `Authorization` header to ask again with. Takes the header maps of `actix-web`, `reqwest`
    /// and `http`.
    ///
    /// # Errors
    ///
    /// As [`pay`](Self::pay); [`PaymentError::NoChallenge`] if there is none.
    pub fn pay_challenge<H, N, V>(&self, headers: H) -> Result<String, PaymentError>
    where
        H: IntoIterator<Item = (N, V)>,
        N: AsRef<str>,
        V: AsRef<[u8]>,
    {
        let mut failure = PaymentError::NoChallenge;
        for (name, value) in headers {
            if name.as_ref().eq_ignore_ascii_case("www-authenticate")
                && let Ok(value) = str::from_utf8(value.as_ref())
                && let Some((macaroon, invoice)) = wallet::challenge(value)
            {
                match self.pay(invoice) {
                    Ok(preimage) => return Ok(format!("L402 {macaroon}:{preimage}")),
                    Err(err) => failure = err,
                }
            }
        }
        Err(failure)
    }

    /// Asks an API what it costs, route by route, as a stranger asks: it sends no credential, never
    /// pays and follows no redirect. For a test that says what is free.
    ///
    /// A route is a method and a path, and after them a body of JSON if the API has to see one: `GET /weather`,
    /// `POST /prompt {"q":1}`. `url` is where the API listens, over plain HTTP. What has no gate is
    /// run by being asked: audit an API of your tests, whose config has
    /// `broker_budget(BrokerBudget::unlimited())`, or it answers 429 to so much asking.
    ///
    /// Each route that costs something is asked for in other spellings too, such as `//weather`,
    /// `/%77eather` and `/x/../weather`. One that is served, or sold for less, is reported: Actix may
    /// have routed it past the gate, or a price may be computed from what was not decoded.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use l402_sandbox::Sandbox;
    /// # async fn audit(url: &str) {
    /// let audit = Sandbox::audit(url, ["GET /weather", "GET /health"]).await;
    /// assert_eq!(audit.free(), ["GET /health"], "{audit}");
    /// assert_eq!(audit.faults(), [""; 0], "{audit}");
    /// assert_eq!(audit.sats("GET /weather"), Some(100));
    /// # }
    /// ```
    pub async fn audit<R: AsRef<str>>(url: &str, routes: impl IntoIterator<Item = R>) -> Audit {
        audit(url, routes).await
    }

    /// The requests it has seen, the oldest first; at most the last 10,000.
    #[must_use]
    pub fn requests(&self) -> Vec<SeenRequest> {
        lock(&self.state).seen.iter().cloned().collect()
    }

    /// How many mint calls came in, good or bad.
    #[must_use]
    pub fn mints(&self) -> u64 {
        lock(&self.state).mints
    }

    /// How many verify calls came in, good or bad.
    #[must_use]
    pub fn verifies(&self) -> u64 {
        lock(&self.state).verifies
    }

    /// How many invoices were paid.
    #[must_use]
    pub fn payments(&self) -> u64 {
        lock(&self.state).payments
    }

    /// Does something wrong with the next request.
    pub fn fault(&self, fault: Fault) {
        lock(&self.state).faults.add(fault);
    }

    /// Forgets the faults that are still to come.
    pub fn clear_faults(&self) {
        lock(&self.state).faults.clear();
    }

    /// Moves the sandbox's clock ahead: invoices and tokens age at once.
    pub fn advance(&self, by: Duration) {
        lock(&self.state).ahead += by;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        // Its port is free again when this returns.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("url", &self.url).finish_non_exhaustive()
    }
}

pub(crate) fn fresh_api_key() -> String {
    format!("sandbox_{}", hex(&random::<16>()))
}
