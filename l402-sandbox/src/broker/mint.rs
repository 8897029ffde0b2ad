//! The mint: an invoice, and the macaroon that it pays for.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::json;

use crate::{
    broker::{
        admission::{admitted, check, parsed},
        date::iso8601,
    },
    event::Event,
    hex::hex,
    invoice::{self, Invoice, MAX_DESCRIPTION_BYTES},
    macaroon::Macaroon,
    random::random,
    reply::{Reply, Request},
    state::{Asked, Held, Sale, State},
};

/// The broker cuts longer idempotency keys.
const MAX_IDEMPOTENCY_KEY_CHARS: usize = 256;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Mint {
    resource: String,
    price_sats: u64,
    description: Option<String>,
}

/// `POST /api/l402/challenges`. An `Err` is a refusal.
pub(crate) fn mint(state: &mut State, request: &Request) -> Result<Reply, Reply> {
    admitted(state, request, mint_for)
}

fn mint_for(state: &mut State, request: &Request, merchant: u64) -> Result<Reply, Reply> {
    let ask: Mint = parsed(request)?;
    check(!ask.resource.trim().is_empty(), "resource", "is required")?;
    check(ask.price_sats >= 1, "priceSats", "must be at least 1")?;
    let asked = Asked(ask.resource.clone(), ask.price_sats, ask.description.clone());
    let description = ask.description.unwrap_or_else(|| {
        let text = format!("L402: {}", ask.resource);
        if text.len() <= MAX_DESCRIPTION_BYTES { text } else { "L402".to_owned() }
    });
    check(description.len() <= MAX_DESCRIPTION_BYTES, "description", "fits into no invoice")?;

    let now = state.now();
    // Without a key the caller's address is one: for a merchant's server always the same.
    let given: Option<String> = request
        .header("x-idempotency-key")
        .map(|key| key.chars().take(MAX_IDEMPOTENCY_KEY_CHARS).collect());
    let key = given.clone().unwrap_or_else(|| request.peer.ip().to_string());
    if let Some(held) = state.challenges.get(&(merchant, key.clone()))
        && now < held.expires
    {
        if given.is_some() && held.asked != asked {
            let detail = "The idempotency key was used with other parameters.";
            return Err(Reply::problem(409, Some("idempotency_key_reuse"), "Conflict", detail));
        }
        return Ok(Reply::json(200, held.challenge.clone()));
    }

    let expires = now + state.settings.invoice_lifetime;
    let issued = invoice::issue(
        &state.node_key,
        ask.price_sats,
        &description,
        now,
        state.settings.invoice_lifetime,
    );
    let issued = issued.ok_or_else(|| Reply::invalid("priceSats", "fits into no invoice"))?;

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
        number: state.sales.len(),
        created: now,
        idempotency_key: given,
        paid_at: None,
        spent_by_mpp: false,
    };
    state.sales.insert(issued.payment_hash, sale);
    let held = Held { expires, asked, challenge: challenge.clone() };
    state.challenges.insert((merchant, key), held);
    state.report(&Event::Minted { resource: ask.resource, price_sats: ask.price_sats });
    Ok(Reply::json(200, challenge))
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
