//! A token that is good for one use: held for this request.

use super::{
    paid::{Admission, Paid},
    sell,
    visit::Visit,
};
use crate::{
    answer::Refusal,
    balance::{self, Claim, Claimed, Mark, Reservation},
    observe::Why,
    terms::Question,
};

/// Refuses a token whose payment is used up or held by another request, which its preimage proves:
/// then the broker need not be asked.
pub(super) async fn look(visit: &Visit<'_>, question: &Question) -> Result<(), Refusal> {
    let Some(payment_hash) = question.payment_hash.filter(|_| visit.offer.single_use) else {
        return Ok(());
    };
    let store = visit.config.balance.store(visit.config.broker.line.account.id);
    match balance::look(store, Mark::new(payment_hash)).await? {
        Claim::Reserved => Ok(()),
        Claim::Busy => Err(Refusal::InUse),
        Claim::Spent => Err(sell::challenge_anew(visit, Why::Spent).await),
    }
}

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
    let (balance, account) = (&visit.config.balance, visit.config.broker.line.account.id);
    match Reservation::make(balance.store(account), mark, balance.spent_for()).await? {
        Claimed::Reserved(reservation) => Ok(reservation),
        Claimed::Busy => Err(Refusal::InUse),
        Claimed::Spent => Err(sell::challenge_anew(visit, Why::Spent).await),
    }
}
