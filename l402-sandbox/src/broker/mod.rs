//! The producer API as the hosted broker has it: a challenge for a mint, a verdict for a verify, and
//! what an account is and has sold.
//! In comes a request to one of its paths, with the state of the sandbox.
//! Out goes a reply; an `Err` is one too, a refusal of the call.
//! It never knows the server, the faults, or how an invoice comes to be paid.
//!
//! The wire types are written here a second time on purpose. If the client's were used, a field
//! that is misspelt in them would be misspelt on both sides, and no test would see it.

mod account;
mod admission;
mod mint;
mod minute;
mod verify;

use std::time::Duration;

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

pub(crate) use self::account::{challenges, merchant};
pub(crate) use self::mint::{Held, mint};
pub(crate) use self::verify::verify;
use self::{admission::admitted, minute::Minute};
use crate::{
    event::Event,
    named::Named,
    reply::{Reply, Request},
    seen::Endpoint,
    state::State,
};

/// The calls a minute of the hosted broker's, for a refusal where the sandbox has no limit.
const USUAL_LIMIT: u32 = 100;

/// How long the refusal of a limit asks to wait.
const WAIT: Duration = Duration::from_secs(7);

/// Answers a call wrongly, as it was told to. The key is looked at and the call counts, as ever.
pub(crate) fn wrongly(state: &mut State, request: &Request, named: &Named) -> Result<Reply, Reply> {
    if request.endpoint() == Endpoint::Merchant && named.account.is_some() {
        return merchant(state, request, named.account);
    }
    state.report(&Event::Refused { fault: named.name });
    match named.status {
        401 => Err(named.reply()),
        429 => {
            let limit = state.settings.rate_limit.unwrap_or(USUAL_LIMIT);
            Err(Minute::used_up(limit, state.now(), WAIT).refusal())
        }
        503 => admitted(state, request, |_, _, _| {
            Err(named.reply().header("Retry-After", WAIT.as_secs().to_string()))
        }),
        _ => admitted(state, request, |_, _, _| Err(named.reply())),
    }
}

fn iso8601(since_epoch: Duration) -> String {
    let seconds = i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|date| date.format(&Rfc3339).ok())
        .unwrap_or_default()
}
