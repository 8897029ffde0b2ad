//! A language model sold by the token: each request goes on to the model's own API, streams back, and
//! draws from its payer's balance what the model has used.
//!
//! `cargo run -p l402-examples --example llm_proxy`
//!
//! `UPSTREAM_URL` and `UPSTREAM_KEY` are an API in OpenAI's form, such as `https://api.openai.com` and
//! a key for it. Without them a small model in this program answers: it repeats what it hears, louder.

mod model;

use std::{collections::VecDeque, env};

use actix_web::{
    App, Error, HttpResponse, HttpServer,
    error::ErrorBadGateway,
    get, post,
    web::{self, Bytes},
};
use futures_util::stream;
use l402_actix::{Balance, L402Config, l402};
use l402_examples_setup::{Failure, Setup};
use reqwest::{Client, Response};
use serde_json::{Map, Value, json};

/// What is posted. An order that is no JSON object is refused before anybody pays.
type Order = Map<String, Value>;

struct Upstream {
    url: String,
    key: String,
    http: Client,
}

/// 2,000 sats buy 100,000 tokens of the model, for an hour, on both routes.
#[post("/v1/chat/completions")]
#[l402(price_sats = 2000, units = 100_000, hold = 4096, resource = "model", extract_first)]
async fn chat(
    order: web::Json<Order>,
    balance: Balance,
    upstream: web::Data<Upstream>,
) -> Result<HttpResponse, Error> {
    complete(order.into_inner(), balance, &upstream).await
}

/// The same for agents that buy with `GET` only.
#[get("/ask/{question}")]
#[l402(price_sats = 2000, units = 100_000, hold = 4096, resource = "model")]
async fn ask(
    question: web::Path<String>,
    balance: Balance,
    upstream: web::Data<Upstream>,
) -> Result<HttpResponse, Error> {
    let messages = json!([{ "role": "user", "content": *question }]);
    let order = Order::from_iter([("messages".to_owned(), messages)]);
    complete(order, balance, &upstream).await
}

async fn complete(
    mut order: Order,
    balance: Balance,
    upstream: &Upstream,
) -> Result<HttpResponse, Error> {
    order.entry("model").or_insert_with(|| "loud".into());
    // So that the model says what it has used, and never uses more than is held.
    order.insert("stream".to_owned(), true.into());
    order.insert("stream_options".to_owned(), json!({ "include_usage": true }));
    let held = balance.held();
    let wanted = order.get("max_tokens").and_then(Value::as_u64).unwrap_or(held);
    order.insert("max_tokens".to_owned(), wanted.min(held).into());

    // A request of our own with our own key: nothing of the payer's goes on, the credential least.
    let response = upstream
        .http
        .post(format!("{}/v1/chat/completions", upstream.url))
        .bearer_auth(&upstream.key)
        .header("Content-Type", "application/json")
        .body(Value::Object(order).to_string())
        .send()
        .await
        .and_then(Response::error_for_status)
        // A 5xx gives back what is held, so a model that fails costs nobody anything.
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

/// The model's stream, read by lines.
struct Answer {
    response: Response,
    balance: Balance,
    unread: Vec<u8>,
    ready: VecDeque<Bytes>,
    drawn: u64,
}

impl Answer {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                self.draw(&line);
                return Some(line);
            }
            let piece = self.response.chunk().await.ok()??;
            self.unread.extend_from_slice(&piece);
            while let Some(end) = self.unread.iter().position(|&byte| byte == b'\n') {
                self.ready.push_back(self.unread.drain(..=end).collect());
            }
        }
    }

    /// A token for each piece, so that a client that leaves has paid for what it got; and at the end
    /// what the model says it has used, the prompt included. A line goes out when its draw is written.
    fn draw(&mut self, line: &[u8]) {
        let Some(data) = line.strip_prefix(b"data: ") else { return };
        let Ok(event) = serde_json::from_slice::<Value>(data) else { return };
        let owed = match event["usage"]["total_tokens"].as_u64() {
            Some(used) => used.saturating_sub(self.drawn),
            None => 1,
        };
        let owed = owed.min(self.balance.held());
        match self.balance.draw(owed) {
            Ok(()) => self.drawn += owed,
            Err(err) => eprintln!("{owed} tokens were not paid for: {err}"),
        }
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
    let listener = setup.listen(&[
        "{api}/ask/hello",
        r#"-N --json '{"messages":[{"role":"user","content":"good morning"}]}' {api}/v1/chat/completions"#,
    ])?;
    let upstream = web::Data::new(Upstream { url, key, http: Client::new() });
    let server = HttpServer::new(move || {
        App::new().app_data(config.clone()).app_data(upstream.clone()).service(chat).service(ask)
    });
    Ok(server.listen(listener)?.run().await?)
}
