//! Whether a store of balances can be used, found out by using it.

use std::sync::Arc;

use super::{
    step::within_time,
    store::{Balances, HoldId, Kind, MIN_KEPT_FOR, Mark, Quota, StoreError},
};
use crate::key::{Key, key};

/// Holds a use of a payment that nobody has made, and gives it back.
pub(super) async fn probe(store: Arc<dyn Balances>, account: Key) -> Result<(), StoreError> {
    let id = HoldId::fresh()?;
    let mark = Mark::new(account, key(&[Some(b"nobody's payment"), Some(id.as_bytes())]));
    let quota = Quota { kind: Kind::Uses, limit: 1, kept_for: MIN_KEPT_FOR };
    within_time(store.hold(mark, id, quota, 1)).await?;
    within_time(store.give_back(mark, id)).await
}
