//! A gated API under mixed traffic for a set time, while everything around it fails and comes back.
//!
//! ```bash
//! cargo run -p l402-tests --bin soak -- --seconds 600
//! cargo run -p l402-tests --bin soak -- --crowd 1000000
//! ```
//!
//! Two processes of the API share a Redis. Both are killed and stopped at random and started anew, Redis
//! is killed and frozen, and the broker falls ill and gets well again. Strangers, browsers and forgers
//! come, and payers with tokens, cookies and MPP, to routes that count nothing, a use, five uses or units.
//! Fails if an answer was not the one that was promised, if a payment was answered more often than was
//! paid for, if one is not served at the end, or if memory or handles grow. `redis-server` has to be
//! installed.
//!
//! The second lets so many clients come, each once and with a token of its own, to one process: its
//! memory has to stay what it is.
//!
//! The API is always in processes of its own, so that what the system says of them is theirs alone. All
//! of it stays on this machine and ends by itself.

mod api;
mod crowd;
mod fleet;
mod illness;
mod payers;
mod payment;
mod random;
mod redis;
mod report;
mod seen;
mod strangers;
mod town;

use std::{
    io,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use l402_sandbox::Sandbox;
use tokio::{task::JoinSet, time::sleep};

use self::{api::Setting, payers::Payers, random::Random, redis::left, town::Town};

/// How long the broker is in one state. Longer than the gate's deadline, so that no request sees
/// more than one change.
const PHASE: Duration = Duration::from_secs(10);

/// How many come at a time, and how long each waits before it comes again: the run is about time, not
/// about speed.
const VISITORS: usize = 8;
const PAUSE: Duration = Duration::from_millis(150);

/// Longer than any run, so that each payment can be presented at its end.
const TOKEN_LIFETIME: Duration = Duration::from_secs(12 * 60 * 60);

/// How long idle connections may take to close once the traffic has ended: reqwest keeps them for
/// 90 seconds, and looks for such ones every 90 seconds.
const SETTLING: Duration = Duration::from_secs(200);

const HELP: &str =
    "soak --seconds N    N seconds of traffic on loopback, then some minutes to settle
     --seed S       the same chances as in the run that has said this seed
     --hasty        without the minutes to settle
soak --crowd N      N clients, each with a token of its own; REDIS_URL is what the API shares";

struct Arguments {
    job: Job,
    seed: u64,
    is_hasty: bool,
}

enum Job {
    Serve,
    Soak(Duration),
    Crowd(usize),
    Help,
}

fn arguments() -> Result<Arguments, lexopt::Error> {
    use lexopt::prelude::*;
    let mut parser = lexopt::Parser::from_env();
    let job = Job::Soak(Duration::from_secs(60));
    let mut arguments = Arguments { job, seed: Random::seed(), is_hasty: false };
    while let Some(argument) = parser.next()? {
        match argument {
            Long("seconds") => {
                arguments.job = Job::Soak(Duration::from_secs(parser.value()?.parse()?));
            }
            Long("seed") => arguments.seed = parser.value()?.parse()?,
            Long("hasty") => arguments.is_hasty = true,
            Long("crowd") => arguments.job = Job::Crowd(parser.value()?.parse()?),
            Long("serve") => arguments.job = Job::Serve,
            Long("help") => arguments.job = Job::Help,
            other => return Err(other.unexpected()),
        }
    }
    Ok(arguments)
}

#[actix_web::main]
async fn main() -> ExitCode {
    let done = match arguments() {
        Ok(Arguments { job: Job::Serve, .. }) => api::serve().await.map(|()| true),
        Ok(Arguments { job: Job::Soak(time), seed, is_hasty }) => soak(time, seed, is_hasty).await,
        Ok(Arguments { job: Job::Crowd(clients), .. }) => crowd::comes(clients).await,
        Ok(Arguments { job: Job::Help, .. }) => {
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

async fn soak(time: Duration, seed: u64, is_hasty: bool) -> io::Result<bool> {
    println!("{:<40}{seed}", "seed");
    let mut random = Random::new(seed);
    let sandbox = Sandbox::builder().token_lifetime(TOKEN_LIFETIME).start().await;
    let sandbox = sandbox.map_err(io::Error::other)?;
    let redis = redis::start().await?;
    let setting = Setting { redis: Some(redis.url()), unlimited: true, ..Setting::of(&sandbox) };
    let (town, payers) = (Arc::new(Town::new(sandbox)), Arc::new(Payers::default()));

    let (begun, end) = (Instant::now(), Instant::now() + time);
    let longest = (time / 4).clamp(Duration::from_secs(5), Duration::from_secs(900));
    let fleet = &town.fleet;
    let (one, two, redis, ()) = tokio::try_join!(
        fleet.lives_until(0, &setting, random.split(), end, longest),
        fleet.lives_until(1, &setting, random.split(), end, longest),
        redis::falls_ill(redis, &town.outages, random.split(), end, longest / 3),
        visits(&town, &payers, &mut random, end),
    )?;
    println!("{:<40}{}", "seconds of traffic", begun.elapsed().as_secs());

    payers.all_come(&town).await;
    town.leave();
    let ((one, stopped_one), (two, stopped_two)) = (one, two);
    let settled = Instant::now() + if is_hasty { Duration::ZERO } else { SETTLING };
    loop {
        for (slot, api) in [&one, &two].into_iter().enumerate() {
            if let Some(life) = fleet.now(slot) {
                life.look(api)?;
            }
        }
        if Instant::now() >= settled {
            break;
        }
        sleep(Duration::from_secs(5)).await;
    }
    println!("{:<40}{}", "Redis was away or frozen", town.outages.count());
    drop(redis);
    town.seen.print();
    let fleet_is_right = report::print(fleet, is_hasty)
        & report::is(one.panics() + two.panics() == 0, "a process has panicked at the end")
        & report::is(stopped_one && stopped_two, "a process did not stop in time");
    Ok(town.seen.is_right() && fleet_is_right)
}

/// Who comes, and what ails the broker meanwhile.
async fn visits(
    town: &Arc<Town>,
    payers: &Arc<Payers>,
    random: &mut Random,
    end: Instant,
) -> io::Result<()> {
    let mut visitors = JoinSet::new();
    for _ in 0..VISITORS {
        let (town, payers, mut random) = (Arc::clone(town), Arc::clone(payers), random.split());
        visitors.spawn(async move {
            while Instant::now() < end {
                if random.below(5) < 2 {
                    town.stranger(&mut random, payers.token()).await;
                } else {
                    payers.come(&town, &mut random).await;
                }
                sleep(PAUSE).await;
            }
        });
    }
    while Instant::now() < end {
        sleep(PHASE.min(left(end))).await;
        town.illness.next(&town.sandbox);
    }
    town.illness.end(&town.sandbox);
    while visitors.join_next().await.is_some() {}
    Ok(())
}
