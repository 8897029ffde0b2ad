use std::{
    io::ErrorKind,
    time::{Duration, Instant},
};

use l402_sandbox::{Endpoint, Fault, Sandbox};
use l402_server::ListChallenges;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{MINT, VERIFY, ask, post};

fn body() -> serde_json::Value {
    json!({ "resource": "/a", "priceSats": 1 })
}

/// Sends a mint over a bare socket.
async fn connect(sandbox: &Sandbox) -> TcpStream {
    let address = sandbox.url().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let (key, body) = (sandbox.api_key(), body().to_string());
    let request = format!(
        "POST {MINT} HTTP/1.1\r\nHost: {address}\r\nX-API-Key: {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn a_fault_applies_to_its_endpoint_as_often_as_it_was_told_and_in_order() {
    let sandbox = Sandbox::start().await;
    sandbox.fault(Fault::status(500).on(Endpoint::Verify));
    sandbox.fault(Fault::status(501).times(2));
    sandbox.fault(Fault::status(502).always());
    assert_eq!(ask_status(&sandbox, MINT).await, 501);
    assert_eq!(ask_status(&sandbox, VERIFY).await, 500);
    assert_eq!(ask_status(&sandbox, VERIFY).await, 501);
    for _ in 0..3 {
        assert_eq!(ask_status(&sandbox, MINT).await, 502);
    }
    // The wallet is never at fault unless it is named.
    assert_eq!(ask_status(&sandbox, "/v2/router/send").await, 500, "no invoice");
    sandbox.clear_faults();
    assert_eq!(ask_status(&sandbox, MINT).await, 200);
}

async fn ask_status(sandbox: &Sandbox, path: &str) -> u16 {
    post(sandbox, path, &body()).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn an_answer_has_the_headers_and_the_body_it_was_given() {
    let sandbox = Sandbox::start().await;
    sandbox.fault(Fault::status(429).header("Retry-After", "7").body("wait"));
    let answer = post(&sandbox, MINT, &body()).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["retry-after"]),
        (429, &"7".parse().unwrap())
    );
    assert_eq!(answer.text().await.unwrap(), "wait");

    sandbox.fault(Fault::json(json!({ "valid": true })));
    assert_eq!(ask(&sandbox, VERIFY, &json!({})).await, (200, json!({ "valid": true })));
    sandbox.fault(Fault::edit(|reply| reply["priceSats"] = json!(5)));
    assert_eq!(ask(&sandbox, MINT, &body()).await.1["priceSats"], 5);

    sandbox.fault(Fault::garbage());
    let answer = post(&sandbox, MINT, &body()).send().await.unwrap();
    assert!(answer.text().await.unwrap().starts_with("<!doctype"));
    sandbox.fault(Fault::redirect("http://127.0.0.1:1/"));
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let answer =
        client.build().unwrap().post(format!("{}{MINT}", sandbox.url())).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["location"]),
        (307, &"http://127.0.0.1:1/".parse().unwrap())
    );
}

#[tokio::test]
async fn a_reset_is_a_reset_and_not_an_end() {
    let sandbox = Sandbox::start().await;
    sandbox.fault(Fault::reset());
    let mut stream = connect(&sandbox).await;
    let err = stream.read(&mut [0; 16]).await.expect_err("no answer");
    assert_eq!(err.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_hanging_answer_does_not_come() {
    let sandbox = Sandbox::start().await;
    sandbox.fault(Fault::hang());
    let mut stream = connect(&sandbox).await;
    let mut byte = [0];
    let read = tokio::time::timeout(Duration::from_millis(200), stream.read(&mut byte)).await;
    assert!(read.is_err(), "something came");
}

#[tokio::test]
async fn a_dripping_answer_begins_at_once_and_goes_on() {
    let sandbox = Sandbox::start().await;
    sandbox.fault(Fault::drip(Duration::from_millis(10)));
    let mut answer = post(&sandbox, MINT, &body()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    for _ in 0..5 {
        assert_eq!(answer.chunk().await.unwrap().unwrap(), " ");
    }
}

#[tokio::test]
async fn a_delayed_answer_is_a_good_one() {
    let sandbox = Sandbox::start().await;
    sandbox.fault(Fault::delay(Duration::from_millis(100)));
    let begun = Instant::now();
    assert_eq!(ask(&sandbox, MINT, &body()).await.0, 200);
    assert!(begun.elapsed() >= Duration::from_millis(100));
}

#[tokio::test]
async fn what_is_answered_late_is_done_also_for_a_caller_that_has_hung_up() {
    let sandbox = Sandbox::start().await;
    sandbox.fault(Fault::late(Duration::from_secs(60)));
    let mint = post(&sandbox, MINT, &body()).timeout(Duration::from_millis(500)).send();
    assert!(mint.await.unwrap_err().is_timeout());
    let minted = sandbox.client().challenges(ListChallenges::new()).await.unwrap();
    assert_eq!(minted.total, 1);
}

#[tokio::test]
async fn a_truncated_answer_ends_before_its_announced_length() {
    let sandbox = Sandbox::start().await;
    sandbox.fault(Fault::truncated());
    let mut stream = connect(&sandbox).await;
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, half) = text.split_once("\r\n\r\n").unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    assert_eq!(length.parse::<usize>().unwrap() / 2, half.len());
    assert!(half.starts_with('{'), "{half}");
}

#[tokio::test]
async fn an_oversize_answer_is_256_mib() {
    let sandbox = Sandbox::start().await;
    sandbox.fault(Fault::oversize());
    let mut answer = post(&sandbox, MINT, &body()).send().await.unwrap();
    let mut length = 0;
    while let Some(chunk) = answer.chunk().await.unwrap() {
        length += chunk.len();
    }
    assert_eq!(length, 256 * 1024 * 1024);
}
