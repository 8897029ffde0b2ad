//! The one decision: has this request paid?
//!
//! In: a request, the offer of its gate, and the config in sight of it.
//! Out: the payment that lets it in, or that it is free; else the `Refusal`.
//! Never: the handler, and how an answer is written. The body it hands on, unread, to the merchant's
//! functions of price and resource.

mod acceptance;
mod cookie;
pub(crate) mod credential;
mod echo;
mod expiry;
mod hold;
mod list;
mod mpp;
mod paid;
mod presented;
mod recent;
mod refuse;
mod scope;
mod sell;
mod token;
mod told;
mod visit;
mod within;

use std::{future::Future, ops::ControlFlow, pin::Pin, rc::Rc};

use actix_web::{HttpMessage as _, HttpRequest, http::Method};

use paid::Passed;
pub(crate) use paid::{Admission, Unstated};
use presented::{Presented, presented};
use visit::Visit;
pub(crate) use within::only_fails;
use within::{Of, noted};

use crate::{
    answer::Refusal,
    config::L402Config,
    observe::{Watch, Why},
    tape::Body,
    terms::Offer,
};

/// Lets a request in that has paid, or that is free, which is a `None`. Everything else is an
/// `Err`, and no `Err` reaches the handler. The `Visit` is for a scope: it tells the gates within
/// what was paid for.
///
/// `config` is the one in sight of the request, or `None` where there is none to be told.
pub(crate) async fn admit<'a>(
    request: &'a HttpRequest,
    config: Option<&'a L402Config>,
    offer: &'a Offer<'a>,
    body: &Body,
    watch: &'a Watch,
) -> Result<Option<(Visit<'a>, Admission)>, Refusal> {
    if request.method() == Method::OPTIONS {
        return Err(Refusal::Preflight);
    }
    let config = config.map_or_else(|| L402Config::in_sight_of(request), Ok);
    let misconfigured = |says| noted(request, Of::Route, Refusal::Misconfigured(says));
    let config = config.map_err(misconfigured)?;
    let by = Of::computed(config.terms.price_with.is_some() || offer.price_with.is_some());
    let priced = config.terms.price(request, offer, body).await;
    let Some(sats) = priced.map_err(|fault| noted(request, by, fault))? else {
        watch.free();
        return Ok(None);
    };
    let by = Of::computed(offer.resource_with.is_some());
    let around = request.extensions().get::<Rc<Passed>>().cloned();
    let resource_around = around.as_ref().map(|passed| &*passed.resource);
    let resource = config.terms.resource(request, offer, resource_around, body).await;
    let visit = resource
        .and_then(|resource| Visit::of(request, config, offer, sats, resource, around, watch));
    let visit = visit.map_err(|fault| noted(request, by, fault))?;
    let presented = match &visit.around {
        Some(passed) => scope::presented(&visit, passed)?,
        None => presented(&visit),
    };
    if !matches!(presented, Presented::Nothing) {
        watch.presented();
    }
    let presented = match at_once(&visit, presented) {
        ControlFlow::Break(decision) => return admitted(visit, decision),
        ControlFlow::Continue(presented) => presented,
    };
    match visit.in_time(decide(&visit, presented)).await {
        // The merchant's own answer may take longer than the gate's deadline.
        Err(Refusal::InvalidToken(verdict)) => Err(Box::pin(refuse::answer(&visit, verdict)).await),
        decision => admitted(visit, decision),
    }
}

type Decision = Result<Admission, Refusal>;

fn admitted(
    visit: Visit<'_>,
    decision: Decision,
) -> Result<Option<(Visit<'_>, Admission)>, Refusal> {
    match decision {
        Ok(admission) => {
            visit.watch.paid(|| admission.paid.counted());
            Ok(Some((visit, admission)))
        }
        Err(refusal) => Err(cookie::refused(&visit, refusal)),
    }
}

/// What is decided without asking anybody; else what was presented.
fn at_once(visit: &Visit<'_>, presented: Presented) -> ControlFlow<Decision, Presented> {
    match presented {
        Presented::Standing(paid) => {
            match paid.token().and_then(|token| cookie::kept(visit, token)) {
                Some(kept) => ControlFlow::Break(Err(kept)),
                None if visit.good_for().is_none() => {
                    ControlFlow::Break(Ok(Admission { paid, hold: None }))
                }
                None => ControlFlow::Continue(Presented::Verified(paid)),
            }
        }
        presented => ControlFlow::Continue(presented),
    }
}

/// Each way has room of its own: a future with room for all of them would be copied as a whole up to
/// Actix's own, and the allocator has no quick place for one of more than 1 KiB.
fn decide<'v>(
    visit: &'v Visit<'_>,
    presented: Presented,
) -> Pin<Box<dyn Future<Output = Decision> + 'v>> {
    match presented {
        Presented::Nothing => Box::pin(async { Err(sell::challenge(visit).await) }),
        Presented::NotTaken => {
            Box::pin(async { Err(sell::challenge_anew(visit, Why::NotCovered).await) })
        }
        Presented::Standing(paid) | Presented::Verified(paid) => {
            Box::pin(hold::admission(visit, paid))
        }
        Presented::Mpp(payment, echo) => Box::pin(mpp::decide(visit, payment, echo)),
        Presented::Token(token, question) => Box::pin(async move {
            if visit.good_for().is_some() {
                Box::pin(hold::look(visit, &question)).await?;
            }
            token::decide(visit, token, question).await
        }),
        Presented::Several => Box::pin(async { Err(Refusal::SeveralTokens) }),
        Presented::SeveralPayments => Box::pin(async { Err(Refusal::SeveralPayments) }),
    }
}
