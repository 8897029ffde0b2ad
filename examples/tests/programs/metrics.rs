//! The exporter's figures are what happened, and the dashboard asks for nothing that it lacks.

use std::collections::BTreeSet;

use crate::program::{Api, ask};
use l402_sandbox::{Fault, Sandbox};
use serde_json::Value;

const DASHBOARD: &str = include_str!("../../../docs/grafana/l402.json");

/// A day in the life of an API, in short.
async fn trade(sandbox: &Sandbox) -> Api {
    let api = Api::start_on("metrics", sandbox);
    let (credential, _) = api.buy(api.get("/weather"), 100).await;
    for _ in 0..4 {
        let again = ask(api.get("/weather").header("Authorization", &credential)).await;
        assert_eq!(again.status, 200);
    }
    api.buy(api.get("/forecast/rome"), 250).await;
    api.buy(api.get("/forecast/oslo"), 250).await;
    assert_eq!(ask(api.get("/forecast/atlantis")).await.status, 200);
    let forged = ask(api.get("/weather").header("Authorization", "L402 Zm9yZ2Vk:00")).await;
    assert_eq!(forged.status, 401);
    sandbox.fault(Fault::status(401));
    assert_eq!(ask(api.get("/weather")).await.status, 502);
    api
}

fn value(exported: &str, series: &str) -> u64 {
    let line = exported.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{series} in {exported}")).parse().unwrap()
}

#[actix_web::test]
async fn the_exporter_tells_what_happened() {
    let sandbox = Sandbox::start().await;
    let api = trade(&sandbox).await;
    let answer = ask(api.get("/metrics")).await;
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
    let exported = &answer.body;
    let of = |name, route| value(exported, &format!("{name}{{route=\"{route}\"}}"));
    assert_eq!(of("l402_payment_sats_total", "/weather"), 100);
    assert_eq!(of("l402_paid_requests_total", "/weather"), 5);
    assert_eq!(of("l402_payment_sats_total", "/forecast/{city}"), 500);
    assert_eq!(of("l402_payments_total", "/forecast/{city}"), 2);
    assert_eq!(of("l402_free_requests_total", "/forecast/{city}"), 1);
    assert_eq!(value(exported, "l402_cache_hits_total{cache=\"verdict\"}"), 4);
    assert_eq!(value(exported, "l402_limiter_refusals_total{limiter=\"budget_mint\"}"), 0);
    let refused = "outcome=\"broker_error\",reason=\"key_refused\"";
    assert_eq!(
        value(exported, &format!("l402_rejections_total{{route=\"/weather\",{refused}}}")),
        1
    );
    let calls = |endpoint, outcome| {
        let labels = format!("endpoint=\"{endpoint}\",outcome=\"{outcome}\"");
        value(exported, &format!("l402_broker_call_seconds_count{{{labels}}}"))
    };
    assert_eq!(calls("challenges", "ok") + calls("challenges", "key_refused"), sandbox.mints());
    // One of those that the broker saw was to choose the refusal.
    assert_eq!(calls("verify", "ok"), sandbox.verifies());
    assert!(!exported.contains(sandbox.api_key()));
}

#[actix_web::test]
async fn every_figure_that_the_dashboard_asks_for_is_exported() {
    let sandbox = Sandbox::start().await;
    let exported = ask(trade(&sandbox).await.get("/metrics")).await.body;
    let known: BTreeSet<&str> = exported
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(['{', ' ']).next())
        .collect();
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let queries = queries(&dashboard);
    let mut asked = BTreeSet::new();
    for query in &queries {
        let names: Vec<_> = figures(query).collect();
        assert!(!names.is_empty(), "{query}");
        for name in names {
            assert!(known.contains(name), "{name}, of {query}, in {exported}");
            asked.insert(name.trim_end_matches("_bucket").trim_end_matches("_count"));
        }
    }
    let exported: BTreeSet<_> = exported
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    assert_eq!(asked, exported, "and it shows all that is exported");
}

/// All queries of the dashboard, those for its variables included.
fn queries(dashboard: &Value) -> Vec<String> {
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    let queries = targets.map(|target| &target["expr"]);
    let variables = dashboard["templating"]["list"].as_array().unwrap().iter();
    let definitions = variables.map(|variable| &variable["definition"]);
    queries.chain(definitions).filter_map(|query| query.as_str().map(str::to_owned)).collect()
}

fn figures(query: &str) -> impl Iterator<Item = &str> {
    let is_name = |char: char| char.is_ascii_alphanumeric() || char == '_';
    query.split(move |char| !is_name(char)).filter(|word| word.starts_with("l402_"))
}
