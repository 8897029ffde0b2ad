//! How many broker calls it takes to serve agents, crowds, crawlers and garbage.
//!
//! Counts and not times: the sandbox says what it was asked. Everything stays on this machine, and
//! it ends by itself within three minutes. The build profile does not matter, so
//! `cargo bench -p l402-benches --bench broker_calls --profile dev` spares a release build.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on fails")]

use std::{
    process::ExitCode,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use actix_web::{Responder, get, http::header::HeaderName, rt};
use l402_actix::{ClientIdentity, L402Config, VerifyCache, l402};
use l402_sandbox::{Event, Sandbox};
use l402_tests::{Answer, Api};

const CALLS_OF_THE_AGENT: usize = 1_000;
const CROWD: usize = 100;
const HITS_OF_THE_CRAWLER: u32 = 10_000;
const GARBAGE_EVERY: Duration = Duration::from_millis(20);
/// Longer than the minute that the budget looks back.
const GARBAGE_FOR: Duration = Duration::from_secs(70);
/// How many of the crawler's requests are under way at once.
const CONNECTIONS: u32 = 16;
/// What mints may take of the budget, and what unknown credentials may: a third each.
const SHARE: usize = 33;
/// The hosted broker's limit. It counts here too, so that whoever is served is served within it.
const LIMIT: u32 = 100;
/// How often a payer calls.
const PAYER_EVERY: Duration = Duration::from_secs(2);

#[get("/weather")]
#[l402(price_sats = 100)]
async fn weather() -> impl Responder {
    "sunny"
}

/// An API, its broker, and when the broker was asked for what.
struct Shop {
    api: Arc<Api>,
    sandbox: Arc<Sandbox>,
    mints: Times,
    /// Verifications that were refused, which tells a stranger's from a payer's.
    refusals: Times,
}

type Times = Arc<Mutex<Vec<Instant>>>;

impl Shop {
    async fn open(settings: fn(L402Config) -> L402Config) -> Self {
        Self::with(None, settings).await
    }

    async fn with(limit: Option<u32>, settings: fn(L402Config) -> L402Config) -> Self {
        let (mints, refusals) = (Times::default(), Times::default());
        let (on_mint, on_refusal) = (Arc::clone(&mints), Arc::clone(&refusals));
        let sandbox = Sandbox::builder().on_event(move |event| match event {
            Event::Minted { .. } => on_mint.lock().unwrap().push(Instant::now()),
            Event::Verified { refusal: Some(_), .. } => {
                on_refusal.lock().unwrap().push(Instant::now());
            }
            _ => {}
        });
        let sandbox = match limit {
            Some(per_minute) => sandbox.rate_limit(per_minute),
            None => sandbox,
        };
        let sandbox = sandbox.start().await.unwrap();
        let config = settings(L402Config::new(sandbox.client()));
        let api = Api::serve(move |app| {
            app.app_data(config.clone()).service(weather);
        })
        .await;
        Self { api: Arc::new(api), sandbox: Arc::new(sandbox), mints, refusals }
    }

    /// A payer whose token has been accepted.
    async fn payer(&self) -> String {
        let token = self.api.buy("/weather", &self.sandbox).await;
        assert_eq!(self.api.ask_with("/weather", &token).await.status, 200);
        token
    }
}

/// One line of the table.
struct Line {
    what: &'static str,
    requests: usize,
    answers: String,
    calls: String,
    target: String,
    met: bool,
}

#[actix_web::main]
async fn main() -> ExitCode {
    let begun = Instant::now();
    let lines = [
        agent().await,
        crowd().await,
        crawler_from_one_address().await,
        crawler_from_many_addresses().await,
    ];
    let (alone, together) = tokio::join!(garbage(false), garbage(true));
    let lines = lines.into_iter().chain([alone, together]).collect::<Vec<_>>();
    println!("| scenario | requests | answers | broker calls | target | met |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for Line { what, requests, answers, calls, target, met } in &lines {
        let met = if *met { "yes" } else { "NO" };
        println!("| {what} | {requests} | {answers} | {calls} | {target} | {met} |");
    }
    println!("\nin {} s", begun.elapsed().as_secs());
    if lines.iter().all(|line| line.met) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn agent() -> Line {
    let shop = Shop::open(|config| config.verify_cache(VerifyCache::new())).await;
    let token = shop.api.buy("/weather", &shop.sandbox).await;
    let mut served = 0;
    let begun = Instant::now();
    for _ in 0..CALLS_OF_THE_AGENT {
        served += usize::from(shop.api.ask_with("/weather", &token).await.status == 200);
    }
    // One verification for each time to live of the cache that it took.
    let verifies = 1 + begun.elapsed().as_secs() / 30;
    let (mint, verify) = (shop.sandbox.mints(), shop.sandbox.verifies());
    Line {
        what: "one agent buys once and calls on, with the cache",
        requests: CALLS_OF_THE_AGENT + 1,
        answers: format!("{served} x 200"),
        calls: format!("{mint} mint, {verify} verify"),
        target: format!("{} (one for each request: {})", 1 + verifies, CALLS_OF_THE_AGENT + 1),
        met: served == CALLS_OF_THE_AGENT && mint == 1 && verify <= verifies,
    }
}

async fn crowd() -> Line {
    let shop = Shop::open(|config| config.verify_cache(VerifyCache::new())).await;
    let token = shop.api.buy("/weather", &shop.sandbox).await;
    let request = || Answer::to(shop.api.get("/weather").header("Authorization", &token));
    let requests: Vec<_> = (0..CROWD).map(|_| rt::spawn(request())).collect();
    let mut served = 0;
    for answer in requests {
        served += usize::from(answer.await.unwrap().status == 200);
    }
    let verify = shop.sandbox.verifies();
    Line {
        what: "first calls with one token at the same time, with the cache",
        requests: CROWD,
        answers: format!("{served} x 200"),
        calls: format!("{verify} verify"),
        target: "1".to_owned(),
        met: served == CROWD && verify == 1,
    }
}

/// Hits without a credential, each from the address that `from` names for it, and how many were
/// answered 402 and 503.
async fn crawl(shop: &Shop, from: fn(u32) -> String) -> (usize, usize) {
    let share = HITS_OF_THE_CRAWLER / CONNECTIONS;
    let crawlers: Vec<_> = (0..CONNECTIONS)
        .map(|number| {
            let api = Arc::clone(&shop.api);
            rt::spawn(async move {
                let (mut asked, mut busy) = (0, 0);
                for hit in number * share..(number + 1) * share {
                    let request = api.get("/weather").header("X-Forwarded-For", from(hit));
                    match Answer::to(request).await.status {
                        402 => asked += 1,
                        503 => busy += 1,
                        other => panic!("a crawler was answered {other}"),
                    }
                }
                (asked, busy)
            })
        })
        .collect();
    let mut sum = (0, 0);
    for crawler in crawlers {
        let (asked, busy) = crawler.await.unwrap();
        sum = (sum.0 + asked, sum.1 + busy);
    }
    sum
}

fn reusing(config: L402Config) -> L402Config {
    let header = HeaderName::from_static("x-forwarded-for");
    let identity = ClientIdentity::behind_proxies(["127.0.0.1"], header).unwrap();
    config.client_identity(identity.reuse_challenges(true))
}

async fn crawler_from_one_address() -> Line {
    let shop = Shop::open(reusing).await;
    let (asked, busy) = crawl(&shop, |_| "203.0.113.1".to_owned()).await;
    let mint = shop.sandbox.mints();
    Line {
        what: "a crawler from one address, with challenge reuse",
        requests: asked + busy,
        answers: format!("{asked} x 402, {busy} x 503"),
        calls: format!("{mint} mint"),
        target: "1".to_owned(),
        met: mint == 1 && busy == 0,
    }
}

async fn crawler_from_many_addresses() -> Line {
    let shop = Shop::with(Some(LIMIT), reusing).await;
    let token = shop.payer().await;
    let payer = Payer::begin(&shop, token);
    let (asked, busy) = crawl(&shop, |hit| format!("198.51.{}.{}", hit / 200, hit % 200 + 1)).await;
    let paid = payer.end().await;
    let most = most_in_a_minute(&shop.mints.lock().unwrap());
    Line {
        what: "a crawler from 10,000 addresses, beside a payer",
        requests: asked + busy,
        answers: format!("{asked} x 402, {busy} x 503; payer {paid}"),
        calls: format!("{most} mint in the busiest minute"),
        target: format!("at most {SHARE}, payer served"),
        met: most <= SHARE && paid.all_served(),
    }
}

/// Credentials that nobody has bought, and a crawler at the same pace if `crawled`. A new buyer then
/// has to take its turn with the crawler, and is not looked at.
async fn garbage(crawled: bool) -> Line {
    let shop = Shop::with(Some(LIMIT), |config| config).await;
    let token = shop.payer().await;
    let payer = Payer::begin(&shop, token);
    let begun = Instant::now();
    let (mut sent, mut refused, mut asked, mut busy) = (0, 0, 0, 0);
    let mut under_way = Vec::new();
    let (api, sandbox) = (Arc::clone(&shop.api), Arc::clone(&shop.sandbox));
    let newcomer = rt::spawn(async move {
        // In the middle of it, when the budget has long been used up.
        rt::time::sleep(GARBAGE_FOR / 2).await;
        if crawled {
            return 200;
        }
        let token = api.buy("/weather", &sandbox).await;
        api.ask_with("/weather", &token).await.status
    });
    while begun.elapsed() < GARBAGE_FOR {
        let credential = format!("L402 AgEL:{sent:064x}");
        let request = shop.api.get("/weather").header("Authorization", credential);
        under_way.push(rt::spawn(Answer::to(request)));
        sent += 1;
        if crawled {
            under_way.push(rt::spawn(Answer::to(shop.api.get("/weather"))));
            sent += 1;
        }
        rt::time::sleep(GARBAGE_EVERY).await;
    }
    let newcomer = newcomer.await.unwrap();
    for answer in under_way {
        match answer.await.unwrap().status {
            401 => refused += 1,
            402 => asked += 1,
            503 => busy += 1,
            other => panic!("garbage was answered {other}"),
        }
    }
    let paid = payer.end().await;
    let most = most_in_a_minute(&shop.refusals.lock().unwrap());
    let mints = most_in_a_minute(&shop.mints.lock().unwrap());
    let met = most <= SHARE && mints <= SHARE && paid.all_served() && newcomer == 200;
    let calls = format!("{most} verify of garbage and {mints} mint in the busiest minute");
    if crawled {
        return Line {
            what: "the same and a crawler at 50 a second, beside a payer",
            requests: sent,
            answers: format!("{refused} x 401, {asked} x 402, {busy} x 503; payer {paid}"),
            calls,
            target: format!("at most {SHARE} each, payer served"),
            met,
        };
    }
    Line {
        what: "garbage credentials at 50 a second, beside a payer and a new buyer",
        requests: sent,
        answers: format!("{refused} x 401, {busy} x 503; payer {paid}; buyer {newcomer}"),
        calls,
        target: format!("at most {SHARE}, payer and buyer served"),
        met,
    }
}

/// The most of these calls within any 60 seconds.
fn most_in_a_minute(calls: &[Instant]) -> usize {
    let minute = Duration::from_secs(60);
    let within = |first: &Instant| {
        calls.iter().filter(|call| **call >= *first && **call - *first < minute).count()
    };
    calls.iter().map(within).max().unwrap_or(0)
}

/// A payer who was accepted before and goes on calling.
struct Payer {
    calls: rt::task::JoinHandle<Paid>,
    stop: Arc<AtomicBool>,
}

struct Paid {
    calls: usize,
    served: usize,
}

impl Payer {
    fn begin(at: &Shop, token: String) -> Self {
        let (api, stop) = (Arc::clone(&at.api), Arc::new(AtomicBool::new(false)));
        let is_over = Arc::clone(&stop);
        let calls = rt::spawn(async move {
            let mut paid = Paid { calls: 0, served: 0 };
            while !is_over.load(Ordering::SeqCst) {
                paid.calls += 1;
                paid.served += usize::from(api.ask_with("/weather", &token).await.status == 200);
                rt::time::sleep(PAYER_EVERY).await;
            }
            paid
        });
        Self { calls, stop }
    }

    async fn end(self) -> Paid {
        self.stop.store(true, Ordering::SeqCst);
        self.calls.await.unwrap()
    }
}

impl Paid {
    fn all_served(&self) -> bool {
        self.calls > 0 && self.served == self.calls
    }
}

impl std::fmt::Display for Paid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {} x 200", self.served, self.calls)
    }
}
