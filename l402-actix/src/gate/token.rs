//! What a token is answered: the list, from its second line on.

use std::sync::Arc;

use l402_server::{Verification, VerifyRequest};

use super::{
    expiry, hold,
    list::{Case, Line, Said, Scheme, second_line},
    paid::Admission,
    refuse,
    visit::Visit,
};
use crate::{
    answer::Refusal,
    broker::{Answer, Broker, BrokerRefusal, Purpose, Refused, is_malformed, missing_fact},
    payment::Payment,
    terms::{Question, Terms},
};

/// Lets a token in that covers the visit's terms by what the broker says now, or answers what the
/// list says. That the broker cannot be asked or fails is line 2.
pub(super) async fn decide(
    visit: &Visit<'_>,
    token: VerifyRequest,
    name: Question,
) -> Result<Admission, Refusal> {
    let mut refused = match recall(visit, &token, &name) {
        Some(refused) => refused,
        None => match Box::pin(ask(visit, &token, name)).await? {
            Ok((payment, is_asked)) => {
                visit.broker.accepted(&name);
                let mut paid = visit.paid_by(token, payment);
                paid.receipt = visit.receipt(name.payment_hash.filter(|_| is_asked), None);
                return hold::admission(visit, paid).await;
            }
            Err(verdict) => Refused::now(verdict),
        },
    };
    let line = match case(visit, &token, &name).line(Said::No) {
        Line::SecondQuestion => {
            let line = match refused.is_for_something_else {
                Some(true) => Line::ForSomethingElse,
                Some(false) => Line::NotGenuine,
                None => Box::pin(ask_once_more(visit, &token)).await?,
            };
            if line == Line::Contradiction {
                return Err(Refusal::Contradiction);
            }
            refused.is_for_something_else = Some(line == Line::ForSomethingElse);
            line
        }
        line => line,
    };
    visit.broker.remember(&name, refused.clone());
    Err(refuse::by(visit, line, refused.verdict).await)
}

/// What stands between the broker's no and the answer.
fn case(visit: &Visit<'_>, token: &VerifyRequest, name: &Question) -> Case {
    let known = visit.broker.known(name);
    Case {
        scheme: Scheme::Token,
        mode: visit.mode(),
        minted_for: visit.minted_for(known),
        was_accepted: known.accepted,
        has_expired: token.macaroon().is_some_and(expiry::is_past),
        opens_scope: visit.too_little().is_some(),
        // Where nothing was sent, the answer would be the same.
        has_second_question: visit.terms().put_to(token) != *token,
    }
}

/// The broker's no to this question, if it still stands and says enough.
fn recall(visit: &Visit<'_>, token: &VerifyRequest, name: &Question) -> Option<Refused> {
    let refused = visit.broker.recall(name)?;
    let line = case(visit, token, name).line(Said::No);
    let says_enough = line != Line::SecondQuestion || refused.is_for_something_else.is_some();
    let stands = says_enough && refused.stands(line == Line::JustPaid);
    stands.then(|| {
        Broker::recalled();
        refused
    })
}

/// The payment of a yes that covers the request, and whether it was asked for this very request; or the
/// broker's no; else lines 2, 3 and 5.
async fn ask(
    visit: &Visit<'_>,
    token: &VerifyRequest,
    name: Question,
) -> Result<Result<(Arc<Payment>, bool), Verification>, Refusal> {
    // What is sent is checked by the broker against every caveat, which is what binds the
    // token: its holder can append caveats, and a broker may read out the last one.
    let question = visit.terms().put_to(token);
    let cache = visit.cache();
    match visit.broker.verify(name, &question, Purpose::Admission, cache).await {
        Err(BrokerRefusal::Verify(err)) if is_malformed(&err) => Err(refuse::malformed(visit, err)),
        Err(failure) => Err(failure.into()),
        Ok((Answer::Incomplete(verdict), _)) => Err(Refusal::MissingFact(missing_fact(&verdict))),
        Ok((Answer::No(verdict), _)) => Ok(Err(verdict)),
        Ok((Answer::Yes(payment), is_asked)) => {
            visit.settled(token);
            // What was sent is compared again: a broker that ignores it must not open the route. It
            // would say the same of the next payment, so nobody is asked for one.
            if !visit.is_covered_by(&payment) {
                visit.broker.distrust(&name);
                return Err(Refusal::Contradiction);
            }
            Ok(Ok((payment, is_asked)))
        }
    }
}

/// Whether a refused token is genuine and only not for this request. The answer picks the refusal
/// and never opens the route.
async fn ask_once_more(visit: &Visit<'_>, token: &VerifyRequest) -> Result<Line, Refusal> {
    let name = Terms { resource: None, amount_sats: None, ..visit.terms() }.question(token);
    let answer = visit.broker.verify(name, token, Purpose::Diagnosis, visit.cache()).await?;
    let said = match answer.0 {
        Answer::Yes(payment) if visit.is_covered_by(&payment) => Said::Covers,
        Answer::Yes(_) => Said::CoversNot,
        Answer::Incomplete(_) => Said::Incomplete,
        Answer::No(_) => Said::No,
    };
    Ok(second_line(said))
}
