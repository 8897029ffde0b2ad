//! The producer API: what the broker answers to a mint and to a verify.
//!
//! The wire types are written here a second time on purpose. If the client's were used, a field
//! that is misspelt in them would be misspelt on both sides, and no test would see it.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    hex::{hex, unhex},
    invoice::{self, Invoice, MAX_DESCRIPTION_BYTES},
    macaroon::Macaroon,
    random::random,
    reply::{Reply, Request},
    state::{Sale, State},
    types::{Event, ReadOut},
};

/// The broker cuts longer idempotency keys.
const MAX_IDEMPOTENCY_KEY_CHARS: usize = 256;

/// How far back the rate limit looks.
const RATE_WINDOW: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Mint {
    resource: String,
    price_sats: u64,
    description: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Verify {
    macaroon: Option<String>,
    preimage: String,
    resource: Option<String>,
    amount_sats: Option<u64>,
}

impl Verify {
    /// Whether it is what the SDK's `L402Client::check` sends: a token that nobody holds, refused
    /// by a broker that has taken the key. In the terminal that must not look like a failure.
    fn is_check(&self) -> bool {
        self.macaroon.as_deref() == Some("AA")
            && self.preimage.len() == 64
            && self.preimage.bytes().all(|digit| digit == b'0')
            && self.resource.is_none()
            && self.amount_sats.is_none()
    }
}

/// `POST /api/l402/challenges`. An `Err` is a refusal.
pub(crate) fn mint(state: &mut State, request: &Request) -> Result<Reply, Reply> {
    let merchant = admitted(state, request)?;
    let ask: Mint = parsed(request)?;
    check(!ask.resource.trim().is_empty(), "resource is required")?;
    check(ask.price_sats >= 1, "priceSats must be at least 1")?;
    let description = ask.description.unwrap_or_else(|| {
        let text = format!("L402: {}", ask.resource);
        if text.len() <= MAX_DESCRIPTION_BYTES { text } else { "L402".to_owned() }
    });
    check(description.len() <= MAX_DESCRIPTION_BYTES, "description fits into no invoice")?;

    let now = state.now();
    // Without a key the caller's address is one: for a merchant's server always the same.
    let key = request.header("x-idempotency-key").map_or_else(
        || request.peer.ip().to_string(),
        |key| key.chars().take(MAX_IDEMPOTENCY_KEY_CHARS).collect(),
    );
    if let Some((expires, challenge)) = state.challenges.get(&(merchant, key.clone()))
        && now < *expires
    {
        return Ok(Reply::json(200, challenge.clone()));
    }

    let expires = now + state.settings.invoice_lifetime;
    let issued = invoice::issue(
        &state.node_key,
        ask.price_sats,
        &description,
        now,
        state.settings.invoice_lifetime,
    );
    let issued = issued.ok_or_else(|| Reply::refusal(400, "priceSats fits into no invoice"))?;

    // Laid out as LND's aperture does: a version, the payment hash, and a random token id.
    let identifier = [&[0, 0][..], &issued.payment_hash, &random::<32>()].concat();
    let token_expires = (now + state.settings.token_lifetime).as_secs();
    let macaroon = Macaroon::new(&state.root_key, "l402-sandbox", identifier)
        .caveat(format!("merchant_id={merchant}"))
        .caveat(format!("path={}", ask.resource))
        .caveat(format!("amount_sats={}", ask.price_sats))
        .caveat(format!("expires={token_expires}"));
    let challenge = json!({
        "invoice": issued.text,
        "macaroon": macaroon.encode(),
        "paymentHash": hex(&issued.payment_hash),
        "expiresAt": iso8601(expires),
        "resource": ask.resource,
        "priceSats": ask.price_sats,
        "mppChallenge": mpp_challenge(&issued, ask.price_sats, &iso8601(expires)),
    });
    let sale = Sale {
        merchant,
        resource: ask.resource.clone(),
        amount_sats: ask.price_sats,
        preimage: issued.preimage,
        expires,
        token_expires: Duration::from_secs(token_expires),
        paid: false,
        spent_by_mpp: false,
    };
    state.sales.insert(issued.payment_hash, sale);
    state.challenges.insert((merchant, key), (expires, challenge.clone()));
    state.report(&Event::Minted { resource: ask.resource, price_sats: ask.price_sats });
    Ok(Reply::json(200, challenge))
}

/// `POST /api/l402/challenges/verify`. An `Err` is a refusal of the call; a token that is refused
/// is an `Ok`.
pub(crate) fn verify(state: &mut State, request: &Request) -> Result<Reply, Reply> {
    let merchant = admitted(state, request)?;
    let question: Verify = parsed(request)?;
    check(!question.preimage.trim().is_empty(), "preimage is required")?;
    check(question.amount_sats != Some(0), "amountSats must be at least 1")?;
    let blank = question.resource.as_ref().is_some_and(|resource| resource.trim().is_empty());
    check(!blank, "resource is empty")?;
    let verdict = match &question.macaroon {
        Some(macaroon) => judge(state, merchant, &question, macaroon),
        None => judge_mpp(state, merchant, &question),
    };
    if question.is_check() {
        state.report(&Event::KeyChecked);
    } else {
        let refusal = verdict.as_ref().err().map(|reason| (*reason).to_owned());
        state.report(&Event::Verified { resource: question.resource, refusal });
    }
    let verdict = verdict.unwrap_or_else(|reason| json!({ "valid": false, "error": reason }));
    Ok(Reply::json(200, verdict))
}

/// Every caveat has to hold, those that the holder appended included: that is what makes a
/// macaroon impossible to widen.
fn judge(
    state: &State,
    merchant: u64,
    question: &Verify,
    macaroon: &str,
) -> Result<Value, &'static str> {
    let macaroon = Macaroon::decode(macaroon).map_err(|_| "the macaroon cannot be read")?;
    if !macaroon.is_signed_with(&state.root_key) {
        return Err("the macaroon was not issued here");
    }
    let payment_hash = macaroon.identifier.get(2..34).ok_or("the macaroon cannot be read")?;
    let preimage = unhex(&question.preimage).ok_or("the preimage is not 64 hexadecimal digits")?;
    if invoice::payment_hash_of(&preimage) != payment_hash {
        return Err("the preimage is not this payment's");
    }

    let now = state.now().as_secs();
    let (mut paths, mut amounts) = (Vec::new(), Vec::new());
    for caveat in &macaroon.caveats {
        let caveat = str::from_utf8(caveat).map_err(|_| "a caveat cannot be read")?;
        match caveat.split_once('=').ok_or("a caveat cannot be read")? {
            ("merchant_id", id) if id != merchant.to_string() => {
                return Err("the token is another merchant's");
            }
            ("expires", at) if at.parse().map_or(true, |at: u64| at <= now) => {
                return Err("the token has expired");
            }
            ("merchant_id" | "expires", _) => {}
            ("path", path) => paths.push(path),
            ("amount_sats", sats) => {
                amounts.push(sats.parse::<u64>().map_err(|_| "a caveat cannot be read")?);
            }
            _ => return Err("a caveat is unknown"),
        }
    }
    if let Some(resource) = &question.resource
        && paths.iter().any(|path| path != resource)
    {
        return Err("the token is for another resource");
    }
    if let Some(asked) = question.amount_sats
        && amounts.iter().any(|paid| *paid < asked)
    {
        return Err("the token paid less than the price");
    }
    let (path, amount) = match state.settings.read_out {
        ReadOut::First => (paths.first(), amounts.first()),
        ReadOut::Last => (paths.last(), amounts.last()),
    };
    Ok(json!({
        "valid": true,
        "resource": path,
        "merchantId": merchant,
        "amountSats": amount,
        "paymentHash": hex(payment_hash),
    }))
}

