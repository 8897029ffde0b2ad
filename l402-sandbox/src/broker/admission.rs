//! What every call has to have: an API key, a place within its rate limit, and a body of JSON.

use hyper::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    broker::minute::Minute,
    event::Event,
    reply::{Reply, Request},
    state::State,
};

/// Questions have a limit of their own, twice that of mint and verify.
const GETS_FOR_A_CALL: u32 = 2;

/// Lets a call in and has it answered: by `call`, for the merchant whose key it has sent. Where there
/// is a rate limit, each reply to a call that counts says what is left of it, refusals included.
pub(crate) fn admitted(
    state: &mut State,
    request: &Request,
    call: impl FnOnce(&mut State, &Request, u64) -> Result<Reply, Reply>,
) -> Result<Reply, Reply> {
    let merchant = merchant(state, request)?;
    let Some(limit) = state.settings.rate_limit else { return call(state, request, merchant) };
    let now = state.now();
    let is_get = request.method == Method::GET;
    let limit = if is_get { limit.saturating_mul(GETS_FOR_A_CALL) } else { limit };
    let minute = Minute::count(state.calls.entry((merchant, is_get)).or_default(), limit, now)
        .map_err(|used_up| used_up.refusal())?;
    match call(state, request, merchant) {
        Ok(reply) => Ok(minute.told_in(reply)),
        Err(refusal) => Err(minute.told_in(refusal)),
    }
}

/// The merchant behind the API key.
fn merchant(state: &State, request: &Request) -> Result<u64, Reply> {
    let key = request.header("x-api-key");
    key.and_then(|key| state.merchants.get(key)).copied().ok_or_else(|| {
        state.report(&Event::KeyRefused { sent: key.is_some() });
        let why =
            if key.is_some() { "The API key is not known." } else { "An API key is required." };
        Reply::problem(401, None, "Unauthorized", why)
    })
}

pub(crate) fn parsed<T: DeserializeOwned>(request: &Request) -> Result<T, Reply> {
    let json =
        request.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    check(json, "Content-Type", "must be application/json")?;
    let body: Value =
        serde_json::from_slice(&request.body).map_err(|_| Reply::invalid("$", "is not JSON"))?;
    // An unset field is left out; `null` is not its spelling.
    let nulls = body.as_object().is_some_and(|fields| fields.values().any(Value::is_null));
    check(!nulls, "$", "has a field that is null")?;
    serde_json::from_value(body).map_err(|err| Reply::invalid("$", &err.to_string()))
}

pub(crate) fn check(holds: bool, field: &str, otherwise: &str) -> Result<(), Reply> {
    if holds { Ok(()) } else { Err(Reply::invalid(field, otherwise)) }
}
