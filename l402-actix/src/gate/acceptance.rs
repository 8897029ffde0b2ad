//! What an MPP payment was accepted for: the broker takes it once, and then this answers for it.

use std::sync::Arc;

use super::visit::Visit;
use crate::{
    answer::Refusal,
    balance::{Accepted, Kind, Mark, accept, accepted},
    key::{Key, hex, key},
    payment::Payment,
    terms::GoodFor,
};

/// What the broker has accepted for this resource, at this price or more.
pub(super) async fn before(
    visit: &Visit<'_>,
    payment_hash: Option<Key>,
) -> Result<Option<(Mark, Arc<Payment>, Option<GoodFor>)>, Refusal> {
    let Some(hash) = payment_hash else { return Ok(None) };
    let mark = visit.mark(hash);
    let accepted = accepted(visit.store(), mark).await?;
    let (any_resource, any_amount) = (!visit.config.enforce_resource, !visit.config.enforce_amount);
    let is_for_this = |accepted: &Accepted| {
        (any_resource || accepted.resource == resource(visit))
            && (any_amount || accepted.amount_sats >= visit.sats.accept)
    };
    Ok(accepted.filter(is_for_this).map(|accepted| {
        let payment = Arc::new(Payment {
            resource: visit.resource.to_string(),
            merchant_id: None,
            amount_sats: accepted.amount_sats,
            payment_hash: Some(hex(&hash)),
        });
        let counted = accepted.counted.map(|(kind, limit)| match kind {
            Kind::Uses => GoodFor::Uses(limit),
            Kind::Units => GoodFor::Units { units: limit, hold: 1 },
        });
        (mark, payment, counted)
    }))
}

/// What the payment was accepted for, and what it is good for there.
pub(super) async fn write_down(
    visit: &Visit<'_>,
    mark: Mark,
    payment: &Payment,
    good_for: Option<GoodFor>,
) {
    let counted = good_for.map(|good_for| match good_for {
        GoodFor::Uses(uses) => (Kind::Uses, uses),
        GoodFor::Units { units, .. } => (Kind::Units, units),
    });
    let (resource, amount_sats) = (resource(visit), payment.amount_sats);
    let accepted = Accepted { resource, amount_sats, counted };
    accept(visit.store(), mark, accepted, visit.config.balance.kept_for()).await;
}

fn resource(visit: &Visit<'_>) -> Key {
    key(&[Some(visit.resource.as_bytes())])
}
