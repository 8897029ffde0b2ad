//! Who comes without a payment for what it asks: what it is answered, and that it gets nothing.

use std::time::{Duration, Instant};

use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::{
    api::{CONTENT, UNIT},
    illness::right,
    random::Random,
    town::{Asked, Reply, Said, Town},
};

/// A visit, and what it needs of the broker.
struct Visit {
    who: &'static str,
    /// The answer while the broker is well.
    well: u16,
    minted: bool,
    verified: bool,
}

const fn visit(who: &'static str, well: u16, minted: bool, verified: bool) -> Visit {
    Visit { who, well, minted, verified }
}

const UNPAID: Visit = visit("unpaid", 402, true, false);
const BROWSER: Visit = visit("a browser", 402, true, false);
const FORGED: Visit = visit("forged", 401, false, true);
const SIBLING: Visit = visit("a sibling's token", 402, true, true);
const FREE: Visit = visit("free", 200, false, false);
const DISCOVERY: Visit = visit("discovery", 200, false, false);
const METRICS: Visit = visit("metrics", 200, false, false);

const COUNTED: [&str; 3] = ["/once", "/pack", "/metered"];
const PATHS: [&str; 5] = ["/paid", "/page", "/once", "/pack", "/metered"];

impl Town {
    /// One of them comes; `token` is somebody's for `/paid`.
    pub(crate) async fn stranger(&self, random: &mut Random, token: Option<String>) {
        let (slot, turn) = (random.index(2), random.below(30));
        let path = PATHS[random.index(PATHS.len())];
        let from = format!("10.0.{}.{}", random.below(4), random.below(250));
        match turn {
            0..8 => self.visits(slot, &UNPAID, path, &from, &[]).await,
            8..11 => {
                let html = [("accept", "text/html,application/xhtml+xml")];
                self.visits(slot, &BROWSER, path, &from, &html).await;
            }
            11..17 => {
                // Never presented before: a refusal that is remembered would need no broker.
                let number = random.below(u64::MAX);
                let forged = format!("L402 AgEL:{number:064x}");
                self.visits(slot, &FORGED, path, &from, &[("authorization", &forged)]).await;
            }
            17..20 => self.leaves(slot, "GET /paid HTTP/1.1\r\nHost: a\r\n\r\n").await,
            20..23 => self.leaves(slot, "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Le").await,
            23..26 => {
                if let Some(token) = token {
                    let header = [("authorization", token.as_str())];
                    self.visits(slot, &SIBLING, "/other", &from, &header).await;
                }
            }
            26..28 => self.visits(slot, &FREE, "/free", &from, &[]).await,
            28 => {
                let path = "/.well-known/l402-manifest.json";
                self.visits(slot, &DISCOVERY, path, &from, &[]).await;
            }
            _ => self.visits(slot, &METRICS, "/metrics", &from, &[]).await,
        }
    }

    async fn visits(
        &self,
        slot: usize,
        visit: &Visit,
        path: &str,
        from: &str,
        headers: &[(&str, &str)],
    ) {
        let add = |request| {
            headers.iter().fold(request, |request: reqwest::RequestBuilder, (name, value)| {
                request.header(*name, *value)
            })
        };
        let Some(asked) = self.ask(slot, path, from, add).await else { return };
        match &asked.said {
            Said::Refused => self.nobody_listens(&asked, visit.who),
            Said::Nothing { why, .. } => self.no_answer(&asked, visit.who, why),
            Said::Answer(answer) => self.judge(visit, path, &asked, answer),
        }
    }

    pub(crate) fn nobody_listens(&self, asked: &Asked, who: &str) {
        self.seen.note("nobody listened: killed or stopped", 1);
        if asked.end().is_none() {
            self.seen.wrong(format!("{who}: nobody listens at a process that lives"));
        }
    }

    pub(crate) fn no_answer(&self, asked: &Asked, who: &str, why: &str) {
        self.seen.note("no answer: killed or stopped", 1);
        if asked.end().is_none() {
            self.seen.wrong(format!("{who}: no answer from a process that lives: {why}"));
        }
    }

    fn judge(&self, visit: &Visit, path: &str, asked: &Asked, answer: &Reply) {
        self.seen.answer(visit.who, answer.status);
        let [begun, ended] = asked.states;
        let mut allowed = vec![visit.well];
        if visit.minted || visit.verified {
            allowed = right(begun, ended, visit.well, visit.minted, visit.verified);
        }
        if visit.minted && !visit.verified {
            // A client is handed the challenge that it holds.
            allowed.push(402);
        }
        if visit.who == SIBLING.who {
            // That it is for something else may still be remembered, and then only the mint fails.
            allowed.extend(right(begun, ended, visit.well, true, false));
        }
        let counts = COUNTED.contains(&path);
        if visit.verified && counts && self.outages.touch(asked.begun, Instant::now()) {
            // Whether it is used up cannot be told.
            allowed.extend([503, 504]);
        }
        let when = format!("{} ({} to {})", visit.who, begun.name(), ended.name());
        if !allowed.contains(&answer.status) {
            let (status, body) = (answer.status, &answer.body);
            self.seen.wrong(format!("{when}: {status} {body} and not one of {allowed:?}"));
        }
        if answer.body.contains(CONTENT) || answer.body.contains(UNIT) {
            self.seen.wrong(format!("{when}: content without a payment"));
        }
        self.judge_form(asked, answer, visit.who);
    }

    /// What holds for every answer.
    pub(crate) fn judge_form(&self, asked: &Asked, answer: &Reply, who: &str) {
        let when = || {
            let [begun, ended] = asked.states;
            format!("{who} ({} to {})", begun.name(), ended.name())
        };
        let challenges = answer.all("www-authenticate").concat();
        if challenges.contains("macaroon=") != (answer.status == 402) {
            self.seen.wrong(format!("{}: a challenge on {}", when(), answer.status));
        }
        let (caching, status) = (answer.all("cache-control"), answer.status);
        let is_private = !matches!(status, 401 | 402 | 500..) && caching == ["private"];
        if status >= 400 && caching != ["no-store"] && !is_private {
            self.seen.wrong(format!("{}: {status} that caches may keep: {caching:?}", when()));
        }
        let key = self.sandbox.api_key();
        if answer.body.contains(key) || format!("{:?}", answer.headers).contains(key) {
            self.seen.wrong(format!("{}: the key in an answer", when()));
        }
    }

    /// Asks, and is gone before the answer is there.
    async fn leaves(&self, slot: usize, request: &str) {
        let Some(life) = self.fleet.now(slot) else { return };
        if let Ok(mut stream) = TcpStream::connect(life.address).await {
            let _ = stream.write_all(request.as_bytes()).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.seen.note("gone before the answer", 1);
    }
}
