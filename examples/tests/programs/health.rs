//! The health page against a broker that fails in each way.

use std::time::{Duration, Instant};

use crate::program::{Answer, Api, ask, command, on, to_its_end};
use l402_sandbox::{Endpoint, Fault, Sandbox};

fn said(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["broker"].as_str().unwrap().to_owned())
}

/// How often the account was asked for.
fn checks(sandbox: &Sandbox) -> u64 {
    let requests = sandbox.requests();
    requests.iter().filter(|seen| seen.endpoint == Endpoint::Merchant).count() as u64
}

#[actix_web::test]
async fn a_key_that_is_refused_at_start_up_ends_the_program_with_a_sentence() {
    let sandbox = Sandbox::start().await;
    for (name, sentence) in [
        ("api_key_refused", "refused the API key"),
        ("l402_not_enabled", "plan does not allow this: L402 is not enabled"),
        ("plan_ended", "it has ended"),
        ("no_wallet", "no receiving wallet"),
    ] {
        sandbox.clear_faults();
        sandbox.fault(Fault::named(name).unwrap());
        let (printed, complaint, code) = to_its_end(on(&mut command("health"), &sandbox));
        assert_eq!((printed.as_str(), code), ("", Some(1)), "it never serves");
        assert!(complaint.contains(sentence), "{complaint}");
        assert!(!complaint.contains(sandbox.api_key()), "{complaint}");
    }
}

#[actix_web::test]
async fn a_broker_that_is_away_at_start_up_does_not_keep_the_api_from_serving() {
    let sandbox = Sandbox::start().await;
    sandbox.fault(Fault::status(503).on(Endpoint::Merchant));
    let api = Api::start_on("health", &sandbox);
    assert_eq!(said(&ask(api.get("/health")).await), (200, "well".to_owned()), "by now");
    let (_, weather) = api.buy(api.get("/weather"), 100).await;
    assert_eq!(weather.status, 200);
    assert!(api.stop().contains("starting without the broker: the broker is unavailable"));
}

#[actix_web::test]
async fn the_page_tells_a_refused_key_from_a_broker_that_is_away_and_recovers() {
    for (fault, status, name) in [
        (Fault::status(401), 500, "cannot_sell"),
        (Fault::status(403), 500, "cannot_sell"),
        (Fault::named("no_wallet").unwrap(), 500, "cannot_sell"),
        (Fault::status(503), 503, "away"),
        (Fault::reset(), 503, "away"),
        (Fault::garbage(), 503, "away"),
    ] {
        let sandbox = Sandbox::start().await;
        let api = Api::start_on("health", &sandbox);
        sandbox.fault(fault.on(Endpoint::Merchant).always());
        let ill = ask(api.get("/health")).await;
        assert_eq!(said(&ill), (status, name.to_owned()));
        assert_eq!(ill.headers["cache-control"], "no-store");
        assert_eq!(ill.headers.contains_key("retry-after"), name == "away");
        assert_eq!(ill.body, format!("{{\"broker\":\"{name}\"}}"), "why is for the log");
        let log = api.stop();
        assert!(log.contains("health: the ") && !log.contains(sandbox.api_key()), "{log}");
    }
    let sandbox = Sandbox::start().await;
    let api = Api::start_on("health", &sandbox);
    sandbox.fault(Fault::status(503).on(Endpoint::Merchant));
    let mut seen = Vec::new();
    while seen.last().is_none_or(|(status, _)| *status != 200) {
        seen.push(said(&ask(api.get("/health")).await));
        actix_web::rt::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(seen[0].1, "away");
    assert_eq!(checks(&sandbox), 3, "at start-up, when it failed, and when it was well again");
    assert_eq!(sandbox.verifies(), 0, "payers lose no call by it");
}

#[actix_web::test]
async fn probes_do_not_cost_the_calls_that_payers_need() {
    let sandbox = Sandbox::start().await;
    let api = Api::start_on("health", &sandbox);
    let begun = Instant::now();
    for _ in 0..50 {
        assert_eq!(ask(api.get("/health")).await.status, 200);
    }
    // One at start-up and one for each half minute, of which a busy machine may need several.
    let allowed = 2 + begun.elapsed().as_secs() / 30;
    assert!((2..=allowed).contains(&checks(&sandbox)), "{}", checks(&sandbox));
    assert_eq!((sandbox.mints(), sandbox.verifies()), (0, 0));
}
