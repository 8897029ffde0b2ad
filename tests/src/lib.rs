//! The helpers the tests share: an API that really listens, and a client that asks it.

mod readme;
mod store;

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix_web::{App, HttpServer, dev::ServerHandle, rt, web::ServiceConfig};
use l402_actix::{BrokerBudget, L402Client, L402Config, VerifyCache};
use l402_sandbox::Sandbox;
use reqwest::{
    Client, RequestBuilder, Response,
    header::{AUTHORIZATION, HeaderMap},
};
pub use store::TestStore;

/// How long a server waits for a client of the same test.
pub const PATIENCE: Duration = Duration::from_secs(120);

pub mod process;
pub mod raw;
pub mod redis;

/// A config for tests that ask the broker more often than a merchant may, and that have to see it
/// asked each time.
pub fn config(client: L402Client) -> L402Config {
    L402Config::new(client)
        .broker_budget(BrokerBudget::unlimited())
        .verify_cache(VerifyCache::off())
}

/// How often a handler was called.
#[derive(Clone, Debug, Default)]
pub struct Calls(Arc<AtomicUsize>);

impl Calls {
    /// Called by the handler.
    pub fn count(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// The calls so far.
    #[must_use]
    pub fn so_far(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// An Actix app behind a real socket on this machine; stops on drop.
#[derive(Debug)]
pub struct Api {
    address: SocketAddr,
    client: Client,
    handle: ServerHandle,
}

impl Api {
    /// Serves what `configure` registers, on one worker.
    ///
    /// # Panics
    ///
    /// If no port can be bound.
    pub async fn serve<F>(configure: F) -> Self
    where
        F: Fn(&mut ServiceConfig) + Clone + Send + 'static,
    {
        Self::serve_on(1, configure).await
    }

    /// Serves what `configure` registers, anew on each of so many workers.
    ///
    /// # Panics
    ///
    /// If no port can be bound.
    #[expect(clippy::unused_async, reason = "has to be called on a runtime, which this says")]
    pub async fn serve_on<F>(workers: usize, configure: F) -> Self
    where
        F: Fn(&mut ServiceConfig) + Clone + Send + 'static,
    {
        let server = HttpServer::new(move || App::new().configure(configure.clone()))
            .workers(workers)
            // A busy machine must not look like a slow client, nor like a server that hangs up.
            .client_request_timeout(PATIENCE)
            .keep_alive(PATIENCE)
            .disable_signals()
            .bind(("127.0.0.1", 0))
            .unwrap_or_else(|err| panic!("no port to listen on: {err}"));
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        rt::spawn(server);
        // Actix closes an idle connection after five seconds; who asks on it then gets no answer.
        let client = Client::builder().no_proxy().pool_idle_timeout(Duration::from_secs(2)).build();
        Self { address, client: client.unwrap_or_default(), handle }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A GET of `path`, not yet sent.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("http://{}{path}", self.address))
    }

    /// A GET of `path` that comes from another address of this machine, `127.0.0.last`, and over a
    /// connection of its own; not yet sent.
    pub fn get_from(&self, last: u8, path: &str) -> RequestBuilder {
        // Without certificates, which take longer to load than all the rest.
        let client = Client::builder().no_proxy().tls_certs_only([]);
        let client = client.local_address(IpAddr::from([127, 0, 0, last]));
        client.build().unwrap_or_default().get(format!("http://{}{path}", self.address))
    }

    /// A request of another method, not yet sent.
    pub fn request(&self, method: reqwest::Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    /// Stops with grace: requests that are under way are answered first.
    pub async fn stop(self) {
        self.handle.stop(true).await;
    }

    /// Asks for `path` without a credential.
    pub async fn ask(&self, path: &str) -> Answer {
        Answer::to(self.get(path)).await
    }

    /// Asks for `path` with a credential.
    pub async fn ask_with(&self, path: &str, authorization: &str) -> Answer {
        Answer::to(self.get(path).header(AUTHORIZATION, authorization)).await
    }

    /// Asks for `path`, pays the challenge, and returns the credential.
    ///
    /// # Panics
    ///
    /// If there is no challenge, or it cannot be paid.
    pub async fn buy(&self, path: &str, sandbox: &Sandbox) -> String {
        let answer = self.ask(path).await;
        assert_eq!(answer.status, 402, "{}", answer.body);
        pay(sandbox, &answer.headers)
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        // Marks the server as stopping at once; nobody waits for it.
        rt::spawn(self.handle.stop(false));
    }
}

/// Pays the challenge in a 402's headers and returns the credential.
///
/// # Panics
///
/// If there is none, or it cannot be paid.
#[must_use]
pub fn pay(sandbox: &Sandbox, headers: &HeaderMap) -> String {
    sandbox.pay_challenge(headers).unwrap_or_else(|err| panic!("cannot pay: {err}"))
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

impl Answer {
    /// Sends the request and reads the whole answer.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub async fn to(request: RequestBuilder) -> Self {
        Self::try_to(request).await.unwrap_or_else(|err| panic!("no answer: {err:?}"))
    }

    /// Sends the request and reads the whole answer.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub async fn try_to(request: RequestBuilder) -> reqwest::Result<Self> {
        let response: Response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self { status, headers, body: response.text().await? })
    }

    /// All values of a header, in their order.
    #[must_use]
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect()
    }

    /// The header's only value.
    ///
    /// # Panics
    ///
    /// If there are more or fewer.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let values = self.all(name);
        assert_eq!(values.len(), 1, "{name} in {self:?}");
        values[0]
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// If it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|err| panic!("{err}: {}", self.body))
    }
}
