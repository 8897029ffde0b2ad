//! Many at once, slow ones, and those who leave: nothing of them stays, and nobody else waits.
//!
//! What stays is counted in `/proc`, so these tests run on Linux; one at a time, so that each
//! counts its own.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod abandoned;
mod memory;
mod slow;
mod waiting;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use actix_web::{dev::Service as _, get, post, web};
use l402_actix::{
    L402Client, l402,
    l402_server::reqwest::{self, ClientBuilder},
};
use l402_sandbox::Sandbox;
use l402_tests::{Api, config, process};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{Mutex, MutexGuard, watch},
};

/// How long the machine may take for what has no limit of its own.
const PATIENCE: Duration = Duration::from_secs(120);

static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

#[get("/paid")]
#[l402(price_sats = 100)]
async fn paid() -> &'static str {
    "paid"
}

#[post("/upload")]
#[l402(price_sats = 100)]
async fn upload(body: web::Bytes) -> String {
    body.len().to_string()
}

#[post("/tried")]
#[l402(price_sats = 100, extract_first)]
async fn tried(body: web::Json<String>) -> String {
    body.len().to_string()
}

#[get("/free")]
async fn free() -> &'static str {
    "free"
}

/// How many requests are being worked on; a future that is never dropped is counted for ever.
#[derive(Clone, Default)]
struct InFlight(Arc<AtomicUsize>);

impl InFlight {
    fn now(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn enter(&self) -> Guard {
        self.0.fetch_add(1, Ordering::SeqCst);
        Guard(self.clone())
    }
}

struct Guard(InFlight);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A gated API whose broker can be held up.
struct Shop {
    sandbox: Sandbox,
    api: Api,
    in_flight: InFlight,
    /// Whether calls to the broker get through.
    open: watch::Sender<bool>,
    sockets: usize,
    _alone: MutexGuard<'static, ()>,
}

impl Shop {
    async fn open(timeout: Duration) -> Self {
        let alone = ONE_AT_A_TIME.lock().await;
        rlimit::increase_nofile_limit(16 * 1024).unwrap();
        let sandbox = Sandbox::start().await;
        let broker = sandbox.url().trim_start_matches("http://").parse().unwrap();
        let (open, opened) = watch::channel(true);
        let address = held_up(broker, opened).await;
        let client = L402Client::builder(sandbox.api_key())
            .base_url(format!("http://{address}"))
            .timeout(timeout)
            .http_client_builder(impatient)
            .build()
            .unwrap();
        let config = config(client);
        let in_flight = InFlight::default();
        let counter = in_flight.clone();
        let api = Api::serve(move |app| {
            let counter = counter.clone();
            let gated = web::scope("")
                .wrap_fn(move |request, next| {
                    let guard = counter.enter();
                    let answer = next.call(request);
                    async move {
                        let answer = answer.await;
                        drop(guard);
                        answer
                    }
                })
                .service(paid)
                .service(upload)
                .service(tried);
            app.app_data(config.clone()).service(free).service(gated);
        })
        .await;
        assert_eq!(api.ask("/free").await.status, 200);
        let sockets = process::open_sockets("self").unwrap();
        Self { sandbox, api, in_flight, open, sockets, _alone: alone }
    }

    fn hold_up(&self, hold: bool) {
        self.open.send_replace(!hold);
    }

    /// Asks with a head of its own, and does not wait for the answer.
    async fn begin(&self, head: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.api.address()).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    }

    async fn until(&self, what: &str, reached: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !reached(self) {
            assert!(
                begun.elapsed() < PATIENCE,
                "never: {what}; {} in flight",
                self.in_flight.now()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// All that was opened is closed, and all that was begun has ended.
    async fn until_nothing_is_left(&self) {
        self.until("no request left", |shop| shop.in_flight.now() == 0).await;
        self.until("no socket left", |shop| process::open_sockets("self").unwrap() <= shop.sockets)
            .await;
    }
}

const ASK: &str = "GET /paid HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// Settings that keep idle connections for a second, for otherwise a test waits for reqwest's 90.
fn impatient() -> ClientBuilder {
    reqwest::Client::builder().pool_idle_timeout(Duration::from_secs(1))
}

/// Takes connections to the broker at once, and hands them on only while they are let through.
async fn held_up(broker: SocketAddr, opened: watch::Receiver<bool>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut opened = opened.clone();
            tokio::spawn(async move {
                let (mut first, mut more) = (vec![0; 16 * 1024], [0; 1]);
                // Whoever gives up in the meantime is let go.
                let Ok(read @ 1..) = stream.read(&mut first).await else { return };
                tokio::select! {
                    result = opened.wait_for(|open| *open) => if result.is_err() { return },
                    _ = stream.read(&mut more) => return,
                }
                let Ok(mut broker) = TcpStream::connect(broker).await else { return };
                if broker.write_all(&first[..read]).await.is_ok() {
                    let _ = tokio::io::copy_bidirectional(&mut stream, &mut broker).await;
                }
            });
        }
    });
    address
}

async fn read_to_end(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer));
    read.await.expect("an answer").unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}
