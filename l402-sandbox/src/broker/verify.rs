//! The verdict: whether a credential was paid for, and is good for what it is presented for.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    broker::admission::{admitted, check, parsed},
    event::Event,
    hex::{hex, unhex},
    invoice,
    macaroon::Macaroon,
    reply::{Reply, Request},
    settings::ReadOut,
    state::State,
};

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

/// `POST /api/l402/challenges/verify`. An `Err` is a refusal of the call; a token that is refused
/// is an `Ok`.
pub(crate) fn verify(state: &mut State, request: &Request) -> Result<Reply, Reply> {
    admitted(state, request, verify_for)
}

fn verify_for(state: &mut State, request: &Request, merchant: u64) -> Result<Reply, Reply> {
    let question: Verify = parsed(request)?;
    check(!question.preimage.trim().is_empty(), "preimage", "is required")?;
    check(question.amount_sats != Some(0), "amountSats", "must be at least 1")?;
    let blank = question.resource.as_ref().is_some_and(|resource| resource.trim().is_empty());
    check(!blank, "resource", "is empty")?;
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
        // Holders append what they like. What is not known here is skipped, as the L402 specification
        // says; what is known has to hold each time, so that appending only ever narrows.
        let Some(known) = str::from_utf8(caveat).ok().and_then(|text| text.split_once('=')) else {
            continue;
        };
        match known {
            ("merchant_id", id) if id != merchant.to_string() => {
                return Err("the token is another merchant's");
            }
            ("expires", at) if at.parse().map_or(true, |at: u64| at <= now) => {
                return Err("the token has expired");
            }
            ("path", path) => paths.push(path),
            ("amount_sats", sats) => {
                amounts.push(sats.parse::<u64>().map_err(|_| "a caveat cannot be read")?);
            }
            ("preimage", bound) => {
                let bound = unhex(bound).ok_or("a caveat cannot be read")?;
                if invoice::payment_hash_of(&bound) != payment_hash {
                    return Err("the token is bound to another preimage");
                }
            }
            _ => {}
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

/// A preimage without a macaroon: good once, for what its invoice was minted for.
fn judge_mpp(state: &mut State, merchant: u64, question: &Verify) -> Result<Value, &'static str> {
    let preimage = unhex(&question.preimage).ok_or("the preimage is not 64 hexadecimal digits")?;
    let payment_hash = invoice::payment_hash_of(&preimage);
    let now = state.now();
    let sale = state.sales.get_mut(&payment_hash).ok_or("no such payment")?;
    if sale.paid_at.is_none() || sale.merchant != merchant {
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
