//! How a sandbox is started, with the hosted broker's defaults or with settings of one's own: on a
//! thread and a port that are its own.

use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use tokio::{net::TcpListener, sync::oneshot};

use crate::{
    event::Event,
    sandbox::{Sandbox, fresh_api_key},
    server,
    settings::{ReadOut, Settings},
    state::{Shared, State},
};

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
        SandboxBuilder { port: 0, api_key: None, settings: Settings::default() }
    }
}

/// Why a sandbox did not start.
#[derive(Debug, derive_more::Display, derive_more::Error)]
#[display("the sandbox cannot listen on {address}; is something else running there?")]
pub struct StartError {
    address: SocketAddr,
    source: io::Error,
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

    /// How long a token is valid. Default:
    /// [`DEFAULT_TOKEN_LIFETIME`](crate::DEFAULT_TOKEN_LIFETIME).
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.token_lifetime = lifetime;
        self
    }

    /// How long an invoice can be paid. Default:
    /// [`DEFAULT_INVOICE_LIFETIME`](crate::DEFAULT_INVOICE_LIFETIME).
    pub fn invoice_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.invoice_lifetime = lifetime;
        self
    }

    /// How many calls a minute each API key has, mint and verify together. Default: no limit; the
    /// hosted broker's is 100.
    ///
    /// Each reply to a call that counted, and the 429 to one that did not, says what is left, in
    /// `X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset`, by the sandbox's own
    /// clock, which is also the reply's `Date`. Without a limit there are no such headers.
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
