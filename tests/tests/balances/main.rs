//! A payment is a balance: what it is good for is answered for once, whatever happens at the same time.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod crowd;
mod ends;
mod failing;
#[cfg(feature = "redis-server")]
mod faults;
#[cfg(feature = "redis-server")]
mod file_faults;
mod gate;
mod heads;
mod interrupted;
#[cfg(feature = "redis-server")]
mod leases;
mod log;
mod model;
mod mpp;
mod packs;
mod places;
mod processes;
#[cfg(feature = "redis-server")]
mod redis;
#[cfg(feature = "redis-server")]
mod redis_beside_others;
#[cfg(feature = "redis-server")]
mod redis_refused;
#[cfg(feature = "redis-server")]
mod restore_faults;
mod scopes;
#[cfg(unix)]
mod stops;
mod stores;
mod suite;
#[cfg(feature = "redis-server")]
mod tries;
mod units;

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use actix_web::{HttpResponse, get, http::StatusCode, web};
use l402_actix::l402;
use tokio::sync::{Semaphore, watch};

/// How often each fault is tried: once, for a run that takes its time `TRIES=1000`.
fn tries() -> usize {
    setting("TRIES").unwrap_or(1)
}

fn setting(name: &str) -> Option<usize> {
    std::env::var(name).ok().and_then(|number| number.parse().ok())
}

/// What the handlers do, and how often they did.
#[derive(Clone)]
struct Stage(Arc<Inner>);

struct Inner {
    calls: AtomicUsize,
    answers: Mutex<VecDeque<u16>>,
    curtain: watch::Sender<bool>,
    served: Semaphore,
}

impl Default for Stage {
    /// Handlers answer 200 at once.
    fn default() -> Self {
        Self(Arc::new(Inner {
            calls: AtomicUsize::new(0),
            answers: Mutex::default(),
            curtain: watch::channel(true).0,
            served: Semaphore::new(0),
        }))
    }
}

impl Stage {
    /// The next handlers answer so, the others 200.
    fn answer(&self, statuses: &[u16]) {
        self.0.answers.lock().unwrap().extend(statuses);
    }

    /// Handlers wait from here on.
    fn hold(&self) {
        self.0.curtain.send_replace(false);
    }

    /// Handlers that wait go on, and others do not wait.
    fn release(&self) {
        self.0.curtain.send_replace(true);
    }

    fn calls(&self) -> usize {
        self.0.calls.load(Ordering::SeqCst)
    }

    /// How many handlers have answered below 500.
    fn served(&self) -> usize {
        self.0.served.available_permits()
    }

    async fn perform(&self) -> HttpResponse {
        self.0.calls.fetch_add(1, Ordering::SeqCst);
        self.0.curtain.subscribe().wait_for(|up| *up).await.unwrap();
        let status = self.0.answers.lock().unwrap().pop_front().unwrap_or(200);
        assert_ne!(status, PANIC, "told to panic");
        if status < 500 {
            self.0.served.add_permits(1);
        }
        HttpResponse::build(StatusCode::from_u16(status).unwrap()).body("performed")
    }
}

/// A status that makes the handler panic.
const PANIC: u16 = 999;

#[get("/once")]
#[l402(price_sats = 100, single_use)]
async fn once(stage: web::Data<Stage>) -> HttpResponse {
    stage.perform().await
}

/// Waits for what another thread is about to do.
async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < Duration::from_secs(30), "not after 30 s: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A folder of the test's own, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static FOLDERS: AtomicUsize = AtomicUsize::new(0);
        let number = FOLDERS.fetch_add(1, Ordering::SeqCst);
        let name = format!("l402-single-use-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
