//! The parts of a gated request that are this project's own, one by one and without a network.

#![allow(missing_docs, reason = "criterion's macros write public functions")]
#![allow(clippy::expect_used, reason = "a bench that cannot be set up ends")]

use std::hint::black_box;

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use criterion::{Criterion, criterion_group, criterion_main};
use l402_actix::{__private::bench, l402_server::Challenge};
use l402_benches::broker::{CHALLENGE, CREDENTIAL};

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
        ("one", headers(&[CREDENTIAL]), true),
        ("after a Bearer line", headers(&["Bearer abcdefghijklmnop", CREDENTIAL]), true),
        ("malformed, 8 KiB", headers(&[Box::leak("L402 ,".repeat(1365).into_boxed_str())]), false),
    ] {
        assert_eq!(bench::has_credential(&headers, Some(&own)), found, "{name}");
        group.bench_function(name, |bencher| {
            bencher.iter(|| bench::has_credential(black_box(&headers), Some(&own)));
        });
    }
}

fn payment_required(criterion: &mut Criterion) {
    let challenge: Challenge = serde_json::from_str(CHALLENGE).expect("a challenge");
    assert_eq!(bench::payment_required(&challenge).status(), 402);
    criterion.bench_function("402 from a challenge", |bencher| {
        bencher.iter(|| bench::payment_required(black_box(&challenge)));
    });
}

criterion_group!(gate, authorization, payment_required);
criterion_main!(gate);
