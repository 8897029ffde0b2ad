//! A step in the words of the script, and what the script answers.

use std::time::Duration;

use redis::{FromRedisValue, Value};

use crate::{
    balance::store::{Accepted, Claim, HoldId, Kind, MAX_KEPT_FOR, Mark, Portion, Quota},
    key::hex,
    shared,
};

/// All steps in one script, which Redis does as one.
pub(super) const SCRIPT: &str = include_str!("balance.lua");

/// The largest number that a script counts exactly.
const MAX_NUMBER: u64 = 1 << 53;

/// One step, in the words of the script.
#[derive(Clone, Copy)]
pub(super) struct Step<'a> {
    pub(super) name: &'static str,
    pub(super) id: Option<HoldId>,
    pub(super) quota: Option<Quota>,
    pub(super) portion: Portion,
    pub(super) kept_for: Duration,
    pub(super) ours: &'a [(HoldId, Portion)],
    pub(super) accepted: Option<Accepted>,
    /// Whether something that was said of a request may take effect after what ends it.
    pub(super) unsure: bool,
}

impl Step<'_> {
    pub(super) fn named(name: &'static str, id: Option<HoldId>) -> Self {
        Self {
            name,
            id,
            quota: None,
            portion: Portion::default(),
            kept_for: Duration::ZERO,
            ours: &[],
            accepted: None,
            unsure: false,
        }
    }

    pub(super) fn keys(&self, mark: Mark) -> Vec<String> {
        let account = hex(mark.account());
        let over = |id: HoldId| format!("l402:{{{account}}}:over:{id}");
        let own = [
            shared::name(mark.account(), "balance", mark.payment_hash()),
            over(self.id.unwrap_or(HoldId::new([0; 16]))),
        ];
        own.into_iter().chain(self.ours.iter().map(|(id, _)| over(*id))).collect()
    }

    pub(super) fn on(self, quota: Quota) -> Self {
        Self { quota: Some(quota), kept_for: quota.kept_for, ..self }
    }

    pub(super) fn arguments(&self, lease: Duration) -> Vec<String> {
        let number = |number: u64| number.min(MAX_NUMBER).to_string();
        let kind = self.quota.map_or("", |quota| match quota.kind {
            Kind::Uses => "uses",
            Kind::Units => "units",
        });
        let id = self.id.map(|id| id.to_string()).unwrap_or_default();
        let mut arguments = vec![
            self.name.to_owned(),
            id,
            kind.to_owned(),
            number(self.quota.map_or(0, |quota| quota.limit)),
            number(self.portion.held),
            number(self.portion.drawn),
            millis(lease),
            millis(self.kept_for),
        ];
        if let Some(accepted) = self.accepted {
            let counted = match accepted.counted {
                Some((Kind::Uses, limit)) => format!(" uses {limit}"),
                Some((Kind::Units, limit)) => format!(" units {limit}"),
                None => String::new(),
            };
            let (resource, sats) = (hex(&accepted.resource), accepted.amount_sats);
            arguments.push(format!("{} {resource} {sats}{counted}", hex(&accepted.seal)));
        }
        if self.unsure {
            arguments.push("unsure".to_owned());
        }
        for (id, portion) in self.ours {
            arguments.extend([id.to_string(), number(portion.held), number(portion.drawn)]);
        }
        arguments
    }
}

/// `{0, held, left}`, `{1}` busy, `{2}` used up, `{3}` of another kind.
pub(super) fn claim(value: Value) -> Option<Claim> {
    let numbers = Vec::<u64>::from_redis_value(value).ok()?;
    match *numbers.as_slice() {
        [0, amount, left] => Some(Claim::Held { amount, left }),
        [1] => Some(Claim::Busy),
        [2] => Some(Claim::UsedUp),
        [3] => Some(Claim::OtherKind),
        _ => None,
    }
}

pub(super) fn done(value: Value) -> Option<bool> {
    i64::from_redis_value(value).ok().map(|done| done == 1)
}

/// What a payment was accepted for, as [`Step::arguments`] has written it.
pub(super) fn accepted(stated: &str) -> Option<Accepted> {
    let mut words = stated.split(' ');
    let (seal, resource, sats) = (words.next()?, words.next()?, words.next()?);
    let counted = match (words.next(), words.next()) {
        (Some("uses"), Some(limit)) => Some((Kind::Uses, limit.parse().ok()?)),
        (Some("units"), Some(limit)) => Some((Kind::Units, limit.parse().ok()?)),
        _ => None,
    };
    let (seal, resource) = (Mark::read_hash(seal)?, Mark::read_hash(resource)?);
    Some(Accepted { resource, amount_sats: sats.parse().ok()?, counted, seal })
}

/// At least 1 and not beyond what Redis can add to its clock, which it refuses.
fn millis(time: Duration) -> String {
    time.min(MAX_KEPT_FOR).as_millis().max(1).to_string()
}
