//! The client against a real HTTP server on this machine that follows a script.

#![allow(
    clippy::redundant_closure_for_method_calls,
    reason = "the type in question has no public name"
)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod account;
mod facts;
mod interim;
mod problems;
mod script;

use std::{
    error::Error as _,
    time::{Duration, Instant},
};

use l402_server::{
    Challenge, ChallengeRequest, L402Client, L402Error, MAX_REPLY_BYTES, Verification,
    VerifyRequest, reqwest,
};
use script::{Broker, Step, json, status};

const KEY: &str = "secret-key-7f3a";
const MACAROON: &str = "c2VjcmV0LW1hY2Fyb29u";
const PREIMAGE: &str = "5ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2";
const MINTED: &str = r#"{"invoice":"lnbcrt1","macaroon":"bWFjYXJvb24=","paymentHash":"ab","expiresAt":"2030-01-01T00:00:00Z","resource":"/a","priceSats":100}"#;
const VALID: &str =
    r#"{"valid":true,"resource":"/a","merchantId":7,"amountSats":100,"paymentHash":"ab"}"#;

fn client(broker: &Broker) -> L402Client {
    builder(broker).build().expect("a client")
}

fn builder(broker: &Broker) -> l402_server::L402ClientBuilder {
    L402Client::builder(KEY).base_url(broker.url()).timeout(Duration::from_secs(5))
}

async fn mint(client: &L402Client) -> Result<Challenge, L402Error> {
    client.create_challenge(&ChallengeRequest::new("/a", 100)).await
}

async fn verify(client: &L402Client) -> Result<Verification, L402Error> {
    client
        .verify_token(&VerifyRequest::new(MACAROON, PREIMAGE).resource("/a").amount_sats(100))
        .await
}

/// What both calls make of one reply.
async fn errors_for(step: Step) -> [L402Error; 2] {
    let broker = Broker::start([step.clone(), step]).await;
    let client = client(&broker);
    [mint(&client).await.expect_err("mint fails"), verify(&client).await.expect_err("verify fails")]
}

