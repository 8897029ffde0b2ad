//! The two questions about an account: what it is, and what it has sold.

use serde_json::{Value, json};

use crate::{
    broker::{admission::admitted, date::iso8601},
    event::Event,
    hex::hex,
    reply::{Reply, Request},
    state::{Sale, State},
};

/// How many challenges stand on a page unless it is said; the broker's own number is not known.
const USUAL_PAGE: u64 = 50;

const MAX_PAGE: u64 = 200;

/// `GET /api/merchant/me`, with what is to be wrong with the account.
pub(crate) fn merchant(
    state: &mut State,
    request: &Request,
    wrong: Option<fn(&mut Value)>,
) -> Result<Reply, Reply> {
    admitted(state, request, |state, _, merchant| {
        let mut account = json!({
            "merchantId": merchant,
            "name": format!("Sandbox merchant {merchant}"),
            "planTier": "individual",
            "subscriptionStatus": "active",
            "isActive": true,
            "features": { "l402Enabled": true },
            "onboarding": {
                "hasOpenNodeKey": false,
                "hasStrikeKey": false,
                "hasNwcConnection": true,
                "hasWebhookUrl": false,
                "hasActiveProxy": false,
                "proxyCount": 0,
                "isFullyConfigured": true,
            },
        });
        if let Some(wrong) = wrong {
            wrong(&mut account);
        }
        state.report(&Event::KeyChecked);
        Ok(Reply::json(200, account))
    })
}

/// `GET /api/l402/challenges`: the newest first, never with a macaroon or a preimage.
pub(crate) fn challenges(state: &mut State, request: &Request) -> Result<Reply, Reply> {
    admitted(state, request, |state, request, merchant| {
        let wanted = request.query("status").filter(|word| !word.is_empty());
        if let Some(word) = &wanted
            && !["paid", "unpaid", "expired"].contains(&word.as_str())
        {
            return Err(Reply::invalid("status", "must be paid, unpaid or expired"));
        }
        let limit = number(request, "limit", USUAL_PAGE)?;
        if !(1..=MAX_PAGE).contains(&limit) {
            return Err(Reply::invalid("limit", "must be between 1 and 200"));
        }
        let offset = number(request, "offset", 0)?;

        let mut sales: Vec<_> = state
            .sales
            .iter()
            .filter(|(_, sale)| sale.merchant == merchant)
            .filter(|(_, sale)| wanted.as_deref().is_none_or(|word| word == status(state, sale)))
            .collect();
        sales.sort_unstable_by_key(|(_, sale)| std::cmp::Reverse(sale.number));
        let (skipped, taken) = (
            usize::try_from(offset).unwrap_or(usize::MAX),
            usize::try_from(limit).unwrap_or(usize::MAX),
        );
        let page: Vec<_> = sales
            .iter()
            .skip(skipped)
            .take(taken)
            .map(|(hash, sale)| {
                json!({
                    "paymentHash": hex(*hash),
                    "resource": sale.resource,
                    "amountSats": sale.amount_sats,
                    "status": status(state, sale),
                    "createdAt": iso8601(sale.created),
                    "paidAt": sale.paid_at.map(iso8601),
                    "expiresAt": iso8601(sale.expires),
                    "idempotencyKey": sale.idempotency_key,
                })
            })
            .collect();
        Ok(Reply::json(
            200,
            json!({
                "challenges": page,
                "total": sales.len(),
                "limit": limit,
                "offset": offset,
                "status": wanted,
            }),
        ))
    })
}

fn status(state: &State, sale: &Sale) -> &'static str {
    match sale.paid_at {
        Some(_) => "paid",
        None if state.now() >= sale.expires => "expired",
        None => "unpaid",
    }
}

fn number(request: &Request, name: &str, otherwise: u64) -> Result<u64, Reply> {
    let Some(text) = request.query(name) else { return Ok(otherwise) };
    text.parse().map_err(|_| Reply::invalid(name, "must be a whole number"))
}
