//! What comes back: a bounded body, parsed, or the error that a refusal stands for.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::{
    Response,
    header::{HeaderMap, RETRY_AFTER},
};
use serde::de::DeserializeOwned;

use crate::{L402Error, problem::Problem};

/// The longest reply that is read: 64 KiB. A challenge takes 2 KiB; more is a fault, not memory. A
/// page of [`challenges`](crate::L402Client::challenges) may take 1 MiB.
pub const MAX_REPLY_BYTES: usize = 64 * 1024;

/// The longest text that is taken over from the broker, in characters.
const MAX_TEXT_CHARS: usize = 500;

/// What stands in for a secret in the broker's words.
const REDACTED: &str = "[redacted]";

/// From here on a run of base64 or hexadecimal digits counts as a token. A preimage has 64, the
/// id of a request, which is worth having in a log, 36.
const MIN_TOKEN_CHARS: usize = 40;

/// A shorter secret is none: a client that sends `a:b` would have each `a` and `b` taken out.
const MIN_SECRET_CHARS: usize = 3;

/// What must not come back to light in the broker's words: the key, the macaroon, the preimage.
/// An empty one stands for none.
#[derive(Clone, Copy)]
pub(crate) struct Secrets<'a>(pub(crate) [&'a str; 3]);

impl Secrets<'_> {
    /// The broker's words without the secrets, without what could forge a line in a log, and not
    /// longer than a few sentences.
    pub(crate) fn presentable(&self, text: &str) -> String {
        let mut text: String = text.chars().filter(|char| !char.is_control()).collect();
        for secret in self.0.into_iter().filter(|secret| secret.len() >= MIN_SECRET_CHARS) {
            text = text.replace(secret, REDACTED);
        }
        without_tokens(&text).chars().take(MAX_TEXT_CHARS).collect()
    }

    /// The URL of a call, without the key that somebody may have put into it.
    pub(crate) fn url(&self, url: &str) -> String {
        let [key, ..] = self.0;
        if key.len() < MIN_SECRET_CHARS { url.to_owned() } else { url.replace(key, REDACTED) }
    }
}

/// Takes out whatever looks like a macaroon or a preimage: the broker may quote one that this call
/// does not know, such as another payer's.
fn without_tokens(text: &str) -> String {
    let is_digit = |char: char| char.is_ascii_alphanumeric() || "+/=_-".contains(char);
    let mut shown = String::with_capacity(text.len());
    for piece in text.split_inclusive(|char| !is_digit(char)) {
        let run = piece.trim_end_matches(|char| !is_digit(char));
        if run.len() >= MIN_TOKEN_CHARS && run.bytes().any(|byte| byte.is_ascii_digit()) {
            shown += REDACTED;
            shown += &piece[run.len()..];
        } else {
            shown += piece;
        }
    }
    shown
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_token_is_taken_out_and_what_does_not_stays() {
        let secrets = Secrets(["key", "a", ""]);
        let preimage = "5ec2e7".repeat(11);
        let macaroon = "AgELbDQwMi1zYW5kYm94AkIAAFl+/w==".repeat(2);
        for (text, shown) in [
            (format!("no {preimage}!"), "no [redacted]!"),
            (format!("{macaroon}:{preimage}"), "[redacted]:[redacted]"),
            (format!("{preimage}\u{e9}key"), "[redacted]\u{e9}[redacted]"),
            ("key\r\nforged".to_owned(), "[redacted]forged"),
            ("the token has expired".to_owned(), "the token has expired"),
            (
                "request 123e4567-e89b-12d3-a456-426614174000".to_owned(),
                "request 123e4567-e89b-12d3-a456-426614174000",
            ),
        ] {
            assert_eq!(secrets.presentable(&text), shown, "{text}");
        }
        assert_eq!(secrets.presentable(&"x".repeat(600)).len(), MAX_TEXT_CHARS);
    }
}