#[tokio::test]
async fn a_mint_sends_what_the_contract_says_and_reads_the_challenge() {
    let broker = Broker::start([json(MINTED), json(MINTED)]).await;
    let client = client(&broker);

    let challenge = mint(&client).await.expect("minted");
    assert_eq!(challenge.invoice, "lnbcrt1");
    assert_eq!(challenge.macaroon, "bWFjYXJvb24=");
    assert_eq!(challenge.payment_hash, "ab");
    assert_eq!(challenge.expires_at.as_deref(), Some("2030-01-01T00:00:00Z"));
    assert_eq!((challenge.resource.as_str(), challenge.price_sats), ("/a", 100));
    assert_eq!(challenge.mpp_challenge, None);

    let request = ChallengeRequest::new("/a", 100).description("d").idempotency_key("k");
    client.create_challenge(&request).await.expect("minted");

    let seen = broker.seen();
    assert_eq!(seen[0].line, "POST /api/l402/challenges HTTP/1.1");
    assert_eq!(seen[0].header("x-api-key"), Some(KEY));
    assert_eq!(seen[0].header("content-type"), Some("application/json"));
    assert_eq!(seen[0].header("accept"), Some("application/json"));
    assert_eq!(seen[0].body, r#"{"resource":"/a","priceSats":100}"#);
    assert_eq!(seen[1].body, r#"{"resource":"/a","priceSats":100,"description":"d"}"#);
    assert_eq!(seen[1].header("x-idempotency-key"), Some("k"));
}

#[tokio::test]
async fn a_verify_sends_what_the_contract_says_and_reads_the_verdict() {
    let refused = r#"{"valid":false,"error":"expired","resource":null}"#;
    let broker = Broker::start([json(VALID), json(refused), json(VALID)]).await;
    let client = client(&broker);

    let verification = verify(&client).await.expect("answered");
    assert!(verification.valid);
    assert_eq!(verification.resource.as_deref(), Some("/a"));
    assert_eq!((verification.merchant_id, verification.amount_sats), (Some(7), Some(100)));
    assert_eq!(verification.payment_hash.as_deref(), Some("ab"));

    let refused =
        client.verify_token(&VerifyRequest::new(MACAROON, PREIMAGE)).await.expect("answered");
    assert!(!refused.valid);
    assert_eq!(refused.error.as_deref(), Some("expired"));

    client.verify_token(&VerifyRequest::preimage_only(PREIMAGE)).await.expect("answered");

    let seen = broker.seen();
    assert_eq!(seen[0].line, "POST /api/l402/challenges/verify HTTP/1.1");
    assert_eq!(seen[0].header("x-api-key"), Some(KEY));
    assert_eq!(seen[0].header("x-idempotency-key"), None);
    let halves = format!(r#""macaroon":"{MACAROON}","preimage":"{PREIMAGE}""#);
    assert_eq!(seen[0].body, format!(r#"{{{halves},"resource":"/a","amountSats":100}}"#));
    assert_eq!(seen[1].body, format!("{{{halves}}}"));
    assert_eq!(seen[2].body, format!(r#"{{"preimage":"{PREIMAGE}"}}"#));
}

#[tokio::test]
async fn each_mint_carries_a_fresh_random_idempotency_key() {
    let broker = Broker::start([json(MINTED), json(MINTED)]).await;
    let client = client(&broker);
    mint(&client).await.expect("minted");
    mint(&client).await.expect("minted");
    let keys: Vec<_> = broker
        .seen()
        .iter()
        .map(|seen| seen.header("x-idempotency-key").unwrap().to_owned())
        .collect();
    assert_ne!(keys[0], keys[1]);
    assert!(keys.iter().all(|key| key.len() == 32), "{keys:?}");
}

#[tokio::test]
async fn what_cannot_be_right_is_refused_before_anything_is_sent() {
    let broker = Broker::start([]).await;
    let client = client(&broker);
    let long_key = "k".repeat(257);
    for request in [
        ChallengeRequest::new("", 100),
        ChallengeRequest::new("  ", 100),
        ChallengeRequest::new("/a", 0),
        ChallengeRequest::new("/a", 1).idempotency_key(""),
        ChallengeRequest::new("/a", 1).idempotency_key(long_key),
        ChallengeRequest::new("/a", 1).idempotency_key("a\nb"),
    ] {
        let err = client.create_challenge(&request).await.expect_err("refused");
        assert!(matches!(err, L402Error::InvalidRequest(_)), "{request:?} {err:?}");
    }
    for request in [
        VerifyRequest::new(MACAROON, ""),
        VerifyRequest::new(MACAROON, " "),
        VerifyRequest::new("", PREIMAGE),
        VerifyRequest::preimage_only(""),
        VerifyRequest::new(MACAROON, PREIMAGE).resource(" "),
        VerifyRequest::new(MACAROON, PREIMAGE).amount_sats(0),
    ] {
        let err = client.verify_token(&request).await.expect_err("refused");
        assert!(matches!(err, L402Error::InvalidRequest(_)), "{request:?} {err:?}");
    }
    assert!(broker.seen().is_empty());
}

/// A reply's headers about the account's minute, 20 s of which are left.
fn minute(remaining: u32) -> String {
    format!(
        "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-RateLimit-Limit: 100\r\n\
         X-RateLimit-Remaining: {remaining}\r\nX-RateLimit-Reset: 784111797\r\n"
    )
}

#[tokio::test]
async fn every_reply_says_what_is_left_of_the_minute_whatever_its_status() {
    let broker = Broker::start([
        json(MINTED),
        status(200, &minute(99), MINTED),
        status(200, &minute(98), VALID),
        status(429, &minute(0), ""),
        status(500, &minute(97), "{}"),
        status(200, &minute(96), "no JSON"),
    ])
    .await;
    let client = client(&broker);
    let remaining = || client.rate_limit().map(|limit| limit.remaining);
    assert_eq!(remaining(), None, "nobody has been asked");
    mint(&client).await.expect("minted");
    assert_eq!(remaining(), None, "this broker does not say");

    let before = Instant::now();
    mint(&client).await.expect("minted");
    let limit = client.rate_limit().expect("this one does");
    assert_eq!((limit.limit, limit.remaining), (100, 99));
    assert_eq!(limit.reset_after, Duration::from_secs(20), "by the broker's clock alone");
    assert!((before..=Instant::now()).contains(&limit.read_at));

    verify(&client).await.expect("verified");
    assert_eq!(remaining(), Some(98));
    for left in [0, 97, 96] {
        verify(&client).await.expect_err("fails");
        assert_eq!(remaining(), Some(left));
    }
}

#[tokio::test]
async fn clones_share_what_is_left_and_a_reply_that_does_not_say_changes_nothing() {
    let absurd = "X-RateLimit-Limit: 0\r\nX-RateLimit-Remaining: 0\r\n";
    let broker = Broker::start([
        status(200, &minute(7), VALID),
        json(VALID),
        status(200, absurd, VALID),
        Step::Close,
        Step::Close,
    ])
    .await;
    let client = client(&broker);
    verify(&client.clone()).await.expect("verified");
    let limit = client.rate_limit().expect("its clone was told");
    assert_eq!(limit.remaining, 7);
    verify(&client).await.expect("verified");
    verify(&client).await.expect("verified");
    verify(&client).await.expect_err("no reply");
    assert_eq!(client.rate_limit(), Some(limit));
}

#[tokio::test]
async fn a_redirect_is_never_followed_and_the_key_stays_here() {
    let elsewhere = Broker::start([json(MINTED), json(VALID)]).await;
    for code in [301, 302, 307, 308] {
        let header = format!("Location: {}/api/l402/challenges\r\n", elsewhere.url());
        for err in errors_for(status(code, &header, "")).await {
            assert!(matches!(err, L402Error::Api { status, .. } if status == code), "{err:?}");
        }
    }
    // Not even when the HTTP settings that were brought along would follow it.
    let header = format!("Location: {}/\r\n", elsewhere.url());
    let broker = Broker::start([status(307, &header, "")]).await;
    let follow = || reqwest::Client::builder().redirect(reqwest::redirect::Policy::limited(5));
    let client = builder(&broker).http_client_builder(follow).build().expect("a client");
    assert!(matches!(mint(&client).await, Err(L402Error::Api { status: 307, .. })));
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn a_reply_that_is_not_the_contract_is_invalid() {
    let too_long = format!(r#"{{"padding":"{}"}}"#, "x".repeat(MAX_REPLY_BYTES));
    for body in ["", "null", "[]", "<html>", r#"{"valid":tr"#, "{}", &too_long] {
        for err in errors_for(json(body)).await {
            assert!(matches!(err, L402Error::InvalidResponse { .. }), "{body:.40} {err:?}");
        }
    }
    for err in errors_for(json("{}")).await {
        assert!(err.to_string().contains("missing field"), "{err}");
    }
    for body in
        [r#"[true,"/a",7,100]"#, r#"{"valid":"true"}"#, r#"{"valid":true,"amountSats":"100"}"#]
    {
        let broker = Broker::start([json(body)]).await;
        let err = verify(&client(&broker)).await.expect_err("refused");
        assert!(matches!(err, L402Error::InvalidResponse { .. }), "{body} {err:?}");
    }
}

#[tokio::test]
async fn a_challenge_for_something_else_than_what_was_asked_is_invalid() {
    for (from, to) in [
        (r#""resource":"/a""#, r#""resource":"/b""#),
        (r#""priceSats":100"#, r#""priceSats":1"#),
        (r#""invoice":"lnbcrt1""#, r#""invoice":"""#),
        (r#""macaroon":"bWFjYXJvb24=""#, r#""macaroon":"""#),
        (r#""macaroon":"bWFjYXJvb24=","#, ""),
    ] {
        let broker = Broker::start([json(&MINTED.replace(from, to))]).await;
        let err = mint(&client(&broker)).await.expect_err("refused");
        assert!(matches!(err, L402Error::InvalidResponse { .. }), "{to} {err:?}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_reply_is_tried_once_more_with_the_same_key() {
    let broker = Broker::start([Step::Close, json(MINTED), Step::Close, json(VALID)]).await;
    let client = client(&broker);
    mint(&client).await.expect("minted at the second try");
    verify(&client).await.expect("verified at the second try");
    let seen = broker.seen();
    assert_eq!(seen.len(), 4);
    assert_eq!(seen[0].header("x-idempotency-key"), seen[1].header("x-idempotency-key"));
    assert_eq!((&seen[0].body, &seen[2].body), (&seen[1].body, &seen[3].body));
}

#[tokio::test]
async fn two_broken_connections_are_a_network_error_with_its_source() {
    let broker = Broker::start([Step::Close, Step::Close, json(MINTED)]).await;
    let err = mint(&client(&broker)).await.expect_err("no third try");
    assert!(matches!(err, L402Error::Network { .. }), "{err:?}");
    assert!(err.source().is_some());
    assert_eq!(broker.seen().len(), 2);

    let url = broker.url().to_owned();
    drop(broker);
    let client = L402Client::builder(KEY).base_url(&url).build().expect("a client");
    let err = mint(&client).await.expect_err("nobody listens");
    assert!(matches!(err, L402Error::Network { .. }), "{err:?}");
    assert_eq!(err.url(), Some(format!("{url}/api/l402/challenges").as_str()));
}

#[tokio::test]
async fn an_mpp_verify_is_never_repeated() {
    let broker = Broker::start([Step::Close, json(VALID)]).await;
    let request = VerifyRequest::preimage_only(PREIMAGE).resource("/a").amount_sats(100);
    let err = client(&broker).verify_token(&request).await.expect_err("no second try");
    assert!(matches!(err, L402Error::Network { .. }), "{err:?}");
    assert_eq!(broker.seen().len(), 1);
}

#[tokio::test]
async fn a_retry_policy_of_the_merchants_http_client_repeats_no_call() {
    let again = || {
        let policy = reqwest::retry::for_host("127.0.0.1")
            .no_budget()
            .classify_fn(|attempt| attempt.retryable());
        reqwest::ClientBuilder::new().retry(policy)
    };
    let broker = Broker::start([status(500, "", "{}"), json(VALID)]).await;
    let client = builder(&broker).http_client_builder(again).build().expect("a client");
    let request = VerifyRequest::preimage_only(PREIMAGE).resource("/a").amount_sats(100);
    let err = client.verify_token(&request).await.expect_err("no second try");
    assert!(matches!(err, L402Error::Api { status: 500, .. }), "{err:?}");
    assert_eq!(broker.seen().len(), 1);
}

#[tokio::test]
async fn a_body_that_breaks_is_not_asked_for_again() {
    let broker = Broker::start([Step::Truncate, json(MINTED)]).await;
    let err = mint(&client(&broker)).await.expect_err("half a reply");
    assert!(matches!(err, L402Error::Network { .. }), "{err:?}");
    assert_eq!(broker.seen().len(), 1);
}

#[tokio::test]
async fn the_timeout_covers_a_silent_broker_and_a_body_that_drips() {
    for step in [Step::Hang, Step::Drip] {
        let broker = Broker::start([step, json(MINTED)]).await;
        let client =
            builder(&broker).timeout(Duration::from_millis(150)).build().expect("a client");
        let err = mint(&client).await.expect_err("too late");
        assert!(matches!(err, L402Error::Timeout { .. }), "{err:?}");
        assert_eq!(broker.seen().len(), 1, "a call that may have been served is not repeated");
    }
}

/// Shorter or longer than the client's, and of that call alone.
#[tokio::test]
async fn a_verification_may_have_a_timeout_of_its_own() {
    let broker = Broker::start([Step::Hang, Step::Hang]).await;
    let client = builder(&broker).timeout(Duration::from_millis(300)).build().expect("a client");
    let question = VerifyRequest::preimage_only("00".repeat(32));
    let (short, long) = (Duration::from_millis(50), Duration::from_millis(900));
    for (timeout, longer_than) in [(short, short), (long, client.timeout() * 2)] {
        let started = std::time::Instant::now();
        let err = client.verify_token_within(&question, timeout).await.expect_err("too late");
        assert!(matches!(err, L402Error::Timeout { .. }), "{err:?}");
        assert!(started.elapsed() >= longer_than, "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn a_proxy_is_never_asked_for_a_broker_on_this_machine() {
    let proxy = Broker::start([json(MINTED)]).await;
    let broker = Broker::start([json(MINTED)]).await;
    let through = reqwest::Proxy::all(proxy.url()).expect("a URL");
    let through = move || reqwest::Client::builder().proxy(through.clone());
    let client = builder(&broker).http_client_builder(through).build().expect("a client");
    mint(&client).await.expect("minted");
    assert!(proxy.seen().is_empty());
    assert_eq!(broker.seen().len(), 1);
}

#[tokio::test]
async fn no_error_and_no_debug_shows_a_secret_even_if_the_broker_echoes_it() {
    let echo = format!(r#"{{"error":"no {KEY} {MACAROON} {PREIMAGE}\r\nforged line"}}"#);
    let plan = format!(
        r#"{{"current_plan":"{KEY}","error":"{PREIMAGE}","detail":"{MACAROON}",
            "upgrade_url":"https://a.example/{PREIMAGE}?{KEY}","errors":{{"{KEY}":["{MACAROON}"]}}}}"#
    );
    let wrong_type = format!(r#"{{"valid":"{MACAROON}","invoice":5,"macaroon":["{MACAROON}"]}}"#);
    let refused = format!(r#"{{"valid":false,"error":"token {MACAROON}:{PREIMAGE} for {KEY}"}}"#);
    let mut shown = Vec::new();
    let steps = [
        status(400, "", &echo),
        status(400, "", &plan),
        status(403, "", &plan),
        json(&wrong_type),
        Step::Close,
    ];
    for step in steps {
        let broker = Broker::start([step.clone(), step]).await;
        let base_url = format!("{}/{KEY}", broker.url());
        let client = builder(&broker).base_url(base_url).build().expect("a client");
        let err = verify(&client).await.expect_err("fails");
        shown.push(format!("{err} {err:?}\n"));
        let mut source = err.source();
        while let Some(err) = source {
            shown.push(format!("{err} {err:?}\n"));
            source = err.source();
        }
    }
    let broker = Broker::start([json(&refused), json(MINTED)]).await;
    let client = client(&broker);
    shown.push(format!("{:?}", verify(&client).await.expect("answered")));
    shown.push(format!("{:?}", mint(&client).await.expect("minted")));
    shown.push(format!("{:?}", VerifyRequest::new(MACAROON, PREIMAGE)));
    shown.push(format!("{:?} {client:?}", builder(&broker)));
    let shown = shown.concat();
    for secret in [KEY, MACAROON, PREIMAGE, "bWFjYXJvb24=", "\r"] {
        assert!(!shown.contains(secret), "{secret:?} in {shown}");
    }
    assert!(shown.contains("[redacted]"));
}

#[test]
fn settings_that_cannot_be_right_are_refused_with_their_cause() {
    for (base_url, cause) in [
        ("http://api.example.com", "https"),
        ("http://10.0.0.1", "https"),
        ("http://localhost.example.com", "https"),
        ("ftp://localhost", "https"),
        ("https://user:pass@api.example.com", "user name"),
        ("https://api.example.com?a=b", "query"),
        ("https://api.example.com/#f", "fragment"),
        ("api.example.com", "URL"),
        ("", "URL"),
    ] {
        let err = L402Client::builder(KEY).base_url(base_url).build().expect_err(base_url);
        assert!(matches!(err, L402Error::InvalidRequest(_)), "{base_url} {err:?}");
        assert!(err.to_string().contains(cause), "{base_url}: {err}");
        assert!(!err.to_string().contains("pass@"), "{err}");
    }
    let err = L402Client::builder(KEY).timeout(Duration::ZERO).build().expect_err("no time");
    assert!(matches!(err, L402Error::InvalidRequest(_)), "{err:?}");
    assert!(matches!(L402Client::new(" "), Err(L402Error::InvalidRequest(_))));
    assert!(matches!(L402Client::new("${KEY}"), Err(L402Error::InvalidRequest(_))));
}

#[test]
fn plain_http_is_accepted_for_this_machine_and_https_for_any() {
    for base_url in [
        "http://localhost:8402",
        "http://127.0.0.1",
        "http://127.8.9.1:1",
        "http://[::1]:8402",
        "https://broker.example.com/prefix/",
    ] {
        L402Client::builder(KEY).base_url(base_url).build().expect(base_url);
    }
}

#[tokio::test]
async fn trailing_slashes_on_the_base_url_are_dropped() {
    let broker = Broker::start([json(MINTED)]).await;
    let base_url = format!("{}/prefix//", broker.url());
    let client = L402Client::builder(KEY).base_url(base_url).build().expect("a client");
    mint(&client).await.expect("minted");
    assert_eq!(broker.seen()[0].line, "POST /prefix/api/l402/challenges HTTP/1.1");
}
