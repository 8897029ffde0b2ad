//! What every call has to have: an API key, a place within its rate limit, and a body of JSON.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    event::Event,
    reply::{Reply, Request},
    state::State,
};

/// How far back the rate limit looks.
const RATE_WINDOW: Duration = Duration::from_secs(60);

/// The merchant behind the API key, within the key's rate limit.
pub(crate) fn admitted(state: &mut State, request: &Request) -> Result<u64, Reply> {
    let key = request.header("x-api-key");
    let Some(merchant) = key.and_then(|key| state.merchants.get(key)).copied() else {
        state.report(&Event::KeyRefused { sent: key.is_some() });
        let why = if key.is_some() { "the API key is not known" } else { "an API key is required" };
        return Err(Reply::refusal(401, why));
    };
    let Some(limit) = state.settings.rate_limit else { return Ok(merchant) };
    let now = state.now();
    let calls = state.calls.entry(merchant).or_default();
    while calls.front().is_some_and(|call| *call + RATE_WINDOW <= now) {
        calls.pop_front();
    }
    if calls.len() >= limit as usize {
        let free_at = calls.front().map_or(now, |first| *first + RATE_WINDOW);
        // A second that has begun is a second to wait.
        let wait = free_at.saturating_sub(now).as_secs() + 1;
        return Err(
            Reply::refusal(429, "too many requests").header("Retry-After", wait.to_string())
        );
    }
    calls.push_back(now);
    Ok(merchant)
}

pub(crate) fn parsed<T: DeserializeOwned>(request: &Request) -> Result<T, Reply> {
    let json =
        request.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    check(json, "Content-Type must be application/json")?;
    let body: Value = serde_json::from_slice(&request.body)
        .map_err(|_| Reply::refusal(400, "the body is not JSON"))?;
    // An unset field is left out; `null` is not its spelling.
    let nulls = body.as_object().is_some_and(|fields| fields.values().any(Value::is_null));
    check(!nulls, "a field is null")?;
    serde_json::from_value(body).map_err(|err| Reply::refusal(400, &err.to_string()))
}

pub(crate) fn check(holds: bool, otherwise: &str) -> Result<(), Reply> {
    if holds { Ok(()) } else { Err(Reply::refusal(400, otherwise)) }
}
