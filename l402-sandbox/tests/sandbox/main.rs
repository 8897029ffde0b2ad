//! The sandbox over real HTTP: each rule of the broker and the wallet, each fault, and the program.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod account;
mod broker;
mod caveats;
mod faults;
mod named;
mod program;
mod wallet;

use l402_sandbox::Sandbox;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

const MINT: &str = "/api/l402/challenges";
const VERIFY: &str = "/api/l402/challenges/verify";

fn post(sandbox: &Sandbox, path: &str, body: &Value) -> RequestBuilder {
    Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .post(format!("{}{path}", sandbox.url()))
        .header("X-API-Key", sandbox.api_key())
        .header("Content-Type", "application/json")
        .body(body.to_string())
}

async fn answer(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
}

async fn ask(sandbox: &Sandbox, path: &str, body: &Value) -> (u16, Value) {
    answer(post(sandbox, path, body).send().await.unwrap()).await
}

/// A challenge for a resource, from a mint with a key of its own.
async fn mint(sandbox: &Sandbox, resource: &str, sats: u64, key: &str) -> Value {
    let body = json!({ "resource": resource, "priceSats": sats });
    let request = post(sandbox, MINT, &body).header("X-Idempotency-Key", key);
    let (status, challenge) = answer(request.send().await.unwrap()).await;
    assert_eq!(status, 200, "{challenge}");
    challenge
}

/// A paid token: its macaroon and its preimage.
async fn bought(sandbox: &Sandbox, resource: &str, sats: u64) -> (String, String) {
    let challenge = mint(sandbox, resource, sats, "bought").await;
    let preimage = sandbox.pay(challenge["invoice"].as_str().unwrap()).unwrap();
    (challenge["macaroon"].as_str().unwrap().to_owned(), preimage)
}
