//! An API with a single-use route, in a process of its own that a test can start twice and kill.
//!
//! `single_use_server <broker's URL> <API key> redb:<path>|redis:<URL>` prints its own URL. Stops
//! when its standard input ends, so that it does not outlive the test. `LEASE_SECONDS` sets how long
//! a hold in Redis lasts.

use std::{
    convert::Infallible,
    env,
    error::Error,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer, Responder, get, post, route,
    web::{self, Bytes},
};
use futures_util::stream;
use l402_actix::{
    Balance, BrokerBudget, L402Client, L402Config, RedbStore, RedisState, RedisStore, l402,
};
use l402_tests::{PATIENCE, TestStore, process::serves_a_test};
use tokio::sync::watch;

/// Short, so that a test need not wait long for what a killed server had reserved.
const LEASE: Duration = Duration::from_secs(2);

struct Stage {
    released: watch::Sender<bool>,
    calls: AtomicUsize,
}

/// Answers once `/release` has been called.
#[route("/once", method = "GET", method = "HEAD")]
#[l402(price_sats = 100, single_use)]
async fn once(stage: web::Data<Stage>) -> impl Responder {
    stage.calls.fetch_add(1, Ordering::SeqCst);
    let _ = stage.released.subscribe().wait_for(|released| *released).await;
    "performed"
}

/// A pack, and the same without one.
#[get("/pack")]
#[l402(price_sats = 100, uses = 10_000)]
async fn pack() -> impl Responder {
    "one of ten thousand"
}

/// Answers after so many milliseconds: `/slow?500`.
#[get("/slow")]
#[l402(price_sats = 100, resource = "slow", uses = 3)]
async fn slow(request: HttpRequest) -> impl Responder {
    sleep(request.query_string()).await;
    "slowly"
}

/// A stream of two pieces with so many milliseconds between them, for three units and two:
/// `/metered?500`. Without a pause it costs nothing.
#[get("/metered")]
#[l402(price_sats = 100, resource = "metered", units = 10, hold = 6)]
async fn metered(request: HttpRequest, balance: Balance) -> HttpResponse {
    let pause = request.query_string().to_owned();
    let pieces = stream::unfold(0, move |sent| {
        let (pause, balance) = (pause.clone(), balance.clone());
        async move {
            let (cost, piece) = match sent {
                0 => (3, "one"),
                1 => (2, "two"),
                _ => return None,
            };
            if sent == 1 {
                sleep(&pause).await;
            }
            balance.draw(if pause.is_empty() { 0 } else { cost }).ok()?;
            Some((Ok::<_, Infallible>(Bytes::from_static(piece.as_bytes())), sent + 1))
        }
    });
    HttpResponse::Ok().streaming(pieces)
}

async fn sleep(millis: &str) {
    actix_web::rt::time::sleep(Duration::from_millis(millis.parse().unwrap_or_default())).await;
}

#[get("/uncounted")]
#[l402(price_sats = 100)]
async fn uncounted() -> impl Responder {
    "as often as you like"
}

#[post("/release")]
async fn release(stage: web::Data<Stage>) -> impl Responder {
    stage.released.send_replace(true);
    "released"
}

/// What its wall clock says, in seconds.
#[get("/now")]
async fn now() -> impl Responder {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().to_string()
}

#[get("/calls")]
async fn calls(stage: web::Data<Stage>) -> impl Responder {
    stage.calls.load(Ordering::SeqCst).to_string()
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [broker, key, store] = arguments.as_slice() else {
        return Err("expected: broker's URL, API key, store".into());
    };
    let client = L402Client::builder(key).base_url(broker).timeout(PATIENCE).build()?;
    let store = match store.split_once(':') {
        Some(("redb", path)) => TestStore::around(RedbStore::open(path)?),
        Some(("redis", url)) => {
            let state = RedisState::new(url)?.patience(Duration::from_secs(2));
            let seconds = env::var("LEASE_SECONDS").ok().map(|seconds| seconds.parse());
            let lease = seconds.transpose()?.map_or(LEASE, Duration::from_secs);
            TestStore::around(RedisStore::from(state).lease(lease))
        }
        _ => return Err("expected redb:<path> or redis:<URL>".into()),
    };
    let config = L402Config::new(client).broker_budget(BrokerBudget::unlimited());
    let config = config.balances(store).mpp(true);
    let stage =
        web::Data::new(Stage { released: watch::channel(false).0, calls: AtomicUsize::new(0) });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(config.clone())
            .app_data(stage.clone())
            .service(once)
            .service(pack)
            .service(uncounted)
            .service(slow)
            .service(metered)
            .service(release)
            .service(calls)
            .service(now)
    })
    .workers(2)
    .client_request_timeout(PATIENCE)
    .keep_alive(PATIENCE)
    .bind(("127.0.0.1", 0))?;
    serves_a_test(server.addrs()[0])?;
    server.run().await?;
    if l402_actix::flush(PATIENCE).await { Ok(()) } else { Err("something is not done".into()) }
}
