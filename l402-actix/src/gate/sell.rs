//! The 402: a challenge for what is sold, or why there is none. A failure here must not look like a
//! price.

use super::{cookie, visit::Visit, within};
#[cfg(feature = "discovery")]
use crate::terms::refuse_unlisted;
use crate::{
    answer::{Form, Refusal},
    broker::Buyer,
    lines::Lines,
    observe::{self, Why},
    terms::Sale,
};

/// To somebody who has presented nothing.
pub(super) async fn challenge(visit: &Visit<'_>) -> Refusal {
    visit.watch.because(Why::NoCredential);
    sell(visit, &sale(visit), Buyer::Newcomer).await
}

/// To somebody whose credential does not do, or no longer: a new one, neither the one that the client
/// holds nor one by the merchant's idempotency key, since both could be the invoice that is paid
/// already.
pub(super) async fn challenge_anew(visit: &Visit<'_>, why: Why) -> Refusal {
    visit.watch.because(why);
    end_reuse(visit);
    let sale = Sale { idempotency_key: None, ..sale(visit) };
    let refusal = sell(visit, &sale, Buyer::Refused).await;
    if let (Refusal::PaymentRequired(..), Some(scope_sats)) = (&refusal, visit.too_little())
        && let route = observe::route(visit.request)
        && let Some(times) = Lines::of_the_process().due("scope", None, &route)
    {
        tracing::warn!(
            route,
            times,
            scope_sats,
            handler_sats = visit.sats.price,
            "a handler costs more than was paid for the scope around it; price the scope at or \
             above its handlers"
        );
    }
    refusal
}

/// The next challenge is a new one: what the client holds has not served it.
pub(super) fn end_reuse(visit: &Visit<'_>) {
    visit.broker.end_reuse(|| sale(visit));
}

async fn sell(visit: &Visit<'_>, sale: &Sale<'_>, buyer: Buyer) -> Refusal {
    #[cfg(feature = "discovery")]
    if let Err(fault) = refuse_unlisted(visit.request) {
        return fault.into();
    }
    if let Some(fault) = within::fault(visit) {
        return Refusal::Misconfigured(fault);
    }
    match Box::pin(visit.broker.mint(sale, buyer)).await {
        Ok(minted) => {
            let challenge = if sale.mpp { minted } else { minted.without_mpp() };
            let problem = visit.takes_mpp().then(|| visit.problem.get());
            let description = sale.description.as_deref();
            let form = Form::of(
                visit.request,
                &visit.config.answer,
                description,
                visit.sells(),
                problem,
                cookie::may_be_withheld(visit),
            );
            Refusal::PaymentRequired(Box::new(challenge), form)
        }
        Err(refusal) => refusal.into(),
    }
}

fn sale<'v>(visit: &'v Visit<'_>) -> Sale<'v> {
    let selectors = &visit.config.terms;
    Sale {
        resource: &visit.resource,
        price_sats: visit.price_sats(),
        description: selectors.description(visit.request, visit.offer),
        idempotency_key: selectors.idempotency_key(
            visit.request,
            &visit.resource,
            visit.sats.price,
        ),
        mpp: visit.takes_mpp() && !within::is_mpp_refused(visit),
    }
}
