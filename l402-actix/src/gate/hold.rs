//! A token that is good for one use: held for this request.

use super::{
    paid::{Admission, Paid},
    sell,
    visit::Visit,
};
use crate::{
    answer::Refusal,
    balance::{Claimed, Mark, Reservation},
    observe::Why,
};

/// Lets a paid request in, with a hold on its token where that is good for one use.
pub(super) async fn admission(visit: &Visit<'_>, paid: Paid) -> Result<Admission, Refusal> {
    if !visit.offer.single_use {
        return Ok(Admission { paid, reservation: None });
    }
    // A payment that cannot be named could be used any number of times.
    let mark = paid.mark().ok_or(Refusal::MissingFact("paymentHash"))?;
    let reservation = Some(Box::pin(hold(visit, mark)).await?);
    Ok(Admission { paid, reservation })
}

/// Two requests with the same token may both have been verified; here only one of them goes on.
pub(super) async fn hold(visit: &Visit<'_>, mark: Mark) -> Result<Reservation, Refusal> {
    let (balance, account) = (&visit.config.balance, visit.config.broker.account.id);
    match Reservation::make(balance.store(account), mark, balance.spent_for()).await? {
        Claimed::Reserved(reservation) => Ok(reservation),
        Claimed::Busy => Err(Refusal::InUse),
        Claimed::Spent => Err(sell::challenge_anew(visit, Why::Spent).await),
    }
}
