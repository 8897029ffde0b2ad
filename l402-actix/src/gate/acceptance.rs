//! What an MPP payment was accepted for: the broker takes it once, and then this answers for it.

use std::{sync::Arc, time::Duration};

use super::visit::Visit;
use crate::{
    answer::Refusal,
    balance::{Accepted, Balances, Kind, Mark, accept, accepted},
    key::{Key, key},
    notice::Notice,
    payment::Payment,
    terms::GoodFor,
};

static NOT_BELIEVED: Notice = Notice::new();

/// A payment that was accepted, and what it was drawn at.
pub(super) type Before = (Mark, Arc<Payment>, Option<GoodFor>);

/// What the broker has accepted for this resource, at this price or more.
pub(super) async fn before(
    visit: &Visit<'_>,
    payment_hash: Option<Key>,
) -> Result<Option<Before>, Refusal> {
    let Some(mark) = payment_hash.map(|hash| visit.mark(hash)) else { return Ok(None) };
    let accepted = for_anything(visit, mark).await?;
    Ok(accepted.and_then(|accepted| for_this(visit, mark, &accepted)))
}

pub(super) fn for_this(visit: &Visit<'_>, mark: Mark, accepted: &Accepted) -> Option<Before> {
    let (any_resource, any_amount) = (!visit.config.enforce_resource, !visit.config.enforce_amount);
    let is_for_this = (any_resource || accepted.resource == resource(visit))
        && (any_amount || accepted.amount_sats >= visit.sats.accept);
    is_for_this.then(|| {
        let payment = Arc::new(Payment {
            resource: visit.resource.to_string(),
            merchant_id: None,
            amount_sats: accepted.amount_sats,
            payment_hash: Some(mark.to_string()),
        });
        let counted = accepted.counted.map(|(kind, limit)| match kind {
            Kind::Uses => GoodFor::Uses(limit),
            Kind::Units => GoodFor::Units { units: limit, hold: 1 },
        });
        (mark, payment, counted)
    })
}

/// What the broker has accepted, for whatever resource and price.
pub(super) async fn for_anything(
    visit: &Visit<'_>,
    mark: Mark,
) -> Result<Option<Accepted>, Refusal> {
    let accepted = accepted(visit.store()?, mark).await?;
    Ok(accepted.filter(|accepted| {
        let is_sealed = accepted.seal == seal(&secret(visit), mark, accepted);
        if !is_sealed && let Some(times) = NOT_BELIEVED.due() {
            tracing::error!(%mark, times, "the store has an MPP payment as accepted that this account has not accepted: it is not believed");
        }
        is_sealed
    }))
}

/// What a payment is accepted for here, for when the request is gone.
pub(super) struct Acceptance {
    store: Arc<dyn Balances>,
    mark: Mark,
    /// Of no amount yet.
    accepted: Accepted,
    secret: Key,
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
        let accepted =
            Accepted { resource: resource(visit), amount_sats: 0, counted, seal: Key::default() };
        let (store, kept_for) = (visit.store()?, visit.config.balance.kept_for());
        Ok(Self { store, mark, accepted, secret: secret(visit), kept_for })
    }

    pub(super) async fn write_down(self, amount_sats: u64) {
        let accepted = Accepted { amount_sats, ..self.accepted };
        let accepted = Accepted { seal: seal(&self.secret, self.mark, &accepted), ..accepted };
        accept(self.store, self.mark, accepted, self.kept_for).await;
    }
}

/// The secret of the account's that it is sealed with.
fn secret(visit: &Visit<'_>) -> Key {
    visit.config.broker.line.client.sealing_key()
}

fn seal(secret: &Key, mark: Mark, accepted: &Accepted) -> Key {
    let (kind, limit) = match accepted.counted {
        Some((Kind::Uses, limit)) => ("uses", limit),
        Some((Kind::Units, limit)) => ("units", limit),
        None => ("one answer", 1),
    };
    key(&[
        Some(secret),
        Some(b"accepted"),
        Some(mark.account()),
        Some(mark.payment_hash()),
        Some(&accepted.resource),
        Some(&accepted.amount_sats.to_be_bytes()),
        Some(kind.as_bytes()),
        Some(&limit.to_be_bytes()),
    ])
}

fn resource(visit: &Visit<'_>) -> Key {
    key(&[Some(visit.resource.as_bytes())])
}
