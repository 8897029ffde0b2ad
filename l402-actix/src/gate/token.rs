//! What a token is answered: the list, from its second line on.

use std::rc::Rc;

use super::{
    cookie, expiry, hold,
    list::{Case, Line, MintedFor, Said, Scheme, second_line},
    paid::{Admission, Paid},
    refuse, told,
    visit::Visit,
};
use crate::{
    answer::Refusal,
    broker::{Answer, Broker, BrokerRefusal, Known, Purpose, Refused, is_malformed, missing_fact},
    credential::Credential,
    terms::{Question, Terms},
};

/// Lets a token in that covers the visit's terms by what the broker says now, or answers what the
/// list says. That the broker cannot be asked or fails is line 2.
pub(super) async fn decide(
    visit: &Visit<'_>,
    token: Rc<Credential>,
    name: Question,
) -> Result<Admission, Refusal> {
    if let Some(refused) = recall(visit, &token, &name) {
        return Err(refuse_no(visit, &token, &name, refused).await);
    }
    let known = visit.broker.known(&name);
    let (answer, is_asked) = match ask(visit, &token, name).await {
        Err(BrokerRefusal::Verify(err)) if is_malformed(&err) => (Err(err), true),
        answered => {
            let (answer, is_asked) = answered?;
            (Ok(answer), is_asked)
        }
    };
    let known = visit.broker.known_with(known, &name);
    let said = said(visit, answer.as_ref().ok());
    let line = case(visit, &token, known, said).line(said);
    match (line, answer) {
        (Line::Admitted, Ok(Answer::Yes(payment))) => {
            visit.settled(token.payment_hash);
            told::accepted(visit, &name, &payment);
            if let Some(kept) = cookie::kept(visit, &token) {
                return Err(kept);
            }
            let mut paid = Paid::by(token, payment, is_asked);
            paid.receipt = visit.receipt(name.payment_hash.filter(|_| is_asked), None);
            hold::admission(visit, paid).await
        }
        (_, Ok(Answer::No(verdict))) => {
            Err(refuse_no(visit, &token, &name, Refused::now(verdict, known)).await)
        }
        (_, Ok(Answer::Incomplete(verdict))) => Err(Refusal::MissingFact(missing_fact(&verdict))),
        // It would say the same of the next payment, so nobody is asked for one.
        (_, Ok(Answer::Yes(_))) => {
            visit.settled(token.payment_hash);
            visit.broker.distrust(&name);
            Err(Refusal::Contradiction)
        }
        (_, Err(err)) => Err(refuse::malformed(visit, err)),
    }
}

/// Has the broker verify the token for what the request costs; or for all that it is said to have paid,
/// where a yes to less stands: at a price that floats one such yes is good for the next ones too.
async fn ask(
    visit: &Visit<'_>,
    token: &Credential,
    name: Question,
) -> Result<(Answer, bool), BrokerRefusal> {
    // What is sent is checked by the broker against every caveat, which is what binds the
    // token: its holder can append caveats, and a broker may read out the last one.
    let put = |terms: Terms<'_>, name| {
        let question = terms.put_to(token);
        async move { visit.broker.verify(name, &question, Purpose::Admission, visit.cache()).await }
    };
    let terms = visit.terms();
    if let Some(read_out) = visit.cache().and_then(|cache| visit.broker.read_out(&name, cache)) {
        let all = Terms { amount_sats: Some(read_out), ..terms };
        match put(all, all.question(token)).await {
            Ok((Answer::Yes(payment), is_asked)) if all.are_covered_by(&payment) => {
                return Ok((Answer::Yes(payment), is_asked));
            }
            // Its holder has overstated it, maybe beyond what the broker can read.
            Ok(_) => {}
            Err(BrokerRefusal::Verify(err)) if is_malformed(&err) => {}
            failed => return failed,
        }
    }
    put(terms, name).await
}

/// What an answer says to the question that the list asks; `None` is the broker's 400.
fn said(visit: &Visit<'_>, answer: Option<&Answer>) -> Said {
    match answer {
        None => Said::BadRequest,
        // What was sent is compared again: a broker that ignores it must not open the route.
        Some(Answer::Yes(payment)) if visit.is_covered_by(payment) => Said::Covers,
        Some(Answer::Yes(_)) => Said::CoversNot,
        Some(Answer::Incomplete(_)) => Said::Incomplete,
        Some(Answer::No(_)) => Said::No,
    }
}

/// Lines 6 to 11.
async fn refuse_no(
    visit: &Visit<'_>,
    token: &Credential,
    name: &Question,
    mut refused: Refused,
) -> Refusal {
    let case = case(visit, token, refused.known, Said::No);
    let line = match case.line(Said::No) {
        // The same answer; the figures tell which it was.
        Line::WasGood if case.minted_for == MintedFor::SomethingElse => Line::ForSomethingElse,
        Line::SecondQuestion => {
            let line = match refused.is_for_something_else {
                Some(true) => Line::ForSomethingElse,
                Some(false) => Line::NotGenuine,
                None => match Box::pin(ask_once_more(visit, token)).await {
                    Ok(line) => line,
                    Err(failure) => return failure,
                },
            };
            if line == Line::Contradiction {
                return Refusal::Contradiction;
            }
            refused.is_for_something_else = Some(line == Line::ForSomethingElse);
            line
        }
        line => line,
    };
    visit.broker.remember(name, refused.clone());
    refuse::by(visit, line, refused.verdict).await
}

/// What stands between what the broker has said and the answer.
fn case(visit: &Visit<'_>, token: &Credential, known: Known, said: Said) -> Case {
    let terms = visit.terms();
    Case {
        scheme: Scheme::Token,
        mode: visit.mode(),
        minted_for: visit.minted_for(known),
        was_accepted: known.accepted,
        // Nobody has to take a macaroon apart that the broker takes.
        has_expired: said == Said::No && token.request.macaroon().is_some_and(expiry::is_past),
        opens_scope: visit.too_little().is_some(),
        // Where nothing was sent, the answer would be the same.
        has_second_question: terms.resource.is_some() || terms.amount_sats.is_some(),
    }
}

/// The broker's no to this question, if it still stands and says enough.
fn recall(visit: &Visit<'_>, token: &Credential, name: &Question) -> Option<Refused> {
    let refused = visit.broker.recall(name)?;
    let line = case(visit, token, refused.known, Said::No).line(Said::No);
    let says_enough = line != Line::SecondQuestion || refused.is_for_something_else.is_some();
    let stands = says_enough && refused.stands(line == Line::JustPaid);
    stands.then(|| {
        Broker::recalled();
        refused
    })
}

/// Whether a refused token is genuine and only not for this request. The answer picks the refusal
/// and never opens the route.
async fn ask_once_more(visit: &Visit<'_>, token: &Credential) -> Result<Line, Refusal> {
    let name = Terms { resource: None, amount_sats: None, ..visit.terms() }.question(token);
    let (answer, _) =
        visit.broker.verify(name, &token.request, Purpose::Diagnosis, visit.cache()).await?;
    Ok(second_line(said(visit, Some(&answer))))
}
