//! A gated API under mixed traffic for a set time, while its broker falls ill and gets well again.
//!
//! ```bash
//! cargo run -p l402-tests --bin soak -- --seconds 600
//! cargo run -p l402-tests --bin soak -- --crowd 1000000
//! ```
//!
//! The second lets so many clients come, each once and with a token of its own, to an API that remembers
//! all that it can remember: its memory has to stay what it is.
//!
//! The API is a process of its own, so that the memory and the sockets that are reported are its
//! alone; the broker and the visitors are here. All of it stays on this machine and ends by itself:
//! the API when this process ends, this process when the time is up. Fails if an answer was not
//! the one that was promised, if a token that was paid for does not open its route at the end, or
//! if sockets stay open.

mod api;
mod crowd;
mod illness;
mod report;
mod visitors;

use std::{
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use l402_sandbox::Sandbox;

use self::{api::Api, illness::Illness, report::Report, visitors::Visitors};

/// How long the broker is in one state. Longer than the gate's deadline, so that no request sees
/// more than one change.
const PHASE: Duration = Duration::from_secs(10);

/// How long idle connections may take to close once the traffic has ended: reqwest keeps them for
/// 90 seconds, and looks for such ones every 90 seconds.
const SETTLING: Duration = Duration::from_secs(200);

const HELP: &str =
    "soak --seconds N    N seconds of traffic on loopback, then up to three minutes to settle
soak --crowd N      N clients, each with a token of its own; REDIS_URL is what the API shares";

enum Job {
    Serve,
    Soak(Duration),
    Crowd(usize),
    Help,
}

fn job() -> Result<Job, lexopt::Error> {
    use lexopt::prelude::*;
    let mut parser = lexopt::Parser::from_env();
    let mut job = Job::Soak(Duration::from_secs(60));
    while let Some(argument) = parser.next()? {
        job = match argument {
            Long("seconds") => Job::Soak(Duration::from_secs(parser.value()?.parse()?)),
            Long("crowd") => Job::Crowd(parser.value()?.parse()?),
            Long("serve") => Job::Serve,
            Long("help") => Job::Help,
            other => return Err(other.unexpected()),
        };
    }
    Ok(job)
}

#[actix_web::main]
async fn main() -> ExitCode {
    let done = match job() {
        Ok(Job::Serve) => api::serve().await.map(|()| true),
        Ok(Job::Soak(time)) => soak(time).await,
        Ok(Job::Crowd(clients)) => crowd::comes(clients).await,
        Ok(Job::Help) => {
            println!("{HELP}");
            Ok(true)
        }
        Err(err) => {
            eprintln!("{err}\n{HELP}");
            Ok(false)
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(err) => {
            eprintln!("the soak could not go on: {err}");
            ExitCode::FAILURE
        }
    }
}

async fn soak(time: Duration) -> std::io::Result<bool> {
    let sandbox = Arc::new(Sandbox::start().await);
    let api = Api::start(&sandbox, false).await?;
    let illness = Arc::new(Illness::none());
    let visitors = Visitors::new(api.address, Arc::clone(&sandbox), Arc::clone(&illness));
    let mut report = Report::begin(&api)?;

    let end = Instant::now() + time;
    let traffic = visitors.visit_until(end);
    while Instant::now() < end {
        tokio::time::sleep(PHASE.min(end.saturating_duration_since(Instant::now()))).await;
        illness.next(&sandbox);
        report.note(&api)?;
    }
    illness.end(&sandbox);
    traffic.wait().await;

    visitors.present_all_that_was_paid().await;
    visitors.leave();
    let settled = Instant::now() + SETTLING;
    while api.sockets()? > report.sockets_at_start() && Instant::now() < settled {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    report.end(&api)?;
    Ok(report.print(&visitors))
}
