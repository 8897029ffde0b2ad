//! What every example needs and none is about: a broker, a port, a log, and a line that says what
//! to try.

use std::{
    env,
    error::Error,
    fmt,
    net::{Ipv4Addr, TcpListener},
};

use l402_sandbox::Sandbox;
use l402_server::{API_URL_VARIABLE, L402Client};
use tracing_subscriber::filter::LevelFilter;

/// What to do about a port that is taken.
const PORTS: &str =
    "Choose other ports: PORT=8081 is for the API, SANDBOX_PORT=8403 for the sandbox.";

/// What to run for a broker over https.
const NO_TLS: &str = "LIGHTNING_ENABLE_API_KEY is set, and this program was built without TLS, which the hosted \
    broker needs. Run: cargo run -p l402-quickstart --features rustls";

/// The example's surroundings. The sandbox stops when this is dropped.
#[derive(Debug)]
pub struct Setup {
    sandbox: Option<Sandbox>,
    client: L402Client,
}

impl Setup {
    /// The hosted broker if `LIGHTNING_ENABLE_API_KEY` is set, which charges real sats, or the one
    /// that `LIGHTNING_ENABLE_API_URL` names beside it; else a sandbox on `SANDBOX_PORT` (8402).
    /// Warnings and errors are logged.
    ///
    /// # Errors
    ///
    /// If the key is unusable or the port is taken.
    pub async fn from_env() -> Result<Self, Failure> {
        tracing_subscriber::fmt()
            .with_max_level(LevelFilter::WARN)
            .with_writer(std::io::stderr)
            .init();
        if env::var_os("LIGHTNING_ENABLE_API_KEY").is_some() {
            let client = L402Client::from_env()?;
            let is_https = named_broker().is_none_or(|url| url.starts_with("https"));
            if is_https && !cfg!(feature = "rustls") {
                return Err(Failure::sentence(NO_TLS.to_owned()));
            }
            return Ok(Self { sandbox: None, client });
        }
        let sandbox = Sandbox::builder()
            .port(port("SANDBOX_PORT", 8402)?)
            .start()
            .await
            .map_err(|err| Failure::sentence(format!("{err} {PORTS}")))?;
        Ok(Self { client: sandbox.client(), sandbox: Some(sandbox) })
    }

    /// A client of the broker, for `L402Config::new`.
    #[must_use]
    pub fn client(&self) -> L402Client {
        self.client.clone()
    }

    /// The sandbox, unless another broker is used.
    #[must_use]
    pub fn sandbox(&self) -> Option<&Sandbox> {
        self.sandbox.as_ref()
    }

    /// Who takes the money, where no sandbox was started here: how it is charged, as a sentence
    /// without its end.
    #[must_use]
    pub fn charging(&self) -> String {
        match named_broker() {
            Some(url) => format!("Charging through the broker at {url}"),
            None => "Charging real sats through the hosted broker".to_owned(),
        }
    }

    /// A socket on `PORT` (8080) of this machine, for `HttpServer::listen`, and its URL. Prints
    /// each of `tries`, a `curl` line with `{api}` in it, and how to pay.
    ///
    /// # Errors
    ///
    /// If the port is taken.
    pub fn listen(&self, tries: &[&str]) -> Result<TcpListener, Failure> {
        let listener = listener()?;
        let api = format!("http://{}", listener.local_addr()?);
        match &self.sandbox {
            None => println!("{}.\n", self.charging()),
            Some(sandbox) => println!(
                "LIGHTNING_ENABLE_API_KEY is not set, so a sandbox at {wallet} takes the broker's \
                 place.\nIts invoices are regtest: no real sats move. See it sold in one go with\n\n  \
                 LND_REST_HOST={wallet} cargo run -q --bin l402-sandbox -- get URL\n",
                wallet = sandbox.url()
            ),
        }
        println!("Try:\n");
        for line in tries {
            println!("  curl -i {}", line.replace("{api}", &api));
        }
        Ok(listener)
    }
}

/// The broker that the environment names. The SDK, too, takes a blank one for none.
fn named_broker() -> Option<String> {
    env::var(API_URL_VARIABLE).ok().filter(|url| !url.trim().is_empty())
}

/// A socket on `PORT` (8080) of this machine.
///
/// # Errors
///
/// If the port is taken.
pub fn listener() -> Result<TcpListener, Failure> {
    let port = port("PORT", 8080)?;
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|err| {
        let text = format!("Cannot listen on 127.0.0.1:{port}: {err}. {PORTS}");
        Failure::sentence(text)
    })
}

fn port(variable: &str, default: u16) -> Result<u16, Failure> {
    match env::var(variable) {
        Ok(port) => port
            .parse()
            .map_err(|_| Failure::sentence(format!("{variable} must be a port, not {port:?}"))),
        Err(_) => Ok(default),
    }
}

/// Whatever ended an example, as a sentence: `main` shows an error by its `Debug`.
pub struct Failure(Box<dyn Error>);

impl Failure {
    fn sentence(text: String) -> Self {
        Self(text.into())
    }
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(err: E) -> Self {
        Self(Box::new(err))
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
