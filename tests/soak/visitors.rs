//! The traffic: who comes, what they ask, and whether the answer was the one that was promised.

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use l402_sandbox::Sandbox;
use l402_tests::Answer;
use tokio::{io::AsyncWriteExt as _, net::TcpStream, task::JoinSet};

use crate::illness::{Illness, Moment, right};

/// How many ask at a time.
const VISITORS: usize = 12;

/// How long each waits before it asks again: the run is about time, not about speed.
const PAUSE: Duration = Duration::from_millis(40);

/// How many paid tokens are kept, to be presented again.
const MAX_TOKENS: usize = 500;

#[derive(Clone)]
pub(crate) struct Visitors(Arc<Shared>);

struct Shared {
    address: SocketAddr,
    sandbox: Arc<Sandbox>,
    illness: Arc<Illness>,
    http: Mutex<reqwest::Client>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    answers: BTreeMap<(&'static str, u16), u64>,
    abandoned: u64,
    forged: u64,
    tokens: VecDeque<String>,
    wrong: u64,
    examples: Vec<String>,
}

/// What a visitor is up to, and what that needs of the broker.
struct Visit {
    kind: &'static str,
    path: &'static str,
    credential: Option<String>,
    /// The answer while the broker is well.
    well: u16,
    minted: bool,
    verified: bool,
}

pub(crate) struct Traffic(JoinSet<()>);

impl Traffic {
    pub(crate) async fn wait(mut self) {
        while self.0.join_next().await.is_some() {}
    }
}

impl Visitors {
    pub(crate) fn new(address: SocketAddr, sandbox: Arc<Sandbox>, illness: Arc<Illness>) -> Self {
        let http = Mutex::new(client());
        Self(Arc::new(Shared { address, sandbox, illness, http, seen: Mutex::default() }))
    }

    pub(crate) fn visit_until(&self, end: Instant) -> Traffic {
        let mut tasks = JoinSet::new();
        for visitor in 0..VISITORS {
            let visitors = self.clone();
            tasks.spawn(async move {
                // Each begins elsewhere in the round, so that all kinds come at all times.
                let mut turn = visitor;
                while Instant::now() < end {
                    visitors.visit(turn % 8).await;
                    turn += 1;
                    tokio::time::sleep(PAUSE).await;
                }
            });
        }
        Traffic(tasks)
    }

    async fn visit(&self, turn: usize) {
        let token = self.seen().tokens.back().cloned();
        let visit = |kind, path, credential: Option<String>, well| Visit {
            kind,
            path,
            well,
            minted: well == 402,
            verified: credential.is_some(),
            credential,
        };
        match (turn, token) {
            (0, _) => drop(self.ask(visit("unpaid", "/paid", None, 402)).await),
            (1, _) => self.buy(visit("buying", "/paid", None, 402)).await,
            (2, _) => {
                let forged = Some(self.forge());
                drop(self.ask(visit("forged", "/paid", forged, 401)).await);
            }
            (3, _) => self.abandon("GET /paid HTTP/1.1\r\nHost: a\r\n\r\n").await,
            (4, _) => self.abandon("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Le").await,
            (5, Some(token)) => {
                drop(self.ask(visit("sibling", "/other", Some(token), 402)).await);
            }
            (6, _) => {
                let free = visit("free", "/free", None, 200);
                drop(self.ask(free).await);
            }
            (_, Some(token)) => drop(self.ask(visit("returning", "/paid", Some(token), 200)).await),
            (_, None) => {}
        }
    }

    /// A credential that was never presented before: a refusal that is remembered would need no
    /// broker, and would be right whatever ails that.
    fn forge(&self) -> String {
        let mut seen = self.seen();
        seen.forged += 1;
        format!("L402 AgEL:{:064x}", seen.forged)
    }

    /// Pays what it is asked to, once, and keeps the token.
    async fn buy(&self, visit: Visit) {
        let Some(answer) = self.ask(visit).await else { return };
        if answer.status != 402 {
            return;
        }
        match self.0.sandbox.pay_challenge(&answer.headers) {
            Ok(token) => {
                let mut seen = self.seen();
                if seen.tokens.len() == MAX_TOKENS {
                    seen.tokens.pop_front();
                }
                seen.tokens.push_back(token);
            }
            Err(err) => self.wrong(format!("a challenge that cannot be paid: {err}")),
        }
    }

