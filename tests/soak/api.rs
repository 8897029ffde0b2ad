//! The API under test, as a process of its own.

use std::{io, net::SocketAddr, process::Stdio, time::Duration};

use actix_web::{App, HttpServer, Responder, get, http::header::HeaderName, post, web};
use l402_actix::{ClientIdentity, L402Client, L402Config, RedisState, l402};
use l402_sandbox::Sandbox;
use l402_tests::{config, process};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, Command},
};

/// The deadline of the gate. Generous, so that on a busy machine only a broker that hangs runs
/// into it.
const TIMEOUT: Duration = Duration::from_secs(5);

const KEY: &str = "LIGHTNING_ENABLE_API_KEY";
const URL: &str = "LIGHTNING_ENABLE_API_URL";
const REMEMBERS: &str = "SOAK_REMEMBERS";

/// Where a client's address is said.
pub(crate) const CLIENT: HeaderName = HeaderName::from_static("x-forwarded-for");

#[get("/paid")]
#[l402(price_sats = 100)]
async fn paid() -> impl Responder {
    "paid content"
}

#[get("/other")]
#[l402(price_sats = 250)]
async fn other() -> impl Responder {
    "other content"
}

#[post("/upload")]
#[l402(price_sats = 100)]
async fn upload(body: web::Bytes) -> impl Responder {
    format!("{} bytes", body.len())
}

#[get("/free")]
async fn free() -> impl Responder {
    "free content"
}

/// Serves until standard input closes, which it does when the parent is gone.
pub(crate) async fn serve() -> io::Result<()> {
    let variable = |name| std::env::var(name).map_err(io::Error::other);
    let client = L402Client::builder(variable(KEY)?)
        .base_url(variable(URL)?)
        .timeout(TIMEOUT)
        .build()
        .map_err(io::Error::other)?;
    let config =
        if std::env::var_os(REMEMBERS).is_some() { remembering(client)? } else { config(client) };
    let server = HttpServer::new(move || {
        let app = App::new().app_data(config.clone());
        app.service(paid).service(other).service(upload).service(free)
    })
    .workers(2)
    .disable_signals()
    .bind(("127.0.0.1", 0))?;
    println!("{}", server.addrs()[0]);
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(async move {
        let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
        handle.stop(false).await;
    });
    server.await
}

/// All that a process keeps of those who ask: verdicts, refusals, sales, who has paid, held challenges,
/// limits; and what it shares, if `REDIS_URL` says where.
fn remembering(client: L402Client) -> io::Result<L402Config> {
    let clients =
        ClientIdentity::behind_proxies(["127.0.0.0/8"], CLIENT).map_err(io::Error::other)?;
    let clients = clients.reuse_challenges(true).calls_per_minute(100);
    let config = L402Config::new(client).client_identity(clients);
    Ok(match std::env::var("REDIS_URL") {
        Ok(url) => config.shared_state(RedisState::new(url).map_err(io::Error::other)?),
        Err(_) => config,
    })
}

/// The running process.
pub(crate) struct Api {
    pub(crate) address: SocketAddr,
    pid: String,
    _process: Child,
}

impl Api {
    pub(crate) async fn start(sandbox: &Sandbox, remembers: bool) -> io::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("--serve")
            .envs(remembers.then_some((REMEMBERS, "1")))
            .env(KEY, sandbox.api_key())
            .env(URL, sandbox.url())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let out = process.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).await?;
        let address = line.trim().parse().map_err(io::Error::other)?;
        let pid = process.id().ok_or_else(|| io::Error::other("it has ended"))?.to_string();
        Ok(Self { address, pid, _process: process })
    }

    pub(crate) fn memory_kib(&self) -> io::Result<u64> {
        process::memory_kib(&self.pid)
    }

    pub(crate) fn peak_kib(&self) -> io::Result<u64> {
        process::peak_kib(&self.pid)
    }

    pub(crate) fn sockets(&self) -> io::Result<usize> {
        process::open_sockets(&self.pid)
    }
}
