//! Measures what a gated request costs; see docs/PERFORMANCE.md.
//!
//! `cargo run --release -p l402-benches --bins --bin load -- [compare | slow-broker | workers]`
//! `[--rounds N] [--requests N]`; without a name, all of them. `--profile <route>`, as the last
//! argument, keeps one route busy for a profiler.

use std::time::Duration;

use l402_benches::{
    Error, broker,
    scenarios::{self, Effort},
    server::{self, Settings},
};
use lexopt::{Arg, ValueExt as _};

#[actix_web::main]
async fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    // The processes that a measurement starts are this program as well.
    match args.split_first() {
        Some((name, rest)) if name == "broker" => {
            let delay = rest.first().ok_or("expected a delay in milliseconds")?.parse()?;
            broker::run(Duration::from_millis(delay)).await
        }
        Some((name, rest)) if name == "server" => {
            server::run(Settings::from_args(rest)?, None).await
        }
        _ => measure().await,
    }
}

async fn measure() -> Result<(), Error> {
    let mut effort = Effort { rounds: 11, requests: 4000 };
    let mut only = None;
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Long("rounds") => effort.rounds = parser.value()?.parse()?,
            Arg::Long("requests") => effort.requests = parser.value()?.parse()?,
            Arg::Long("profile") => {
                return scenarios::profile(effort, &parser.value()?.string()?).await;
            }
            Arg::Value(name) => only = Some(name.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    if wanted("compare") {
        scenarios::compare(effort).await?;
    }
    if wanted("slow-broker") {
        scenarios::slow_broker(effort).await?;
    }
    if wanted("workers") {
        scenarios::workers(effort).await?;
    }
    Ok(())
}