    async fn ask(&self, visit: Visit) -> Option<Answer> {
        let http = self.http();
        let begun = self.0.illness.now();
        let mut request = http.get(format!("http://{}{}", self.0.address, visit.path));
        if let Some(credential) = &visit.credential {
            request = request.header("Authorization", credential);
        }
        let answer = match Answer::try_to(request).await {
            Ok(answer) => answer,
            Err(err) => {
                self.wrong(format!("{}: no answer: {err:?}", visit.kind));
                return None;
            }
        };
        self.judge(&visit, &answer, begun, self.0.illness.now());
        Some(answer)
    }

    fn judge(&self, visit: &Visit, answer: &Answer, begun: Moment, ended: Moment) {
        *self.seen().answers.entry((visit.kind, answer.status)).or_default() += 1;
        let needs_broker = visit.minted || visit.verified;
        let mut allowed = if needs_broker {
            right(begun, ended, visit.well, visit.minted, visit.verified)
        } else {
            vec![visit.well]
        };
        if visit.kind == "sibling" {
            // That it is for something else may still be remembered, and then only the mint fails.
            allowed.extend(right(begun, ended, visit.well, visit.minted, false));
        }
        let when = || format!("{} ({} to {})", visit.kind, begun.name(), ended.name());
        if !allowed.contains(&answer.status) {
            self.wrong(format!("{}: {} and not one of {allowed:?}", when(), answer.status));
        }
        let challenges = answer.all("www-authenticate").concat();
        let content = answer.body.contains("content");
        let (paid, free) = (visit.kind == "returning", visit.kind == "free");
        if content && !paid && !free {
            self.wrong(format!("{}: content without a payment", when()));
        }
        if challenges.contains("macaroon=") != (answer.status == 402) {
            self.wrong(format!("{}: a challenge on {}", when(), answer.status));
        }
        if needs_broker && answer.status != 200 && answer.all("cache-control") != ["no-store"] {
            self.wrong(format!("{}: a refusal that caches may keep", when()));
        }
        let key = self.0.sandbox.api_key();
        if answer.body.contains(key) || format!("{:?}", answer.headers).contains(key) {
            self.wrong(format!("{}: the key in an answer", when()));
        }
    }

    /// Asks, and is gone before the answer is there.
    async fn abandon(&self, request: &str) {
        if let Ok(mut stream) = TcpStream::connect(self.0.address).await {
            let _ = stream.write_all(request.as_bytes()).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.seen().abandoned += 1;
    }

    /// With the broker well again, whatever was paid for opens.
    pub(crate) async fn present_all_that_was_paid(&self) {
        let tokens = self.seen().tokens.clone();
        for token in tokens {
            let kind = "returning";
            let visit = Visit {
                kind,
                path: "/paid",
                credential: Some(token),
                well: 200,
                minted: false,
                verified: true,
            };
            self.ask(visit).await;
        }
    }

    /// Closes the visitors' idle connections.
    pub(crate) fn leave(&self) {
        *self.0.http.lock().unwrap_or_else(PoisonError::into_inner) = client();
    }

    pub(crate) fn print(&self) {
        let seen = self.seen();
        let answered: u64 = seen.answers.values().sum();
        println!("requests                {}", answered + seen.abandoned);
        println!("  abandoned             {}", seen.abandoned);
        for ((kind, status), count) in &seen.answers {
            println!("  {:<21} {count}", format!("{kind}, {status}"));
        }
        println!("paid                    {}", self.0.sandbox.payments());
        println!("wrong answers           {}", seen.wrong);
        for example in &seen.examples {
            println!("  {example}");
        }
    }

    pub(crate) fn all_right(&self) -> bool {
        self.seen().wrong == 0
    }

    fn wrong(&self, what: String) {
        let mut seen = self.seen();
        seen.wrong += 1;
        if seen.examples.len() < 20 {
            seen.examples.push(what);
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn http(&self) -> reqwest::Client {
        self.0.http.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn client() -> reqwest::Client {
    // Actix closes an idle connection after five seconds; who asks on it then gets no answer.
    let client = reqwest::Client::builder().no_proxy().pool_idle_timeout(Duration::from_secs(2));
    client.build().unwrap_or_default()
}
