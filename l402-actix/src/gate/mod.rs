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
mod refuse;
mod scope;
mod sell;
mod token;
mod told;
mod visit;
mod within;

use actix_web::{HttpRequest, http::Method};

pub(crate) use paid::{Admission, Unstated};
use presented::{Presented, presented};
use visit::Visit;
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
/// `config` is the one in sight of the request, or `None` where there is none to be told. Each way
/// has room of its own: a future with room for all of them would be copied as a whole up to Actix's
/// own, and the allocator has no quick place for one of more than 1 KiB.
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
    let visit = Visit::of(request, config, offer, sats, body, watch).await;
    let visit = visit.map_err(|fault| noted(request, by, fault))?;
    let presented = match &visit.around {
        Some(passed) => scope::presented(&visit, passed)?,
        None => presented(&visit),
    };
    if !matches!(presented, Presented::Nothing) {
        watch.presented();
    }
    let decision = match presented {
        Presented::Nothing => {
            visit.in_time(Box::pin(async { Err(sell::challenge(&visit).await) })).await
        }
        Presented::Several => Err(Refusal::SeveralTokens),
        Presented::Standing(token, paid) => match cookie::kept(&visit, &token) {
            Some(kept) => Err(kept),
            None if visit.good_for().is_none() => Ok(Admission { paid, hold: None }),
            None => visit.in_time(Box::pin(hold::admission(&visit, paid))).await,
        },
        Presented::NotTaken => {
            let decision = async { Err(sell::challenge_anew(&visit, Why::NotCovered).await) };
            visit.in_time(Box::pin(decision)).await
        }
        Presented::Verified(paid) => visit.in_time(Box::pin(hold::admission(&visit, paid))).await,
        Presented::SeveralPayments => Err(Refusal::SeveralPayments),
        Presented::Mpp(payment, echo) => {
            visit.in_time(Box::pin(mpp::decide(&visit, payment, echo))).await
        }
        Presented::Token(token, question) => {
            let decision = async {
                Box::pin(hold::look(&visit, &question)).await?;
                token::decide(&visit, token, question).await
            };
            visit.in_time(Box::pin(decision)).await
        }
    };
    match decision {
        Ok(admission) => {
            watch.paid(|| admission.paid.counted());
            Ok(Some((visit, admission)))
        }
        // The merchant's own answer may take longer than the gate's deadline.
        Err(Refusal::InvalidToken(verdict)) => Err(refuse::answer(&visit, verdict).await),
        Err(refusal) => Err(cookie::refused(&visit, refusal)),
    }
}
