//! The API under test, as a process of its own, with everything on.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use actix_web::{
    App, HttpResponse, HttpServer, Responder, get,
    http::header::HeaderName,
    post,
    web::{self, Bytes},
};
use futures_util::stream;
use l402_actix::{
    Balance, BrokerBudget, ClientIdentity, L402Client, L402Config, L402Manifest, RedisState, l402,
};
use l402_sandbox::Sandbox;
use l402_tests::process;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, ChildStdin, Command},
    time::sleep,
};

/// The deadline of the gate. Generous, so that on a busy machine only a broker that hangs runs
/// into it.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);

/// Generous as well: Redis writes each step to the disk, and on a busy machine that takes its time.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a process that stops writes down what it could not before. Redis may fall ill again and
/// again meanwhile.
pub(crate) const WRITTEN_WITHIN: Duration = Duration::from_secs(60);

const KEY: &str = "LIGHTNING_ENABLE_API_KEY";
const URL: &str = "LIGHTNING_ENABLE_API_URL";
const REDIS: &str = "REDIS_URL";
const UNLIMITED: &str = "SOAK_UNLIMITED";

/// Where a client's address is said.
pub(crate) const CLIENT: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What a handler answers to a payment, and what a stream sends for each unit.
pub(crate) const CONTENT: &str = "what was paid for";
pub(crate) const UNIT: &str = "a unit;";

/// What a payment for `/pack` and for `/metered` buys, and what one answer of the latter sends.
pub(crate) const USES: u64 = 5;
pub(crate) const UNITS: u64 = 10;
pub(crate) const SENT: u64 = 3;

/// Long enough to be killed in.
const WORK: Duration = Duration::from_millis(25);

#[l402(price_sats = 100)]
#[get("/paid")]
async fn paid() -> &'static str {
    CONTENT
}

#[l402(price_sats = 250)]
#[get("/other")]
async fn other() -> &'static str {
    CONTENT
}

#[l402(price_sats = 100)]
#[get("/page")]
async fn page() -> &'static str {
    CONTENT
}

#[l402(price_sats = 100)]
#[post("/upload")]
async fn upload(body: web::Bytes) -> String {
    format!("{} bytes", body.len())
}

#[l402(price_sats = 100, single_use)]
#[get("/once")]
async fn once() -> &'static str {
    sleep(WORK).await;
    CONTENT
}

#[l402(price_sats = 100, uses = USES)]
#[get("/pack")]
async fn pack() -> &'static str {
    sleep(WORK).await;
    CONTENT
}

#[l402(price_sats = 100, units = UNITS, hold = 4)]
#[get("/metered")]
async fn metered(balance: Balance) -> HttpResponse {
    let pieces = stream::unfold((0, balance), |(sent, balance)| async move {
        if sent == SENT || balance.draw(1).is_err() {
            return None;
        }
        sleep(WORK).await;
        Some((Ok::<_, Infallible>(Bytes::from_static(UNIT.as_bytes())), (sent + 1, balance)))
    });
    HttpResponse::Ok().streaming(pieces)
}

#[get("/free")]
async fn free() -> impl Responder {
    "free of charge"
}

#[get("/metrics")]
async fn metrics(exporter: web::Data<PrometheusHandle>) -> impl Responder {
    exporter.render()
}

/// Serves until SIGTERM, or until standard input closes, which it does when the parent is gone.
pub(crate) async fn serve() -> io::Result<()> {
    let exporter = PrometheusBuilder::new().install_recorder().map_err(io::Error::other)?;
    let (exporter, config) = (web::Data::new(exporter), config()?);
    let manifest = L402Manifest::new("Soak", &config);
    let server = HttpServer::new(move || {
        let app = App::new().app_data(config.clone()).app_data(exporter.clone());
        app.service(free).service(metrics).configure(|app| {
            manifest.clone().register(app, |paid_routes| {
                paid_routes.service(paid);
                paid_routes.service(other);
                paid_routes.service(page);
                paid_routes.service(upload);
                paid_routes.service(once);
                paid_routes.service(pack);
                paid_routes.service(metered);
            });
        })
    })
    .workers(2)
    .bind(("127.0.0.1", 0))?;
    println!("{}", server.addrs()[0]);
    std::thread::spawn(|| {
        let _ = io::Read::read_to_end(&mut io::stdin(), &mut Vec::new());
        std::process::exit(0);
    });
    server.run().await?;
    let done = l402_actix::flush(WRITTEN_WITHIN).await;
    if done { Ok(()) } else { Err(io::Error::other("something was not written down")) }
}