/// The draft-00 profile of the `Payment` scheme: `request` is base64url of canonical JSON, keys
/// sorted and without white space.
fn mpp_challenge(invoice: &Invoice, sats: u64, expires: &str) -> String {
    let request = json!({
        "amount": sats.to_string(),
        "currency": "sat",
        "methodDetails": {
            "invoice": invoice.text,
            "network": "regtest",
            "paymentHash": hex(&invoice.payment_hash),
        },
    });
    let (id, request) = (hex(&random::<16>()), URL_SAFE_NO_PAD.encode(request.to_string()));
    format!(
        r#"Payment id="{id}", realm="l402-sandbox", method="lightning", intent="charge", request="{request}", expires="{expires}""#
    )
}

/// A preimage without a macaroon: good once, for what its invoice was minted for.
fn judge_mpp(state: &mut State, merchant: u64, question: &Verify) -> Result<Value, &'static str> {
    let preimage = unhex(&question.preimage).ok_or("the preimage is not 64 hexadecimal digits")?;
    let payment_hash = invoice::payment_hash_of(&preimage);
    let now = state.now();
    let sale = state.sales.get_mut(&payment_hash).ok_or("no such payment")?;
    if !sale.paid || sale.merchant != merchant {
        return Err("no such payment");
    }
    if now >= sale.token_expires {
        return Err("the payment has expired");
    }
    if question.resource.as_ref().is_some_and(|resource| *resource != sale.resource) {
        return Err("the payment is for another resource");
    }
    if question.amount_sats.is_some_and(|asked| sale.amount_sats < asked) {
        return Err("the payment is less than the price");
    }
    if std::mem::replace(&mut sale.spent_by_mpp, true) {
        return Err("the payment has been used");
    }
    Ok(json!({
        "valid": true,
        "resource": sale.resource,
        "merchantId": merchant,
        "amountSats": sale.amount_sats,
        "paymentHash": hex(&payment_hash),
    }))
}

/// The merchant behind the API key, within the key's rate limit.
fn admitted(state: &mut State, request: &Request) -> Result<u64, Reply> {
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

fn parsed<T: DeserializeOwned>(request: &Request) -> Result<T, Reply> {
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

fn check(holds: bool, otherwise: &str) -> Result<(), Reply> {
    if holds { Ok(()) } else { Err(Reply::refusal(400, otherwise)) }
}

fn iso8601(since_epoch: Duration) -> String {
    let seconds = i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|date| date.format(&Rfc3339).ok())
        .unwrap_or_default()
}
