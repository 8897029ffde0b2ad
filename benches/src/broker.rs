//! A broker that answers at once.
//!
//! Not the sandbox: that one mints and verifies with real cryptography, which would take more of
//! the two cores than what is measured here, and from the same time. This one answers both calls
//! with the same bytes, and reads nothing of the request but its path.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
#[cfg(not(feature = "http2"))]
use hyper::server::conn::http1;
#[cfg(feature = "http2")]
use hyper::server::conn::http2;
use hyper::{Request, Response, body::Incoming, header, service::service_fn};
#[cfg(feature = "http2")]
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use crate::{Error, process};

/// What all routes sell, and what the broker's replies are about.
pub const RESOURCE: &str = "/paid";

/// What all routes charge.
pub const PRICE_SATS: u64 = 100;

/// A credential of the usual length: a macaroon with three caveats and a preimage.
pub const CREDENTIAL: &str = "L402 \
    AgEObDQwMi1zYW5kYm94LTECQgAAx0m1S1pJ3m0eQ1yqVt1Y0k5v0m4xv0n3T8wq0m8n4Q1c2hGpNf0Tq9f3m5yXkq\
    7r8Kq3VJ0yH2m0b1n9Zc5d2QACE21lcmNoYW50X2lkID0gNDI0MgACD3BhdGggPSAvcGFpZC9hAAIYZXhwaXJlcyA9\
    IDE3OTU1MTIzNDUAAhFhbW91bnQgPSAxMDAgc2F0cwAABiBqZbZy1o7c1y3u0d2yKZJ0y9gk1YI0m8Wq3vX5n2k1bA==\
    :1f2e3d4c5b6a79880123456789abcdeffedcba98765432100f1e2d3c4b5a6978";

const VERDICT: &str = r#"{"valid":true,"resource":"/paid","merchantId":4242,"amountSats":100,"paymentHash":"66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925","error":null}"#;

/// The reply to each mint.
pub const CHALLENGE: &str = concat!(
    r#"{"invoice":"lnbcrt1u1p5k0q2pp5vehk7cnpwgry9h96z7qz0x4gqy2fxqz9h96z7qz0x4gqy2fxqz9h96sdq"#,
    r#"hwahzqctvypnxzmnfdshscqzzsxqyz5vqsp5k0q2vehk7cnpwgry9h96z7qz0x4gqy2fxqz9h96z7qz0x4gqy29"#,
    r#"qyyssq8x4gqy2fxqz9h96z7qz0x4gqy2fxqz9h96z7qz0x4gqy2fxqz9h96z7qz0x4gqy2fxqz9h96z7qz0x4g"#,
    r#"qy2fxqz9h96gpq0x4gq","macaroon":"AgEObDQwMi1zYW5kYm94LTECQgAAx0m1S1pJ3m0eQ1yqVt1Y0k5v0"#,
    r#"m4xv0n3T8wq0m8n4Q1c2hGpNf0Tq9f3m5yXkq7r8Kq3VJ0yH2m0b1n9Zc5d2QACE21lcmNoYW50X2lkID0gNDI"#,
    r#"0MgACD3BhdGggPSAvcGFpZC9hAAIYZXhwaXJlcyA9IDE3OTU1MTIzNDUAAhFhbW91bnQgPSAxMDAgc2F0cwAAB"#,
    r#"iBqZbZy1o7c1y3u0d2yKZJ0y9gk1YI0m8Wq3vX5n2k1bA==","paymentHash":"66687aadf862bd776c8fc1"#,
    r#"8b8e9f8e20089714856ee233b3902a591d0d5f2925","expiresAt":"2030-01-01T00:00:00Z","resourc"#,
    r#"e":"/paid","priceSats":100,"mppChallenge":null}"#
);

/// Serves until the parent process is gone. Each answer takes `delay`.
///
/// # Errors
///
/// When no port can be had.
pub async fn run(delay: Duration) -> Result<(), Error> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    process::announce(listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = service_fn(move |request| answer(request, delay));
        #[cfg(feature = "http2")]
        let builder = http2::Builder::new(TokioExecutor::new());
        #[cfg(not(feature = "http2"))]
        let builder = http1::Builder::new();
        let mut builder = builder;
        builder.timer(TokioTimer::new());
        tokio::spawn(builder.serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(
    request: Request<Incoming>,
    delay: Duration,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let is_verify = request.uri().path().ends_with("/verify");
    request.into_body().collect().await?;
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let body = Bytes::from_static(if is_verify { VERDICT } else { CHALLENGE }.as_bytes());
    let mut response = Response::new(Full::new(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    // As the hosted broker, but with more to spare than is ever asked for.
    for (name, value) in [
        ("x-ratelimit-limit", "10000000"),
        ("x-ratelimit-remaining", "9999999"),
        ("x-ratelimit-reset", "4102444800"),
    ] {
        headers.insert(name, header::HeaderValue::from_static(value));
    }
    Ok::<_, Infallible>(response).map_err(|never| match never {})
}
