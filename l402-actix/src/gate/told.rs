//! The merchant is told of payments.

use super::visit::Visit;
use crate::{
    background::{self, Task},
    broker::Line,
    hook::{Hook, OnPayment},
    key::hex,
    observe,
    payment::{Payment, Route},
    terms::Question,
};

/// Takes note that the payment behind a question lets a request in, and tells the merchant, the first
/// time.
pub(super) fn accepted(visit: &Visit<'_>, question: &Question, payment: &Payment) {
    // Most requests are by a token that was accepted before.
    if !visit.broker.known(question).accepted {
        Teller::of(visit, question).accepted(payment);
    }
}

/// The same for when the request may be gone.
pub(super) struct Teller {
    line: Line,
    question: Question,
    /// What is told, and the pattern of the route.
    on_payment: Option<(OnPayment, String)>,
    /// What is accepted, in sats.
    accepts: u64,
}

impl Teller {
    pub(super) fn of(visit: &Visit<'_>, question: &Question) -> Self {
        let on_payment = visit.config.on_payment.clone();
        Self {
            line: visit.config.broker.line.clone(),
            question: *question,
            on_payment: on_payment.map(|hook| (hook, observe::route(visit.request))),
            accepts: visit.sats.accept,
        }
    }

    pub(super) fn accepted(self, payment: &Payment) {
        let known = self.line.known(&self.question);
        if known.accepted || !self.line.accepted(&self.question) {
            return;
        }
        let Some((Hook(on_payment), pattern)) = self.on_payment else { return };
        let mut payment = payment.clone();
        // What the preimage proves, before what a token's holder may have written into it.
        payment.payment_hash =
            self.question.payment_hash.as_ref().map(hex).or(payment.payment_hash);
        let price_sats = known.sold.map_or(self.accepts, |sold| sold.sats);
        let route = Route { pattern, price_sats };
        let told = Box::pin(async move {
            let call: Task = Box::pin(async move { on_payment(payment, route).await });
            let told = tokio::spawn(call).await;
            if told.is_err_and(|err| err.is_panic()) {
                tracing::error!(
                    "`on_payment` has panicked; what it was told of is in the broker's books"
                );
            }
        });
        if let Err(err) = background::spawn_hook(told) {
            tracing::error!("no thread for `on_payment`: {err}");
        }
    }
}
