//! How many broker calls it takes to serve agents, crowds, crawlers and garbage, with one process of
//! the API and with several behind a round robin.
//!
//! Counts and not times: the sandbox says what it was asked. It allows 100 calls a minute and says in
//! each reply what is left, as the hosted broker does. The API's settings are as they come unless a
//! row says otherwise. Everything stays on this machine and ends by itself within ten minutes. The
//! build profile does not matter, so `cargo bench -p l402-benches --bench broker_calls --profile dev`
//! spares a release build. A word after `--` runs only the rows whose name holds it, such as `flood` or
//! `flood-redis-4`. The rows with Redis start a `redis-server`, which has to be installed.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on fails")]

mod broker;
mod paid;
mod processes;
mod report;
mod spent;
mod unpaid;

use std::{future::Future, pin::Pin, process::ExitCode, time::Instant};

use processes::Api;
use report::Row;

type Scenario = Pin<Box<dyn Future<Output = Row>>>;

/// Scenarios that run one after the other.
struct Line {
    only: Option<String>,
    scenarios: Vec<Scenario>,
}

impl Line {
    fn new() -> Self {
        // Cargo adds switches of its own.
        let only = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
        Self { only, scenarios: Vec::new() }
    }

    fn then(&mut self, name: &str, api: Api, scenario: impl Future<Output = Row> + 'static) {
        let redis = if api.shared { "-redis" } else { "" };
        let name = format!("{name}{redis}-{}", api.processes);
        if self.only.as_deref().is_none_or(|only| name.contains(only)) {
            self.scenarios.push(Box::pin(scenario));
        }
    }

    async fn run(self) -> Vec<Row> {
        let mut rows = Vec::new();
        for scenario in self.scenarios {
            let row = scenario.await;
            eprintln!("{row}");
            rows.push(row);
        }
        rows
    }
}

/// Three lines side by side, each scenario with processes and a sandbox of its own: one floods, one
/// takes a minute for each of its rows, and one does the rest.
#[actix_web::main]
async fn main() -> ExitCode {
    let begun = Instant::now();
    let (mut floods, mut minutes, mut others) = (Line::new(), Line::new(), Line::new());
    let alone = |processes| Api { processes, shared: false };
    let shared = |processes| Api { processes, shared: true };
    for api in [1, 2, 4].map(alone).into_iter().chain([1, 2, 4].map(shared)) {
        floods.then("flood", api, unpaid::flood(api));
        minutes.then("greedy", api, paid::greedy(api));
    }
    for api in [1, 2, 4, 8].map(alone).into_iter().chain([2, 4, 8].map(shared)) {
        others.then("agents", api, paid::agents_at_one_address(api));
        others.then("agents", api, paid::agents_at_an_address_each(api));
    }
    for api in [1, 2, 4].map(alone).into_iter().chain([2, 4].map(shared)) {
        others.then("loop", api, paid::agent_in_a_loop(api));
        others.then("crowd", api, paid::crowd(api));
        others.then("used-up", api, spent::used_up(api));
        others.then("rising", api, paid::rising_within_what_is_paid(api));
        others.then("rising", api, paid::rising_beyond_what_is_paid(api));
        others.then("unpaid", api, unpaid::one_who_never_pays(api));
        others.then("crawler", api, unpaid::crawler_with_reuse(api));
        others.then("hang", api, broker::hangs(api));
        others.then("warnings", api, broker::is_used_up(api));
    }
    let (floods, minutes, others) = tokio::join!(floods.run(), minutes.run(), others.run());
    let mut rows: Vec<_> = others.into_iter().chain(minutes).chain(floods).collect();
    rows.sort_by_key(|row| row.place);
    report::print(&rows);
    println!("\nin {} s", begun.elapsed().as_secs());
    if rows.iter().all(|row| row.met != Some(false)) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
