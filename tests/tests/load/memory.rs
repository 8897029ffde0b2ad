//! What a stranger or a broker sends without end is not kept.

use std::fmt::Write as _;

use actix_web::{
    post,
    web::{self, Bytes},
};
use l402_actix::{L402Config, l402};
use l402_sandbox::{Endpoint, Fault, Sandbox};
use l402_tests::{Answer, Api, process, raw};
use reqwest::Method;

use super::{PATIENCE, Shop};

/// A fraction of what is sent, and more than what the process needs anyway.
const BOUND_KIB: u64 = 64 * 1024;

#[actix_web::test]
async fn a_body_of_256_mib_from_the_broker_is_never_held_in_memory() {
    let shop = Shop::open(PATIENCE).await;
    let credential = shop.api.buy("/paid", &shop.sandbox).await;
    for (endpoint, credential) in [(Endpoint::Mint, None), (Endpoint::Verify, Some(&credential))] {
        process::forget_peak().unwrap();
        let before = process::memory_kib("self").unwrap();
        shop.sandbox.fault(Fault::oversize().on(endpoint));
        let answer = match credential {
            None => shop.api.ask("/paid").await,
            Some(credential) => shop.api.ask_with("/paid", credential).await,
        };
        assert_eq!(answer.status, 502);
        let peak = process::peak_kib("self").unwrap();
        assert!(peak < before + BOUND_KIB, "{endpoint:?}: {before} KiB, then {peak} KiB");
    }
    shop.until_nothing_is_left().await;
}

#[actix_web::test]
async fn an_authorization_of_64_mib_is_refused_before_the_gate_and_never_held_in_memory() {
    let shop = Shop::open(PATIENCE).await;
    for piece in ["m", "L402 m:p, ", "L402 m:p\r\nAuthorization: "] {
        let value = piece.repeat(64 * 1024 * 1024 / piece.len());
        let request =
            format!("GET /paid HTTP/1.1\r\nHost: localhost\r\nAuthorization: {value}\r\n\r\n");
        drop(value);
        process::forget_peak().unwrap();
        let before = process::memory_kib("self").unwrap();
        let answer = raw::exchange(shop.api.address(), request.as_bytes()).await.unwrap();
        if let Some(answer) = answer {
            assert!(matches!(answer.status, 400 | 413 | 431), "{}", answer.status);
        }
        let peak = process::peak_kib("self").unwrap();
        assert!(peak < before + BOUND_KIB / 2, "{piece:.10}: {before} KiB, then {peak} KiB");
    }
    assert!(shop.sandbox.requests().is_empty());
    shop.until_nothing_is_left().await;
}

/// A body of single bytes weighs as much as one in a piece.
#[actix_web::test]
async fn an_unpaid_body_in_small_pieces_is_held_within_the_extractors_limit() {
    let shop = Shop::open(PATIENCE).await;
    // The limit of `web::Json` is 2 MiB.
    let body = format!("\"{}\"", "a".repeat(2_000_000));
    let mut request = "POST /tried HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
        Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        .to_owned();
    for byte in body.chars() {
        write!(request, "1\r\n{byte}\r\n").unwrap();
    }
    request += "0\r\n\r\n";
    process::forget_peak().unwrap();
    let before = process::memory_kib("self").unwrap();
    let answer = raw::exchange(shop.api.address(), request.as_bytes()).await.unwrap().unwrap();
    assert_eq!(answer.status, 402);
    let peak = process::peak_kib("self").unwrap();
    assert!(peak < before + BOUND_KIB / 4, "{before} KiB, then {peak} KiB");
}

#[post("/uploads")]
#[l402(price_sats = 100, extract_first)]
async fn upload(body: Bytes) -> String {
    body.len().to_string()
}

/// Whoever has not paid sends what Actix would take of a handler's own caller.
#[actix_web::test]
async fn unpaid_uploads_are_held_up_to_the_limit_and_no_further() {
    let _alone = super::ONE_AT_A_TIME.lock().await;
    let sandbox = Sandbox::start().await;
    let config = L402Config::new(sandbox.client());
    let api = Api::serve(move |app| {
        app.app_data(config.clone())
            .app_data(web::PayloadConfig::new(64 * 1024 * 1024))
            .service(upload);
    })
    .await;
    let body = Bytes::from(vec![0; 50 * 1024 * 1024]);
    let send = || Answer::try_to(api.request(Method::POST, "/uploads").body(body.clone()));
    process::forget_peak().unwrap();
    let before = process::memory_kib("self").unwrap();
    let (a, b, c) = tokio::join!(send(), send(), send());
    for answer in [a, b, c] {
        assert!(answer.is_ok_and(|answer| answer.status == 413));
    }
    let peak = process::peak_kib("self").unwrap();
    assert!(peak < before + BOUND_KIB / 2, "{before} KiB, then {peak} KiB");
    assert!(sandbox.requests().is_empty(), "nobody was asked for money");
}