fn config() -> io::Result<L402Config> {
    let variable = |name| std::env::var(name).map_err(io::Error::other);
    let client = L402Client::builder(variable(KEY)?)
        .base_url(variable(URL)?)
        .timeout(TIMEOUT)
        .build()
        .map_err(io::Error::other)?;
    let clients =
        ClientIdentity::behind_proxies(["127.0.0.0/8"], CLIENT).map_err(io::Error::other)?;
    let clients = clients.reuse_challenges(true).calls_per_minute(100);
    let mut config =
        L402Config::new(client).client_identity(clients).mpp(true).credential_cookie(true);
    if std::env::var_os(UNLIMITED).is_some() {
        config = config.broker_budget(BrokerBudget::unlimited());
    }
    if let Ok(url) = std::env::var(REDIS) {
        let state = RedisState::new(url).map_err(io::Error::other)?;
        config = config.shared_state(state.patience(PATIENCE));
    }
    Ok(config)
}

/// What a process is to know.
#[derive(Clone)]
pub(crate) struct Setting {
    pub(crate) key: String,
    pub(crate) url: String,
    pub(crate) redis: Option<String>,
    pub(crate) unlimited: bool,
}

impl Setting {
    /// With the Redis of `REDIS_URL`, if that says one.
    pub(crate) fn of(sandbox: &Sandbox) -> Self {
        let (key, url) = (sandbox.api_key().to_owned(), sandbox.url().to_owned());
        Self { key, url, redis: std::env::var(REDIS).ok(), unlimited: false }
    }
}

/// The running process; killed on drop.
pub(crate) struct Api {
    pub(crate) address: SocketAddr,
    pub(crate) pid: String,
    panics: Arc<AtomicUsize>,
    process: Child,
    /// Open as long as it may run; `Child::wait` would close its own.
    _lifeline: Option<ChildStdin>,
}

impl Api {
    pub(crate) async fn start(setting: &Setting) -> io::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("--serve")
            .env(KEY, &setting.key)
            .env(URL, &setting.url)
            .env_remove(REDIS)
            .envs(setting.redis.as_ref().map(|url| (REDIS, url)))
            .envs(setting.unlimited.then_some((UNLIMITED, "1")))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let lifeline = process.stdin.take();
        let out = process.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).await?;
        let address = line.trim().parse().map_err(io::Error::other)?;
        let pid = process.id().ok_or_else(|| io::Error::other("it has ended"))?.to_string();
        let panics = Arc::new(AtomicUsize::new(0));
        if let Some(log) = process.stderr.take() {
            tokio::spawn(listen(log, Arc::clone(&panics)));
        }
        Ok(Self { address, pid, panics, process, _lifeline: lifeline })
    }

    pub(crate) fn memory_kib(&self) -> io::Result<u64> {
        process::memory_kib(&self.pid)
    }

    pub(crate) fn panics(&self) -> usize {
        self.panics.load(SeqCst)
    }

    pub(crate) async fn kill(&mut self) -> io::Result<()> {
        self.process.kill().await
    }

    /// Asks it to stop, by SIGTERM; whether it ends well within `patience`.
    pub(crate) async fn stop(&mut self, patience: Duration) -> io::Result<bool> {
        let sent = Command::new("kill").args(["-TERM", &self.pid]).status().await?;
        let ended = tokio::time::timeout(patience, self.process.wait()).await;
        Ok(sent.success() && ended.is_ok_and(|status| status.is_ok_and(|status| status.success())))
    }
}

/// Reads what it logs, and says what is worth saying.
async fn listen(mut log: impl tokio::io::AsyncRead + Unpin, panics: Arc<AtomicUsize>) {
    let mut lines = BufReader::new(&mut log).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if line.contains("panicked") {
            panics.fetch_add(1, SeqCst);
            eprintln!("{line}");
        }
    }
    let _ = log.read_to_end(&mut Vec::new()).await;
}
