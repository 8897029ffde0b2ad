//! Plays one row of the matrix: the gate, a broker with something wrong, and a client that looks
//! at what it is answered.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use actix_web::{Responder, dev::Service as _, get, web};
use l402_actix::{L402Client, l402, l402_server::ChallengeRequest};
use l402_sandbox::{Endpoint, Fault, Sandbox};
use l402_tests::{Answer, Api, Calls, config};
use serde_json::json;
use tokio::net::TcpListener;

use super::front::{Closed, Tls, Wrong};

/// Never reached, however busy the machine is, unless a call hangs.
const PATIENT: Duration = Duration::from_secs(60);

/// For brokers that stall. What is promised is this and a tenth.
const HURRIED: Duration = Duration::from_secs(1);

/// What is wrong with the broker.
pub(crate) enum Broken {
    Refuses,
    Redirects,
    Shows(Wrong),
    Does { mint: Fault, verify: Fault, stalls: bool },
}

/// What the client is answered.
#[derive(Clone, Copy)]
pub(crate) struct Promise {
    status: u16,
    retry_after: Option<&'static str>,
}

impl Promise {
    /// A longer wait would outlive the token.
    fn to_a_payer(self) -> Self {
        let is_longer = |wait: &&str| wait.parse::<u64>().unwrap() > 300;
        Self {
            retry_after: self.retry_after.map(|wait| if is_longer(&wait) { "300" } else { wait }),
            ..self
        }
    }
}

impl From<u16> for Promise {
    fn from(status: u16) -> Self {
        Self { status, retry_after: None }
    }
}

impl From<(u16, &'static str)> for Promise {
    fn from((status, retry_after): (u16, &'static str)) -> Self {
        Self { status, retry_after: Some(retry_after) }
    }
}

/// Which of the gate's calls meets the fault.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Call {
    Mint,
    Verify,
    /// A refused token is asked about once more.
    Diagnosis,
    /// A sibling's token is to be answered with a fresh challenge.
    MintAgain,
}

/// Holds the gate to its promise, call by call, and then lets the broker be well again.
pub(crate) async fn hold(broken: Broken, mint: Promise, verify: Promise) {
    let mut stage = Stage::set(broken).await;
    let (credential, sibling) = (stage.bought("/weather").await, stage.bought("/sibling").await);
    let calls = [
        (Call::Mint, mint, None),
        (Call::Verify, verify, Some(&credential)),
        (Call::Diagnosis, verify, Some(&credential)),
        (Call::MintAgain, mint.to_a_payer(), Some(&sibling)),
    ];
    for (call, promise, presented) in calls {
        // Wherever nothing gets through, the first call is the one that fails.
        let through = matches!(stage.broken, Broken::Redirects | Broken::Does { .. });
        if !through && matches!(call, Call::Diagnosis | Call::MintAgain) {
            continue;
        }
        // On a machine that is busy elsewhere an answer may be late once; a gate that waits too
        // long is late each time.
        let mut in_time = false;
        for _ in 0..3 {
            stage.strike(call);
            let answer = stage.ask(presented.map(String::as_str)).await;
            stage.relieve();
            stage.check(&answer, promise, &[&credential, &sibling]);
            let took = stage.took();
            if promise.status == 504 {
                assert!(took >= HURRIED, "{call:?}: given up after {took:?}");
            }
            in_time = took <= stage.timeout + stage.timeout / 10;
            if in_time {
                break;
            }
        }
        assert!(in_time, "{call:?}: the client waits longer than the timeout and a tenth");
        assert_eq!(stage.calls.so_far(), 0, "{call:?}: the handler was run");
    }
    assert_eq!(stage.elsewhere.load(Ordering::SeqCst), 0, "the key went to another host");

    stage.mend();
    let paid = stage.ask(Some(&credential)).await;
    assert_eq!((paid.status, paid.body.as_str()), (200, "sunny"), "nothing that was paid is lost");
    let unpaid = stage.ask(None).await;
    assert_eq!(unpaid.status, 402);
    let fresh = l402_tests::pay(&stage.sandbox, &unpaid.headers);
    assert_eq!(stage.ask(Some(&fresh)).await.status, 200);
}

#[get("/weather")]
#[l402(price_sats = 100)]
async fn weather(calls: web::Data<Calls>) -> impl Responder {
    calls.count();
    "sunny"
}

struct Stage {
    broken: Broken,
    sandbox: Sandbox,
    closed: Option<Closed>,
    tls: Option<Tls>,
    /// How many connections the host has seen to which the broker redirects, and where it is.
    elsewhere: Arc<AtomicUsize>,
    elsewhere_url: String,
    timeout: Duration,
    api: Api,
    calls: Calls,
    /// How long the gate took, by its own side of the connection.
    took: Arc<Mutex<Option<Duration>>>,
}

