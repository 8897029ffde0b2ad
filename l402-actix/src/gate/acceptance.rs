//! What an MPP payment was accepted for: the broker takes it once, and then this answers for it.

use std::{sync::Arc, time::Duration};

use super::visit::Visit;
use crate::{
    answer::Refusal,
    balance::{Accepted, Balances, Kind, Mark, accept, accepted},
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
    let accepted = accepted(visit.store()?, mark).await?;
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

/// What a payment is accepted for here, for when the request is gone.
pub(super) struct Acceptance {
    store: Arc<dyn Balances>,
    mark: Mark,
    resource: Key,
    /// What it is good for at the gate that says so.
    counted: Option<(Kind, u64)>,
    kept_for: Duration,
}

impl Acceptance {
    pub(super) fn of(
        visit: &Visit<'_>,
        mark: Mark,
        good_for: Option<GoodFor>,
    ) -> Result<Self, Refusal> {
        let counted = good_for.map(|good_for| match good_for {
            GoodFor::Uses(uses) => (Kind::Uses, uses),
            GoodFor::Units { units, .. } => (Kind::Units, units),
        });
        let (store, resource) = (visit.store()?, resource(visit));
        Ok(Self { store, mark, resource, counted, kept_for: visit.config.balance.kept_for() })
    }

    pub(super) async fn write_down(self, amount_sats: u64) {
        let accepted = Accepted { resource: self.resource, amount_sats, counted: self.counted };
        accept(self.store, self.mark, accepted, self.kept_for).await;
    }
}

fn resource(visit: &Visit<'_>) -> Key {
    key(&[Some(visit.resource.as_bytes())])
}
