//! The merchant is told of payments.

use super::visit::Visit;
use crate::{
    background,
    hook::Hook,
    key::hex,
    observe,
    payment::{Payment, Route},
    terms::Question,
};

/// Takes note that the payment behind a question lets a request in, and tells the merchant, the first
/// time.
pub(super) fn accepted(visit: &Visit<'_>, question: &Question, payment: &Payment) {
    let known = visit.broker.known(question);
    // Most requests are by a token that was accepted before.
    if known.accepted || !visit.broker.accepted(question) {
        return;
    }
    let Some(Hook(on_payment)) = visit.config.on_payment.clone() else { return };
    let mut payment = payment.clone();
    // What the preimage proves, before what a token's holder may have written into it.
    payment.payment_hash = question.payment_hash.as_ref().map(hex).or(payment.payment_hash);
    let route = Route {
        pattern: observe::route(visit.request),
        price_sats: known.sold.map_or(visit.sats.accept, |sold| sold.sats),
    };
    let told = async move {
        let told = tokio::spawn(async move { on_payment(payment, route).await }).await;
        if told.is_err_and(|err| err.is_panic()) {
            tracing::error!(
                "`on_payment` has panicked; what it was told of is in the broker's books"
            );
        }
    };
    if let Err(err) = background::spawn_hook(told) {
        tracing::error!("no thread for `on_payment`: {err}");
    }
}
