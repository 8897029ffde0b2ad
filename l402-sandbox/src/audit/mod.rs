//! What strangers are asked to pay, route by route: asked as a stranger asks, and never paid.

mod exchange;
mod report;
mod request;
mod spellings;

use exchange::{Heard, Server};
pub use report::{Asked, Audit, Verdict};
use request::Request;

use crate::{hex::hex, random::random};

/// Asks each route once, and then each that costs something in other spellings.
pub(crate) async fn audit<R: AsRef<str>>(url: &str, routes: impl IntoIterator<Item = R>) -> Audit {
    let server = Server::at(url);
    let mut audit = Audit::default();
    // The routes first: they are what is asked about, and a budget may end before the spellings.
    for route in routes {
        let route = route.as_ref().trim();
        let heard = match (&server, Request::read(route)) {
            (Err(says), _) => Err(says.clone()),
            (_, Err(says)) => Err(says),
            (Ok(server), Ok(request)) => server.ask(&request).await,
        };
        let verdict = match heard {
            Ok(heard) => verdict(&heard),
            Err(says) => Verdict::Fault { status: None, says },
        };
        audit.asked.push(Asked { request: route.to_owned(), verdict, as_spelled: None });
    }
    if let Ok(server) = &server {
        ask_spellings(server, &mut audit).await;
    }
    audit
}

/// Takes note of each spelling that is served, or sold for less than the route.
async fn ask_spellings(server: &Server, audit: &mut Audit) {
    let mut found = Vec::new();
    for route in &audit.asked {
        let (Verdict::Costs { sats, .. }, Ok(request)) =
            (&route.verdict, Request::read(&route.request))
        else {
            continue;
        };
        // An app that answers whatever it does not know with one page serves nothing by that.
        let nowhere = Request { target: format!("/{}", hex(&random::<16>())), ..request.clone() };
        let fallback = server.ask(&nowhere).await.ok();
        for target in spellings::of(&request.target) {
            let spelled = Request { target, ..request.clone() };
            let Ok(heard) = server.ask(&spelled).await else { continue };
            let is_fallback = fallback.as_ref().is_some_and(|page| page.body == heard.body);
            let verdict = verdict(&heard);
            let is_less = match &verdict {
                Verdict::Free { status } => (200..300).contains(status) && !is_fallback,
                Verdict::Costs { sats: other, .. } => other < sats,
                Verdict::Fault { .. } => false,
            };
            if is_less {
                let as_spelled = Some((route.request.clone(), *sats));
                let request = format!("{} {}", spelled.method, spelled.target);
                found.push(Asked { request, verdict, as_spelled });
            } else if matches!(heard.status, 429 | 503) {
                audit.untold += 1;
            }
        }
    }
    audit.asked.extend(found);
}

fn verdict(heard: &Heard) -> Verdict {
    let fault = |says: String| Verdict::Fault { status: Some(heard.status), says };
    match heard.status {
        402 => match heard.price() {
            Some(sats) => Verdict::Costs { sats, resource: heard.resource() },
            None => fault("a 402 without an L402 challenge and its price".to_owned()),
        },
        429 => fault(
            "asked too often; audit with `broker_budget(BrokerBudget::unlimited())` in the config"
                .to_owned(),
        ),
        500.. => fault(heard.message().unwrap_or_else(|| "no reason is given".to_owned())),
        status => Verdict::Free { status },
    }
}
