//! Whole requests within one process: what a gate adds to a route when no call is needed. And the
//! one part that anybody can feed with what they like, the `Authorization` header.

#![allow(missing_docs, reason = "criterion's macros write public functions")]
#![allow(clippy::expect_used, reason = "a bench that cannot be set up ends")]

use std::{
    hint::black_box,
    net::SocketAddr,
    time::{Duration, Instant},
};

use actix_web::{
    App,
    dev::Service,
    http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue},
    rt::Runtime,
    test::{self, TestRequest},
    web,
};
use criterion::{Bencher, Criterion, criterion_group, criterion_main};
use l402_actix::{__private::presented, ClientIdentity, L402Config, VerifyCache, l402};
use l402_benches::broker::CREDENTIAL;
use l402_sandbox::Sandbox;

const WORDS: &str = "forty-two words that somebody has paid for";

const CLIENT: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 1)), 40_000);

async fn bare() -> &'static str {
    WORDS
}

#[l402(price_sats = 100)]
async fn gated() -> &'static str {
    WORDS
}

fn requests(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let sandbox = runtime.block_on(Sandbox::start());
    let config = L402Config::new(sandbox.client())
        .verify_cache(VerifyCache::new().ttl(Duration::from_secs(600)))
        .client_identity(ClientIdentity::peer_addr().reuse_challenges(true));
    let app = App::new()
        .service(web::resource("/bare").app_data(config.clone()).to(bare))
        .service(web::resource("/gated").app_data(config).to(gated));
    let app = runtime.block_on(test::init_service(app));
    // Bought for real, so that the verdict in the cache is the sandbox's on a real macaroon.
    let challenge =
        runtime.block_on(test::call_service(&app, request("/gated", None).to_request()));
    let token = sandbox.pay_challenge(challenge.headers()).expect("a payment");

    let mut group = criterion.benchmark_group("a request");
    for (name, path, token, status) in [
        ("bare route", "/bare", Some(token.as_str()), 200),
        ("cache hit", "/gated", Some(token.as_str()), 200),
        ("402 with the challenge that the client holds", "/gated", None, 402),
    ] {
        let request = || request(path, token).to_request();
        // The broker is asked the first time, if at all.
        for _ in 0..2 {
            let response = runtime.block_on(test::call_service(&app, request()));
            assert_eq!(response.status(), status, "{name}");
        }
        let calls = (sandbox.mints(), sandbox.verifies());
        group.bench_function(name, |bencher| time(bencher, &runtime, &app, request));
        assert_eq!((sandbox.mints(), sandbox.verifies()), calls, "{name}: the broker was asked");
    }
}

fn request(path: &str, token: Option<&str>) -> TestRequest {
    let request = TestRequest::get().uri(path).peer_addr(CLIENT);
    match token {
        Some(token) => request.insert_header((AUTHORIZATION, token)),
        None => request,
    }
}

/// From the request that has been read to the answer that has been dropped. The runtime is entered
/// once for many requests: its own cost is not what is asked for.
fn time<R>(
    bencher: &mut Bencher<'_>,
    runtime: &Runtime,
    app: &impl Service<R>,
    request: impl Fn() -> R,
) {
    bencher.iter_custom(|times| {
        runtime.block_on(async {
            let mut taken = Duration::ZERO;
            for _ in 0..times {
                let request = request();
                let begun = Instant::now();
                drop(black_box(app.call(request).await));
                taken += begun.elapsed();
            }
            taken
        })
    });
}

fn headers(lines: &[&'static str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(AUTHORIZATION, HeaderValue::from_static(line));
    }
    headers
}

fn authorization(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("authorization");
    let own = HeaderName::from_static("x-l402");
    for (name, headers, found) in [
        ("none", headers(&[]), false),
        ("one that was read before", headers(&[CREDENTIAL]), true),
        ("after a Bearer line", headers(&["Bearer abcdefghijklmnop", CREDENTIAL]), true),
        ("malformed, 8 KiB", headers(&[Box::leak("L402 ,".repeat(1365).into_boxed_str())]), false),
    ] {
        assert_eq!(presented(&headers, Some(&own), false).is_some(), found, "{name}");
        group.bench_function(name, |bencher| {
            bencher.iter(|| presented(black_box(&headers), Some(&own), false));
        });
    }
}

criterion_group!(gate, requests, authorization);
criterion_main!(gate);
