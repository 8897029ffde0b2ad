//! An agent looks for free, pays for what it calls, and gets the tool's answer.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use reqwest::Client;
use serde_json::{Value, json};

struct Server {
    child: Child,
    url: String,
    wallet: String,
    client: Client,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_l402-mcp-tools"))
            .env_remove("LIGHTNING_ENABLE_API_KEY")
            .env("PORT", "0")
            .env("SANDBOX_PORT", "0")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut url, mut wallet) = (String::new(), String::new());
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if let Some((_, host)) = line.split_once("LND_REST_HOST=") {
                wallet.push_str(host.split(' ').next().unwrap());
            }
            if let Some(at) =
                line.strip_prefix("  curl -i ").and_then(|rest| rest.strip_suffix("/shout/hello"))
            {
                url.push_str(at);
                break;
            }
        }
        Self { child, url, wallet, client: Client::builder().no_proxy().build().unwrap() }
    }

    async fn post(&self, message: &Value, authorization: Option<&str>) -> (u16, Value) {
        let mut request = self
            .client
            .post(format!("{}/mcp", self.url))
            .header("Content-Type", "application/json")
            .header("Accept", "application/json, text/event-stream")
            .body(message.to_string());
        if let Some(value) = authorization {
            request = request.header("Authorization", value);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    async fn pay(&self, challenge: &Value) -> String {
        let order = json!({ "payment_request": challenge["invoice"] }).to_string();
        let url = format!("{}/v2/router/send", self.wallet);
        let stream = self.client.post(url).body(order).send().await.unwrap().text().await.unwrap();
        let last: Value = serde_json::from_str(stream.lines().last().unwrap()).unwrap();
        let preimage = last["result"]["payment_preimage"].as_str().unwrap();
        format!("L402 {}:{preimage}", challenge["macaroon"].as_str().unwrap())
    }
}

fn call(tool: &str) -> Value {
    json!({
        "jsonrpc": "2.0", "id": 7, "method": "tools/call",
        "params": { "name": tool, "arguments": { "text": "good morning" } },
    })
}

#[actix_web::test]
async fn tools_are_listed_for_free_and_each_is_called_at_its_price() {
    let server = Server::start();
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let (status, answer) = server.post(&list, None).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["result"]["tools"].as_array().unwrap().len(), 2, "{answer}");

    for (tool, sats, said) in [("shout", 50, "GOOD MORNING"), ("count", 10, "2")] {
        let (status, challenge) = server.post(&call(tool), None).await;
        assert_eq!((status, challenge["price_sats"].as_u64()), (402, Some(sats)), "{challenge}");
        let credential = server.pay(&challenge).await;
        let (status, answer) = server.post(&call(tool), Some(&credential)).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["result"]["content"][0]["text"], said, "{answer}");
        let (status, _) = server.post(&call(tool), Some(&credential)).await;
        assert_eq!(status, 402, "one payment is one call");
    }
}

#[actix_web::test]
async fn what_hides_a_call_is_refused_and_not_served_for_free() {
    let server = Server::start();
    let (status, answer) = server.post(&json!([call("shout")]), None).await;
    assert_eq!(status, 400, "a batch: {answer}");
    let (status, answer) = server.post(&call("none"), None).await;
    assert_eq!(status, 404, "a tool that there is not: {answer}");
}
