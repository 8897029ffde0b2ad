//! The one decision: has this request paid?
//!
//! In: a request, the offer of its gate, and the config in sight of it.
//! Out: the payment that lets it in, or that it is free; else the `Refusal`.
//! Never: the body, the handler, and how an answer is written.

pub(crate) mod credential;
mod hold;
mod invalid;
mod mpp;
mod paid;
mod presented;
mod scope;
mod sell;
mod token;
mod visit;

use actix_web::{HttpRequest, http::Method};

pub(crate) use paid::Admission;
use presented::{Presented, presented};
use visit::Visit;

use crate::{
    answer::Refusal,
    broker::Refused,
    config::L402Config,
    observe::{Watch, Why},
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
    watch: &'a Watch,
) -> Result<Option<(Visit<'a>, Admission)>, Refusal> {
    if request.method() == Method::OPTIONS {
        return Err(Refusal::Preflight);
    }
    let config = config.map_or_else(|| L402Config::in_sight_of(request), Ok);
    let config = config.map_err(Refusal::Misconfigured)?;
    let Some(sats) = config.terms.price(request, offer).await? else {
        watch.free();
        return Ok(None);
    };
    let visit = Visit::of(request, config, offer, sats, watch)?;
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
        Presented::Standing(paid) | Presented::Verified(paid) if visit.good_for().is_none() => {
            Ok(Admission { paid, hold: None })
        }
        Presented::Standing(paid) | Presented::Verified(paid) => {
            visit.in_time(Box::pin(hold::admission(&visit, paid))).await
        }
        Presented::Mpp(payment) => visit.in_time(Box::pin(mpp::decide(&visit, payment))).await,
        Presented::Token(token, question) => {
            let decision = async {
                Box::pin(hold::look(&visit, &question)).await?;
                match token::judge(&visit, &token, question).await? {
                    Ok(payment) => hold::admission(&visit, visit.paid_by(token, payment)).await,
                    Err(Refused::JustPaid(verdict)) => Err(invalid::just_paid(&visit, verdict)),
                    Err(Refused::ForSomethingElse) => {
                        Err(sell::challenge_anew(&visit, Why::NotCovered).await)
                    }
                    Err(Refused::NotGenuine(verdict)) => {
                        Err(invalid::refuse(&visit, verdict).await)
                    }
                    Err(Refused::Malformed(err)) => Err(invalid::malformed(&visit, err)),
                }
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
        Err(Refusal::InvalidToken(verdict)) => Err(invalid::answer(&visit, verdict).await),
        Err(refusal) => Err(refusal),
    }
}
