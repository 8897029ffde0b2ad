//! What the broker makes of a token.

use std::sync::Arc;

use l402_server::VerifyRequest;

use super::visit::Visit;
use crate::{
    answer::Refusal,
    broker::{Answer, BrokerRefusal, Purpose, Refused, is_malformed, missing_fact},
    payment::Payment,
    terms::{Question, Terms},
};

/// The payment behind a token that covers the visit's terms, or why it does not: by what the broker
/// says now, or has just said to the question of this name.
pub(super) async fn judge(
    visit: &Visit<'_>,
    token: &VerifyRequest,
    name: Question,
) -> Result<Result<Arc<Payment>, Refused>, Refusal> {
    if let Some(refused) = visit.broker.recall(&name, visit.diagnoses()) {
        return Ok(Err(refused));
    }
    let answer = Box::pin(ask(visit, token, name)).await?;
    match &answer {
        Ok(payment) => {
            visit.settled(token);
            // What was sent is compared again: a broker that ignores it must not open the route. It
            // would say the same of the next payment, so nobody is asked for one.
            if !visit.is_covered_by(payment) {
                visit.broker.distrust(&name);
                return Err(Refusal::Contradiction);
            }
        }
        Err(refused) => visit.broker.remember(&name, visit.diagnoses(), refused),
    }
    Ok(answer)
}

/// The broker's yes, or its no and what that means.
async fn ask(
    visit: &Visit<'_>,
    token: &VerifyRequest,
    name: Question,
) -> Result<Result<Arc<Payment>, Refused>, Refusal> {
    // What is sent is checked by the broker against every caveat, which is what binds the
    // token: its holder can append caveats, and a broker may read out the last one.
    let question = visit.terms().put_to(token);
    let cache = visit.cache();
    let verdict = match visit.broker.verify(name, &question, Purpose::Admission, cache).await {
        Err(BrokerRefusal::Verify(err)) if is_malformed(&err) => {
            return Ok(Err(Refused::Malformed(err)));
        }
        answer => match answer? {
            Answer::Yes(payment) => return Ok(Ok(payment)),
            Answer::Incomplete(verdict) => {
                return Err(Refusal::MissingFact(missing_fact(&verdict)));
            }
            Answer::No(verdict) => verdict,
        },
    };
    let sold = visit.broker.sold_to(&name);
    let is_for_this = sold.is_some_and(|(sold, _)| visit.is_covered_by_sale(sold));
    match sold {
        // It has just been paid: asking for more could be paid without end.
        Some((_, false)) if is_for_this => return Ok(Err(Refused::JustPaid(verdict))),
        // Where nothing was sent, the answer would be the same.
        _ if !visit.diagnoses() || question == *token => {}
        // That is known without a second question.
        Some(_) if !is_for_this => return Ok(Err(Refused::ForSomethingElse)),
        _ if Box::pin(is_for_something_else(visit, token)).await? => {
            return Ok(Err(Refused::ForSomethingElse));
        }
        _ => {}
    }
    Ok(Err(Refused::NotGenuine(verdict)))
}

/// Whether a refused credential is genuine and only not for this request. The answer picks
/// the refusal and never opens the route.
///
/// Not so for a token that covers the request by its own account: a broker that refuses what
/// was just paid for would refuse the next one too, and a 402 would be paid without end.
async fn is_for_something_else(visit: &Visit<'_>, token: &VerifyRequest) -> Result<bool, Refusal> {
    let name = Terms { resource: None, amount_sats: None, ..visit.terms() }.question(token);
    match visit.broker.verify(name, token, Purpose::Diagnosis, visit.cache()).await? {
        Answer::Yes(payment) => Ok(!visit.is_covered_by(&payment)),
        Answer::Incomplete(verdict) => Err(Refusal::MissingFact(missing_fact(&verdict))),
        Answer::No(_) => Ok(false),
    }
}