impl Stage {
    async fn set(broken: Broken) -> Self {
        let sandbox = Sandbox::start().await;
        let behind = address(&sandbox);
        let (mut closed, mut tls) = (None, None);
        let mut client = L402Client::builder(sandbox.api_key()).base_url(sandbox.url());
        match broken {
            Broken::Refuses => {
                let port = closed.insert(Closed::new());
                client = client.base_url(format!("http://{}", port.address));
            }
            Broken::Shows(_) => {
                let port = tls.insert(Tls::start(behind).await);
                client = client.base_url(&port.url).http_client_builder(port.trusting());
            }
            Broken::Redirects | Broken::Does { .. } => {}
        }
        let stalls = matches!(broken, Broken::Does { stalls: true, .. });
        let timeout = if stalls { HURRIED } else { PATIENT };
        let config = config(client.timeout(timeout).build().unwrap());

        let (elsewhere, elsewhere_url) = another_host().await;
        let (calls, took) = (Calls::default(), Arc::<Mutex<Option<Duration>>>::default());
        let (counter, clock) = (calls.clone(), Arc::clone(&took));
        let api = Api::serve(move |app| {
            let clock = Arc::clone(&clock);
            let timed = web::scope("")
                .wrap_fn(move |request, next| {
                    let (clock, begun) = (Arc::clone(&clock), Instant::now());
                    let answer = next.call(request);
                    async move {
                        let answer = answer.await;
                        *clock.lock().unwrap() = Some(begun.elapsed());
                        answer
                    }
                })
                .service(weather);
            app.app_data(config.clone()).app_data(web::Data::new(counter.clone())).service(timed);
        })
        .await;
        Self { broken, sandbox, closed, tls, elsewhere, elsewhere_url, timeout, api, calls, took }
    }

    /// Buys past the gate, since what stands before the sandbox may let nothing through yet.
    async fn bought(&self, resource: &str) -> String {
        let ask = ChallengeRequest::new(resource, 100);
        let challenge = self.sandbox.client().create_challenge(&ask).await.unwrap();
        let preimage = self.sandbox.pay(&challenge.invoice).unwrap();
        format!("L402 {}:{preimage}", challenge.macaroon)
    }

    /// Lets this call go wrong, and those after it.
    fn strike(&self, call: Call) {
        if let (Broken::Shows(wrong), Some(tls)) = (&self.broken, &self.tls) {
            tls.show(Some(*wrong));
        }
        let redirect = |path: &str| Fault::redirect(format!("{}{path}", self.elsewhere_url));
        let (mint, verify) = match &self.broken {
            Broken::Does { mint, verify, .. } => (mint.clone(), verify.clone()),
            Broken::Redirects => {
                (redirect("/api/l402/challenges"), redirect("/api/l402/challenges/verify"))
            }
            Broken::Refuses | Broken::Shows(_) => return,
        };
        if call == Call::Diagnosis {
            let refused = json!({ "valid": false });
            self.sandbox.fault(Fault::json(refused).on(Endpoint::Verify));
        }
        self.sandbox.fault(match call {
            Call::Mint | Call::MintAgain => mint.on(Endpoint::Mint).always(),
            Call::Verify | Call::Diagnosis => verify.on(Endpoint::Verify).always(),
        });
    }

    fn relieve(&self) {
        self.sandbox.clear_faults();
        if let Some(tls) = &self.tls {
            tls.show(None);
        }
    }

    /// The broker is back for good.
    fn mend(&mut self) {
        self.relieve();
        if let Some(closed) = &mut self.closed {
            closed.open(address(&self.sandbox));
        }
    }

    async fn ask(&self, credential: Option<&str>) -> Answer {
        match credential {
            None => self.api.ask("/weather").await,
            Some(credential) => self.api.ask_with("/weather", credential).await,
        }
    }

    fn took(&self) -> Duration {
        self.took.lock().unwrap().take().expect("an answer")
    }

    fn check(&self, answer: &Answer, promise: Promise, credentials: &[&String]) {
        assert_eq!(answer.status, promise.status, "{answer:?}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.all("retry-after"), Vec::from_iter(promise.retry_after));
        let challenges = answer.all("www-authenticate");
        if promise.status == 401 {
            assert_eq!(challenges, [r#"L402 error="invalid_token""#]);
        } else {
            assert!(challenges.is_empty(), "{answer:?}");
            let is_told = ["do not pay again", "Nothing was charged"]
                .iter()
                .any(|said| answer.body.contains(said));
            assert!(is_told, "{}", answer.body);
        }
        let shown = format!("{:?} {}", answer.headers, answer.body);
        let ports = [self.sandbox.url(), &self.elsewhere_url];
        let ports = ports.into_iter().filter_map(|url| url.rsplit(':').next());
        let known = [self.sandbox.api_key(), "upstream-words", "127.0.0.1", "localhost"];
        let halves = credentials.iter().flat_map(|credential| credential.split([' ', ':']).skip(1));
        for secret in known.into_iter().chain(halves) {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
        for port in ports {
            assert!(!answer.body.contains(port), "{port} in {}", answer.body);
        }
    }
}

fn address(sandbox: &Sandbox) -> SocketAddr {
    sandbox.url().trim_start_matches("http://").parse().unwrap()
}

/// A second host that counts who comes.
async fn another_host() -> (Arc<AtomicUsize>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&seen);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    (seen, url)
}
