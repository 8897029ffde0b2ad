//! What comes back: a bounded body, parsed, or the error that a refusal stands for.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::{
    Response,
    header::{HeaderMap, RETRY_AFTER},
};
use serde::de::DeserializeOwned;

use crate::{L402Error, problem::Problem, secrets::Secrets};

/// The longest reply that is read: 64 KiB. A challenge takes 2 KiB; more is a fault, not memory. A
/// page of [`challenges`](crate::L402Client::challenges) may take 1 MiB.
pub const MAX_REPLY_BYTES: usize = 64 * 1024;

/// A reply -> what it carries, or the error it stands for.
pub(crate) async fn accept<T: DeserializeOwned>(
    response: Response,
    secrets: &Secrets<'_>,
    max_bytes: usize,
) -> Result<T, L402Error> {
    if response.status().is_success() {
        parse(&read(response, max_bytes).await?)
    } else {
        // Apart, so that a yes does not carry the room for it.
        Err(Box::pin(refusal(response, secrets)).await)
    }
}

async fn refusal(response: Response, secrets: &Secrets<'_>) -> L402Error {
    let status = response.status();
    let retry_after = retry_after(response.headers(), SystemTime::now());
    // The status has decided; a body that cannot be read takes nothing from it.
    let body = read(response, MAX_REPLY_BYTES).await.ok();
    let body = body.and_then(|body| serde_json::from_slice(&body).ok()).unwrap_or_default();
    Problem { status, retry_after, body, secrets }.into_error()
}

/// Reads a body up to `max_bytes`, chunk by chunk: the announced length may lie, and a compressed
/// body grows while it is read.
async fn read(mut response: Response, max_bytes: usize) -> Result<Bytes, L402Error> {
    let check_length = |bytes: usize| {
        if bytes > max_bytes {
            let kib = max_bytes / 1024;
            return Err(L402Error::invalid_response(format!("the body is longer than {kib} KiB")));
        }
        Ok(())
    };
    let Some(first) = response.chunk().await? else { return Ok(Bytes::new()) };
    check_length(first.len())?;
    // Nearly every reply is one chunk, which is read where it lies.
    let Some(mut next) = response.chunk().await? else { return Ok(first) };
    let mut body = Vec::from(first);
    loop {
        check_length(body.len() + next.len())?;
        body.extend_from_slice(&next);
        match response.chunk().await? {
            Some(chunk) => next = chunk,
            None => return Ok(body.into()),
        }
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, L402Error> {
    // serde would fill a struct from an array, too: `[true]` is no verdict.
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(L402Error::invalid_response("an array and not an object"));
    }
    serde_json::from_slice(body).map_err(|err| {
        let text = err.to_string();
        // serde quotes a value that does not fit, and that may be a macaroon; the name of a
        // missing field is ours.
        L402Error::invalid_response(if text.starts_with("missing field") {
            text
        } else {
            let (kind, line, column) = (err.classify(), err.line(), err.column());
            format!("not the JSON that was expected ({kind:?} at line {line} column {column})")
        })
    })
}

fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    // A date that has passed means: now.
    Some(date.duration_since(now).unwrap_or_default())
}
