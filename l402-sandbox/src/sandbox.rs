//! The sandbox as its user sees it: started, asked, told what to do wrong, stopped by a drop.

use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::Duration,
};

use l402_server::L402Client;
use tokio::{net::TcpListener, sync::oneshot};

use crate::{
    faults::Fault,
    hex::hex,
    random::random,
    server,
    state::{Settings, Shared, State, lock},
    types::{Event, ReadOut, SeenRequest},
    wallet::{self, PaymentError},
};

/// How long a token is valid: the hosted broker's default.
pub const DEFAULT_TOKEN_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// How long an invoice can be paid: the hosted broker's default.
pub const DEFAULT_INVOICE_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// A running sandbox. Stops when it is dropped.
pub struct Sandbox {
    url: String,
    api_key: String,
    state: Shared,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Why a sandbox did not start.
#[derive(Debug, thiserror::Error)]
#[error("the sandbox cannot listen on {address}; is something else running there?")]
pub struct StartError {
    address: SocketAddr,
    #[source]
    source: io::Error,
}

impl Sandbox {
    /// Starts on a free port with the hosted broker's defaults.
    ///
    /// # Panics
    ///
    /// If this machine has no port to listen on.
    #[expect(clippy::panic, reason = "a test that has no broker cannot go on")]
    pub async fn start() -> Self {
        Self::builder().start().await.unwrap_or_else(|err| panic!("{err}: {}", err.source))
    }

    /// Settings other than the defaults.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder {
            port: 0,
            api_key: None,
            settings: Settings {
                token_lifetime: DEFAULT_TOKEN_LIFETIME,
                invoice_lifetime: DEFAULT_INVOICE_LIFETIME,
                rate_limit: None,
                read_out: ReadOut::First,
                observer: None,
            },
        }
    }

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

/// Settings of a [`Sandbox`].
#[must_use = "a builder does nothing until `start`"]
pub struct SandboxBuilder {
    port: u16,
    api_key: Option<String>,
    settings: Settings,
}

impl fmt::Debug for SandboxBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxBuilder")
            .field("port", &self.port)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl SandboxBuilder {
    /// The port on 127.0.0.1. Default: 0, which is any that is free.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The first merchant's API key. Default: a random one.
    pub fn api_key(mut self, api_key: impl Into<String>) -> Self {
        self.api_key = Some(api_key.into());
        self
    }

    /// How long a token is valid. Default: [`DEFAULT_TOKEN_LIFETIME`].
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.token_lifetime = lifetime;
        self
    }

    /// How long an invoice can be paid. Default: [`DEFAULT_INVOICE_LIFETIME`].
    pub fn invoice_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.invoice_lifetime = lifetime;
        self
    }

    /// How many calls a minute each API key has, mint and verify together. Default: no limit; the
    /// hosted broker's is 100.
    pub fn rate_limit(mut self, per_minute: u32) -> Self {
        self.settings.rate_limit = Some(per_minute);
        self
    }

    /// Which caveat of a kind a verify reply reads out. Default: [`ReadOut::First`].
    pub fn read_out(mut self, read_out: ReadOut) -> Self {
        self.settings.read_out = read_out;
        self
    }

    /// Calls a function for each [`Event`], such as a mint, a verdict or a payment, on the sandbox's
    /// thread.
    pub fn on_event(mut self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.settings.observer = Some(Arc::new(observer));
        self
    }

    /// Starts it on a thread and a runtime of its own, so that it answers whatever the caller's
    /// runtime is doing.
    ///
    /// # Errors
    ///
    /// [`StartError`] if the port is taken.
    pub async fn start(self) -> Result<Sandbox, StartError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let failed = |source| StartError { address, source };

        let api_key = self.api_key.unwrap_or_else(fresh_api_key);
        let mut state = State::new(self.settings);
        state.add_merchant(api_key.clone());
        let state = Arc::new(Mutex::new(state));

        let (stop, stopped) = oneshot::channel();
        let (ready, bound) = oneshot::channel();
        let served = Arc::clone(&state);
        let thread = thread::Builder::new()
            .name("l402-sandbox".to_owned())
            .spawn(move || run(address, served, ready, stopped))
            .map_err(failed)?;
        let bound = bound.await.unwrap_or_else(|_| Err(io::Error::other("its thread has died")));
        Ok(Sandbox {
            url: format!("http://{}", bound.map_err(failed)?),
            api_key,
            state,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

fn run(
    address: SocketAddr,
    state: Shared,
    ready: oneshot::Sender<io::Result<SocketAddr>>,
    stopped: oneshot::Receiver<()>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(err) => {
            let _ = ready.send(Err(err));
            return;
        }
    };
    runtime.block_on(async {
        let bound = TcpListener::bind(address).await;
        let listener = match bound.and_then(|listener| Ok((listener.local_addr()?, listener))) {
            Ok((address, listener)) => {
                let _ = ready.send(Ok(address));
                listener
            }
            Err(err) => {
                let _ = ready.send(Err(err));
                return;
            }
        };
        tokio::select! {
            never = server::accept(listener, state) => match never {},
            _ = stopped => {}
        }
    });
}

fn fresh_api_key() -> String {
    format!("sandbox_{}", hex(&random::<16>()))
}
