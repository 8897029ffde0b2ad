//! What a payment is good for at this gate: held for this request.

use super::{
    acceptance::Acceptance,
    paid::{Admission, Paid},
    sell,
    visit::Visit,
};
use crate::{
    answer::{Refusal, Standing},
    balance::{Claim, Claimed, Hold, Kind, Mark, Quota, within_time},
    observe::Why,
    terms::{GoodFor, Question},
};

/// An MPP payment on a route that states nothing is good for one answer.
pub(super) const ONE_USE: GoodFor = GoodFor::Uses(1);

/// Refuses a token whose payment is used up or held by other requests, which its preimage proves:
/// then the broker need not be asked.
pub(super) async fn look(visit: &Visit<'_>, question: &Question) -> Result<(), Refusal> {
    let (Some(good_for), Some(payment_hash)) = (visit.good_for(), question.payment_hash) else {
        return Ok(());
    };
    let (quota, mark) = (quota(visit, good_for), visit.mark(payment_hash));
    match within_time(visit.store()?.look(mark, quota)).await? {
        Claim::Held { .. } => Ok(()),
        Claim::Busy => Err(refused(visit, good_for, Claimed::Busy).await),
        Claim::UsedUp => Err(refused(visit, good_for, Claimed::UsedUp).await),
        Claim::OtherKind => Err(refused(visit, good_for, Claimed::OtherKind).await),
    }
}

/// Lets a paid request in, with a hold on its payment where that is good for so much only.
pub(super) async fn admission(visit: &Visit<'_>, paid: Paid) -> Result<Admission, Refusal> {
    let Some(good_for) = visit.good_for() else { return Ok(Admission { paid, hold: None }) };
    if let Some(unstated) = visit.around.as_ref().and_then(|passed| passed.unstated.as_ref())
        && let Some(hold) = unstated.take()
    {
        // From now on the scope lets it in for what it is worth here; else it does so already.
        let Quota { kind, limit, .. } = quota(visit, good_for);
        let is_new = !hold.is_of(kind, limit);
        hold.undo().await;
        if is_new && let Some(payment_hash) = paid.proven_hash() {
            let mark = visit.mark(payment_hash);
            let acceptance = Acceptance::of(visit, mark, Some(good_for))?;
            acceptance.write_down(paid.payment.amount_sats).await;
        }
    }
    // A payment that proves no hash could be used any number of times, and what the broker states
    // may be read out of a token, to which its holder can append.
    let payment_hash = paid.proven_hash().ok_or(Refusal::Unproven)?;
    let hold = Some(Box::pin(hold(visit, visit.mark(payment_hash), good_for)).await?);
    Ok(Admission { paid, hold })
}

/// Two requests with the same token may both have been verified; here each gets what is left.
pub(super) async fn hold(
    visit: &Visit<'_>,
    mark: Mark,
    good_for: GoodFor,
) -> Result<Hold, Refusal> {
    match claim(visit, mark, good_for).await? {
        Claimed::Held(hold) => Ok(hold),
        claimed => Err(refused(visit, good_for, claimed).await),
    }
}

pub(super) async fn claim(
    visit: &Visit<'_>,
    mark: Mark,
    good_for: GoodFor,
) -> Result<Claimed, Refusal> {
    let amount = match good_for {
        GoodFor::Uses(_) => 1,
        GoodFor::Units { hold, .. } => hold,
    };
    Ok(Hold::make(visit.store()?, mark, quota(visit, good_for), amount).await?)
}

fn quota(visit: &Visit<'_>, good_for: GoodFor) -> Quota {
    let (kind, limit) = match good_for {
        GoodFor::Uses(uses) => (Kind::Uses, uses),
        GoodFor::Units { units, .. } => (Kind::Units, units),
    };
    Quota { kind, limit, kept_for: visit.config.balance.kept_for() }
}

pub(super) async fn refused(visit: &Visit<'_>, good_for: GoodFor, claimed: Claimed) -> Refusal {
    let quota = quota(visit, good_for);
    let refusal = match claimed {
        Claimed::UsedUp => sell::challenge_anew(visit, Why::Spent).await,
        Claimed::OtherKind => {
            return Refusal::Misconfigured(
                "a payment was drawn from on a route with `uses` and presented on one with `units`, \
                 or the other way round; routes that share a resource have to count the same",
            );
        }
        Claimed::Busy | Claimed::Held(_) => Refusal::InUse,
    };
    Refusal::WithBalance(Box::new(refusal), Standing { quota, left: 0 })
}
