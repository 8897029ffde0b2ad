//! A call that is answered wrongly, as the sandbox was told to.

use std::time::Duration;

use crate::{
    broker::{account::merchant, admission::admitted, minute::Minute},
    event::Event,
    problems::Problem,
    reply::{Reply, Request},
    seen::Endpoint,
    state::State,
};

/// The calls a minute of the hosted broker's, for a refusal where the sandbox has no limit.
const USUAL_LIMIT: u32 = 100;

/// How long the refusal of a limit asks to wait.
const WAIT: Duration = Duration::from_secs(7);

/// Answers a call wrongly, as it was told to. The key is looked at and the call counts, as ever.
pub(crate) fn wrongly(
    state: &mut State,
    request: &Request,
    problem: &Problem,
) -> Result<Reply, Reply> {
    if request.endpoint() == Endpoint::Merchant && problem.account.is_some() {
        return merchant(state, request, problem.account);
    }
    state.report(&Event::Refused { fault: problem.name });
    match problem.status {
        401 => Err(problem.reply()),
        429 => {
            let limit = state.settings.rate_limit.unwrap_or(USUAL_LIMIT);
            Err(Minute::used_up(limit, state.now(), WAIT).refusal())
        }
        503 => admitted(state, request, |_, _, _| {
            Err(problem.reply().header("Retry-After", WAIT.as_secs().to_string()))
        }),
        _ => admitted(state, request, |_, _, _| Err(problem.reply())),
    }
}
