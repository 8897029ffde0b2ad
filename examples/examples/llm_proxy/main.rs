//! A language model sold by the token: each request goes on to the model's own API, streams back, and
//! draws from its payer's balance what the model has used.
//!
//! `cargo run -p l402-examples --example llm_proxy`
//!
//! `UPSTREAM_URL`, `UPSTREAM_KEY` and `UPSTREAM_MODEL` are an API in OpenAI's form, such as
//! `https://api.openai.com`, a key for it, and one of its models that does not think unseen. Without
//! them a small model in this program answers: it repeats what it hears, louder.

mod model;
mod order;

use std::{collections::VecDeque, env};

use actix_web::{
    App, Error, HttpResponse, HttpServer,
    error::ErrorBadGateway,
    get, post,
    web::{self, Bytes},
};
use futures_util::stream;
use l402_actix::{Balance, BalanceError, L402Config, l402};
use l402_examples_setup::{Failure, Setup};
use order::Order;
use reqwest::{Client, Response};
use serde_json::Value;

/// The longest order: a new payment always covers the reading of it, which is 65,536 units at most.
const LONGEST_BYTES: usize = 256 * 1024;

struct Upstream {
    url: String,
    key: String,
    model: String,
    http: Client,
}

/// 2,000 sats buy 100,000 units, for an hour, on both routes. A unit is a token that the model writes,
/// or four bytes that it reads. What is no order, or too long, is refused before anybody pays.
#[post("/v1/chat/completions")]
#[l402(price_sats = 2000, units = 100_000, hold = 4096, resource = "model", extract_first)]
async fn chat(
    order: web::Json<Order>,
    balance: Balance,
    upstream: web::Data<Upstream>,
) -> Result<HttpResponse, Error> {
    complete(&order, balance, &upstream).await
}

/// The same for agents that buy with `GET` only.
#[get("/ask/{question}")]
#[l402(price_sats = 2000, units = 100_000, hold = 4096, resource = "model")]
async fn ask(
    question: web::Path<String>,
    balance: Balance,
    upstream: web::Data<Upstream>,
) -> Result<HttpResponse, Error> {
    complete(&Order::of(question.into_inner()), balance, &upstream).await
}

async fn complete(
    order: &Order,
    balance: Balance,
    upstream: &Upstream,
) -> Result<HttpResponse, Error> {
    let most = hold(order, &balance).await?;
    // Drawn before the model is asked: it reads all of the order, also for a client that then leaves.
    balance.draw(order.reading())?;

    // A request of our own with our own key: nothing of the payer's goes on, the credential least.
    let response = upstream
        .http
        .post(format!("{}/v1/chat/completions", upstream.url))
        .bearer_auth(&upstream.key)
        .header("Content-Type", "application/json")
        .body(order.for_model(&upstream.model, most).to_string())
        .send()
        .await
        .and_then(Response::error_for_status)
        // A 5xx gives back what is held and drawn, so a model that fails costs nobody anything.
        .map_err(|err| {
            ErrorBadGateway(format!("the model gives no answer: {}", err.without_url()))
        })?;

    let answer = Answer { response, balance, unread: Vec::new(), ready: VecDeque::new(), drawn: 0 };
    let answer = stream::unfold(answer, |mut answer| async move {
        let line = answer.next().await?;
        Some((Ok::<_, Error>(line), answer))
    });
    Ok(HttpResponse::Ok().content_type("text/event-stream").streaming(answer))
}

/// Holds what the order may cost, and returns how long its answer may be: shorter where less is left,
/// so that the model never writes what is not held.
async fn hold(order: &Order, balance: &Balance) -> Result<u64, BalanceError> {
    let cost = order.reading() + order.writing();
    if let Some(lacking @ 1..) = cost.checked_sub(balance.held()) {
        match balance.hold_more(lacking).await {
            // What is held already may be enough for a short answer.
            Ok(_) | Err(BalanceError::UsedUp) => {}
            Err(err) => return Err(err),
        }
    }
    match balance.held().checked_sub(order.reading()) {
        Some(most @ 1..) => Ok(most.min(order.writing())),
        // 409, before the model is asked; nothing is drawn.
        _ => Err(BalanceError::UsedUp),
    }
}

/// The model's stream, read by lines.
struct Answer {
    response: Response,
    balance: Balance,
    unread: Vec<u8>,
    ready: VecDeque<Bytes>,
    /// For what is written so far.
    drawn: u64,
}

impl Answer {
    /// The next line, once it is paid for: it goes out when its draw is written down.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return self.pay(&line).await.then_some(line);
            }
            let piece = self.response.chunk().await.ok()??;
            self.unread.extend_from_slice(&piece);
            while let Some(end) = self.unread.iter().position(|&byte| byte == b'\n') {
                self.ready.push_back(self.unread.drain(..=end).collect());
            }
        }
    }

    /// A token for each piece, so that a client that leaves has paid for what it got; and at the end
    /// what the model says it has written. Where nothing more can be held the answer ends.
    async fn pay(&mut self, line: &[u8]) -> bool {
        let Some(data) = line.strip_prefix(b"data: ") else { return true };
        let Ok(event) = serde_json::from_slice::<Value>(data) else { return true };
        let owed = match event["usage"]["completion_tokens"].as_u64() {
            Some(written) => written.saturating_sub(self.drawn),
            None => 1,
        };
        if let Some(lacking @ 1..) = owed.checked_sub(self.balance.held())
            && let Err(err) = self.balance.hold_more(lacking).await
        {
            eprintln!("an answer ends before its end: {err}");
        }
        let paid = owed.min(self.balance.held());
        self.drawn += paid;
        self.balance.draw(paid).is_ok() && paid == owed
    }
}

#[actix_web::main]
async fn main() -> Result<(), Failure> {
    let setup = Setup::from_env().await?;
    let config = L402Config::new(setup.client());
    let (url, key) = match env::var("UPSTREAM_URL") {
        Ok(url) => (url, env::var("UPSTREAM_KEY").unwrap_or_default()),
        Err(_) => (model::serve()?, model::KEY.to_owned()),
    };
    let url = url.trim_end_matches('/').to_owned();
    let model = env::var("UPSTREAM_MODEL").unwrap_or_else(|_| "loud".to_owned());
    let listener = setup.listen(&[
        "{api}/ask/hello",
        r#"-N --json '{"messages":[{"role":"user","content":"good morning"}]}' {api}/v1/chat/completions"#,
    ])?;
    let upstream = web::Data::new(Upstream { url, key, model, http: Client::new() });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(config.clone())
            .app_data(web::JsonConfig::default().limit(LONGEST_BYTES))
            .app_data(upstream.clone())
            .service(chat)
            .service(ask)
    });
    Ok(server.listen(listener)?.run().await?)
}
