//! Doors for `benches/`, to what no public function runs by itself. Nothing here opens a route.

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse,
    http::header::{HeaderMap, HeaderName},
};
use l402_server::Challenge;

use crate::{
    __private::Offer,
    Payment, challenge, credential,
    error::Refusal,
    gate::{self, Paid, Passed},
};

/// Whether the headers hold a credential; all of the work of finding it is done.
#[must_use]
pub fn has_credential(headers: &HeaderMap, own: Option<&HeaderName>) -> bool {
    credential::find(headers, own, false).is_some()
}

/// The 402 for a challenge.
#[must_use]
pub fn payment_required(challenge: &Challenge) -> HttpResponse {
    challenge::payment_required(challenge).unwrap_or_else(Refusal::into_response)
}

/// Whether the gate would let a request in for which the broker has verified `payment`: config,
/// price, resource and comparison.
pub async fn decision(request: &HttpRequest, offer: &Offer<'_>, payment: Payment) -> bool {
    let paid = Paid { price_sats: payment.amount_sats, payment, mark: None, may_be_cached: false };
    request.extensions_mut().insert(Passed { paid, resource: None });
    let admitted = gate::admit(request, offer).await;
    // Whoever is handed the request next finds nothing in it that was not verified.
    request.extensions_mut().remove::<Passed>();
    matches!(admitted, Ok(Some(_)))
}
