//! What one would write without the crate, for comparison.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, error, http::header, web};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use l402_server::decode_hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;

use crate::{
    broker::{PRICE_SATS, RESOURCE},
    routes::{API_KEY, Shared, WORDS},
};

const DEADLINE: Duration = Duration::from_secs(10);

/// Longer than a measurement.
const A_LONG_TIME: Duration = Duration::from_secs(60 * 60);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Verify<'a> {
    macaroon: &'a str,
    preimage: &'a str,
    resource: &'a str,
    amount_sats: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verdict {
    valid: bool,
    resource: Option<String>,
    amount_sats: Option<u64>,
}

/// The least that one would write: no deadline, no limits, no retry, nothing of caches.
pub(crate) async fn verify(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> actix_web::Result<HttpResponse> {
    let Some((macaroon, preimage)) = credential(&request) else {
        return Ok(HttpResponse::PaymentRequired().finish());
    };
    let is_good = is_good(&shared, macaroon, preimage).await?;
    Ok(if is_good { HttpResponse::Ok().body(WORDS) } else { HttpResponse::Unauthorized().finish() })
}

/// The same with what an answer that costs money needs besides: a deadline, the name of the question,
/// by which others could wait for its answer, the receipt, and two headers for caches.
pub(crate) async fn careful(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> actix_web::Result<HttpResponse> {
    let Some((macaroon, preimage)) = credential(&request) else {
        return Ok(HttpResponse::PaymentRequired().finish());
    };
    let Some((payment_hash, name)) = names(macaroon, preimage) else {
        return Ok(HttpResponse::Unauthorized().finish());
    };
    let verdict = timeout(DEADLINE, is_good(&shared, macaroon, preimage)).await;
    if !verdict.map_err(error::ErrorGatewayTimeout)?? {
        return Ok(HttpResponse::Unauthorized().finish());
    }
    request.extensions_mut().insert(Arc::new(Paid { name }));
    let receipt =
        format!(r#"{{"method":"lightning","reference":"{payment_hash:x?}","status":"success"}}"#);
    Ok(HttpResponse::Ok()
        .insert_header(("payment-receipt", URL_SAFE_NO_PAD.encode(receipt)))
        .insert_header((header::VARY, "Authorization"))
        .insert_header((header::CACHE_CONTROL, "private"))
        .body(WORDS))
}

/// Whom a hit by hand has seen before, and since when.
pub(crate) type Known = Mutex<HashMap<[u8; 32], (Instant, Arc<Paid>)>>;

/// A payment for the handler, which here does not look.
#[derive(Debug)]
#[expect(dead_code, reason = "nobody reads it")]
pub(crate) struct Paid {
    name: [u8; 32],
}

/// The least that a hit has to do: hash the preimage, name the question, look it up, put the payment
/// where the handler finds it, and tell caches whose answer it is.
pub(crate) async fn known(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    let found = credential(&request).and_then(|(macaroon, preimage)| names(macaroon, preimage));
    let Some((_, name)) = found else {
        return HttpResponse::PaymentRequired().finish();
    };
    let mut known = shared.known.lock().unwrap_or_else(PoisonError::into_inner);
    let (since, paid) =
        known.entry(name).or_insert_with(|| (Instant::now(), Arc::new(Paid { name })));
    if since.elapsed() > A_LONG_TIME {
        return HttpResponse::Unauthorized().finish();
    }
    request.extensions_mut().insert(Arc::clone(paid));
    HttpResponse::Ok()
        .insert_header((header::VARY, "Authorization"))
        .insert_header((header::CACHE_CONTROL, "private"))
        .body(WORDS)
}

fn credential(request: &HttpRequest) -> Option<(&str, &str)> {
    let value = request.headers().get(header::AUTHORIZATION)?;
    value.to_str().ok()?.strip_prefix("L402 ")?.split_once(':')
}

/// The hash of the preimage, and the name of the question.
fn names(macaroon: &str, preimage: &str) -> Option<([u8; 32], [u8; 32])> {
    let payment_hash: [u8; 32] = Sha256::digest(decode_hex::<32>(preimage.as_bytes())?).into();
    let mut name = Sha256::new();
    for part in [API_KEY.as_bytes(), macaroon.as_bytes(), &payment_hash, RESOURCE.as_bytes()] {
        name.update(part);
    }
    Some((payment_hash, name.finalize().into()))
}

async fn is_good(shared: &Shared, macaroon: &str, preimage: &str) -> actix_web::Result<bool> {
    let question = Verify { macaroon, preimage, resource: RESOURCE, amount_sats: PRICE_SATS };
    let verdict: Verdict = shared
        .http
        .post(format!("{}/api/l402/challenges/verify", shared.broker))
        .header("X-API-Key", API_KEY)
        .json(&question)
        .send()
        .await
        .map_err(error::ErrorBadGateway)?
        .json()
        .await
        .map_err(error::ErrorBadGateway)?;
    let covered = verdict.resource.as_deref() == Some(RESOURCE)
        && verdict.amount_sats.is_some_and(|sats| sats >= PRICE_SATS);
    Ok(verdict.valid && covered)
}
