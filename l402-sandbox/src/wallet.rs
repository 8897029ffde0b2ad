//! A wallet that pays the sandbox's invoices: directly, and over the two LND REST routes that
//! payers' clients call.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    event::Event,
    hex::hex,
    invoice,
    reply::{Reply, Request},
    state::State,
};

/// Why an invoice was not paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, derive_more::Display, derive_more::Error)]
#[non_exhaustive]
pub enum PaymentError {
    /// The text is no BOLT11 invoice, or its checksum or signature is wrong.
    #[display("that is no valid BOLT11 invoice")]
    NotAnInvoice,
    /// The invoice was issued elsewhere; the sandbox's wallet reaches nobody else.
    #[display("no route: the invoice was not issued by this sandbox")]
    NoRoute,
    /// The invoice has expired.
    #[display("the invoice has expired")]
    Expired,
    /// The invoice has been paid; no wallet pays twice.
    #[display("the invoice is already paid")]
    AlreadyPaid,
    /// There is no L402 challenge in the headers.
    #[display("the headers hold no L402 challenge")]
    NoChallenge,
}

pub(crate) struct Paid {
    payment_hash: [u8; 32],
    pub(crate) preimage: [u8; 32],
    amount_sats: u64,
}

/// Pays once, and only what was issued here and has not expired.
pub(crate) fn pay(state: &mut State, invoice: &str) -> Result<Paid, PaymentError> {
    let paid = settle(state, invoice);
    if let Err(failure) = &paid {
        state.report(&Event::NotPaid { reason: failure.to_string() });
    }
    paid
}

fn settle(state: &mut State, invoice: &str) -> Result<Paid, PaymentError> {
    let payment_hash = invoice::payment_hash(invoice).ok_or(PaymentError::NotAnInvoice)?;
    let now = state.now();
    let sale = state.sales.get_mut(&payment_hash).ok_or(PaymentError::NoRoute)?;
    if sale.paid_at.is_some() {
        return Err(PaymentError::AlreadyPaid);
    }
    if now >= sale.expires {
        return Err(PaymentError::Expired);
    }
    sale.paid_at = Some(now);
    let paid = Paid { payment_hash, preimage: sale.preimage, amount_sats: sale.amount_sats };
    let resource = sale.resource.clone();
    state.payments += 1;
    state.report(&Event::Paid { resource, amount_sats: paid.amount_sats });
    Ok(paid)
}

fn pay_requested(state: &mut State, request: &Request) -> Result<Paid, PaymentError> {
    // LND takes no notice of the content type, and neither do its clients.
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    pay(state, body["payment_request"].as_str().unwrap_or_default())
}

/// `POST /v2/router/send`: a stream of JSON lines, with the preimage in hexadecimal.
pub(crate) fn router_send(state: &mut State, request: &Request) -> Reply {
    let failure = match pay_requested(state, request) {
        Ok(paid) => {
            let payment = |status, preimage: &[u8; 32]| {
                json!({ "result": {
                    "payment_hash": hex(&paid.payment_hash),
                    "payment_preimage": hex(preimage),
                    "value_sat": paid.amount_sats.to_string(),
                    "fee_sat": "0",
                    "status": status,
                    "failure_reason": "FAILURE_REASON_NONE",
                }})
            };
            let (pending, done) =
                (payment("IN_FLIGHT", &[0; 32]), payment("SUCCEEDED", &paid.preimage));
            return Reply::text(200, format!("{pending}\n{done}\n"));
        }
        Err(failure) => failure,
    };
    // As LND maps its gRPC codes: `Unknown` to 500, `AlreadyExists` to 409.
    let (status, code, message) = match failure {
        PaymentError::AlreadyPaid => (409, 6, "invoice is already paid"),
        PaymentError::Expired => (500, 2, "invoice expired"),
        PaymentError::NoRoute => {
            let failed = json!({ "result": {
                "payment_preimage": hex(&[0; 32]),
                "status": "FAILED",
                "failure_reason": "FAILURE_REASON_NO_ROUTE",
            }});
            return Reply::text(200, format!("{failed}\n"));
        }
        PaymentError::NotAnInvoice | PaymentError::NoChallenge => {
            (500, 2, "invalid payment request")
        }
    };
    let error = json!({ "error": { "code": code, "message": message, "details": [] } });
    Reply::json(status, error)
}

/// `POST /v1/channels/transactions`: one JSON object, with the preimage in base64.
pub(crate) fn channels_transactions(state: &mut State, request: &Request) -> Reply {
    let failed = |error: &str| {
        Reply::json(
            200,
            json!({
                "payment_error": error,
                "payment_preimage": "",
                "payment_route": null,
                "payment_hash": "",
            }),
        )
    };
    let broken =
        |message: &str| Reply::json(500, json!({ "code": 2, "message": message, "details": [] }));
    match pay_requested(state, request) {
        Ok(paid) => Reply::json(
            200,
            json!({
                "payment_error": "",
                "payment_preimage": STANDARD.encode(paid.preimage),
                "payment_route": { "total_amt": paid.amount_sats.to_string(), "total_fees": "0" },
                "payment_hash": STANDARD.encode(paid.payment_hash),
            }),
        ),
        Err(PaymentError::AlreadyPaid) => failed("invoice is already paid"),
        Err(PaymentError::NoRoute) => failed("no_route"),
        Err(PaymentError::Expired) => broken("invoice expired"),
        Err(PaymentError::NotAnInvoice | PaymentError::NoChallenge) => {
            broken("invalid payment request")
        }
    }
}

/// A `WWW-Authenticate` value -> the macaroon and the invoice of its L402 challenge.
pub(crate) fn challenge(value: &str) -> Option<(&str, &str)> {
    let (scheme, parameters) = value.trim_start().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("L402") && !scheme.eq_ignore_ascii_case("LSAT") {
        return None;
    }
    let parameter = |name: &str| {
        parameters.split(',').find_map(|parameter| {
            let value = parameter.trim().strip_prefix(name)?.strip_prefix('=')?;
            Some(value.trim_matches('"'))
        })
    };
    Some((parameter("macaroon")?, parameter("invoice")?))
}
