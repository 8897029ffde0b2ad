//! What is measured, in this order, in rounds that take turns.

#![expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^52")]

use std::time::Duration;

use crate::{
    Error,
    client::{Callers, Pace},
    process::Process,
    report::{median, micros, table},
    routes::{BARE, BUDGETED, CACHED, CAREFUL, HAND, KNOWN, OURS, PACK, UNPAID, Variant},
    server::{ALLOCATIONS_PATH, Settings},
};

/// How much of it.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Rounds of each variant; the figures are the medians over them.
    pub rounds: usize,
    /// Requests of a round.
    pub requests: usize,
}

const VARIANTS: [Variant; 9] = [BARE, HAND, CAREFUL, OURS, BUDGETED, KNOWN, CACHED, PACK, UNPAID];

/// Callers of the comparison: enough to keep one worker busy.
const CALLERS: usize = 32;

/// Callers of the slow broker.
const MANY_CALLERS: usize = 256;

/// How often each of them asks when they are spread.
const PERIOD: Duration = Duration::from_millis(100);

/// How long the slow broker takes.
const SLOW: Duration = Duration::from_millis(50);

fn broker(delay: Duration) -> Result<Process, Error> {
    Process::start("load", &["broker".to_owned(), delay.as_millis().to_string()])
}

fn server(broker: &Process, workers: usize) -> Result<Process, Error> {
    let broker = format!("http://{}", broker.address());
    let mut args = Settings { broker, workers }.to_args();
    args.insert(0, "server".to_owned());
    Process::start("load", &args)
}

/// The measured figures of one variant, one entry for each round.
#[derive(Default)]
struct Figures {
    cpu: Vec<f64>,
    per_second: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
}

impl Figures {
    /// What a request takes of the processor, apart from what it takes to wake the callers.
    async fn take_cpu(
        &mut self,
        server: &Process,
        callers: &mut Callers,
        variant: Variant,
        requests: usize,
    ) -> Result<(), Error> {
        let before = server.cpu_time()?;
        let count = callers.round(variant, requests, Pace::InStep).await?.latencies.len() as f64;
        self.cpu.push(micros(server.cpu_time()?.saturating_sub(before)) / count);
        Ok(())
    }

    async fn take_pace(
        &mut self,
        callers: &mut Callers,
        variant: Variant,
        requests: usize,
        pace: Pace,
    ) -> Result<(), Error> {
        let round = callers.round(variant, requests, pace).await?;
        let count = round.latencies.len() as f64;
        self.per_second.push(count / round.wall.as_secs_f64());
        self.p50.push(micros(round.percentile(50)));
        self.p99.push(micros(round.percentile(99)));
        Ok(())
    }
}

/// The variants side by side on one worker, with a broker that answers at once.
///
/// # Errors
///
/// When a process fails or a route answers what it must not.
pub async fn compare(effort: Effort) -> Result<(), Error> {
    let broker = broker(Duration::ZERO)?;
    let server = server(&broker, 1)?;
    let mut callers = Callers::connect(server.address(), CALLERS).await?;
    let mut figures: [Figures; VARIANTS.len()] = Default::default();
    for variant in VARIANTS {
        callers.round(variant, effort.requests / 2, Pace::InStep).await?;
    }
    for _ in 0..effort.rounds {
        for (variant, figures) in VARIANTS.into_iter().zip(&mut figures) {
            figures.take_cpu(&server, &mut callers, variant, effort.requests).await?;
            figures.take_pace(&mut callers, variant, effort.requests, Pace::AtOnce).await?;
        }
    }
    let allocations = allocations(&broker).await?;
    // Each round's ratio is taken within the round, where the machine was about the same.
    let ratio = |index: usize, base: usize| {
        median(figures[index].cpu.iter().zip(&figures[base].cpu).map(|(a, b)| a / b).collect())
    };
    let rows: Vec<_> = VARIANTS
        .iter()
        .enumerate()
        .map(|(index, variant)| {
            let Figures { cpu, per_second, p50, p99 } = &figures[index];
            vec![
                variant.name.to_owned(),
                format!("{:.1}", median(cpu.clone())),
                format!("{:.2}", ratio(index, 0)),
                format!("{:.2}", ratio(index, 1)),
                format!("{:.0}", median(per_second.clone())),
                format!("{:.2}", median(p50.clone()) / 1e3),
                format!("{:.2}", median(p99.clone()) / 1e3),
                format!("{:.0}", allocations[index]),
            ]
        })
        .collect();
    table(
        &format!("One worker, {CALLERS} callers, a broker that answers at once"),
        &[
            "route",
            "CPU µs/request",
            "of bare",
            "of hand-written",
            "requests/s",
            "p50 ms",
            "p99 ms",
            "allocations",
        ],
        &rows,
    );
    Ok(())
}

/// One variant alone, for a profiler: `perf record -p <pid>`, `strace -c -f -p <pid>`.
///
/// # Errors
///
/// As [`compare`]; also when no variant has this name.
pub async fn profile(effort: Effort, name: &str) -> Result<(), Error> {
    let named = VARIANTS.into_iter().find(|variant| variant.name.contains(name));
    let variant = named.ok_or("expected a part of a route's name")?;
    let broker = broker(Duration::ZERO)?;
    let server = server(&broker, 1)?;
    println!("{}: the server is process {}", variant.name, server.id());
    let mut callers = Callers::connect(server.address(), CALLERS).await?;
    let mut figures = Figures::default();
    for _ in 0..effort.rounds {
        figures.take_cpu(&server, &mut callers, variant, effort.requests).await?;
    }
    println!("{:.1} µs of CPU for each request", median(figures.cpu));
    Ok(())
}

/// Allocations of one request of each variant, on a server that counts them.
async fn allocations(broker: &Process) -> Result<[f64; VARIANTS.len()], Error> {
    const REQUESTS: usize = 1000;
    let broker = format!("http://{}", broker.address());
    let settings = Settings { broker, workers: 1 };
    let server = Process::start("load-server-counting", &settings.to_args())?;
    // One caller, so that requests do not share what one of them sets up.
    let mut callers = Callers::connect(server.address(), 1).await?;
    let mut counts = [0.0; VARIANTS.len()];
    for (variant, count) in VARIANTS.into_iter().zip(&mut counts) {
        callers.round(variant, REQUESTS, Pace::InStep).await?;
        let before: usize = callers.read(ALLOCATIONS_PATH).await?.parse()?;
        callers.round(variant, REQUESTS, Pace::InStep).await?;
        let after: usize = callers.read(ALLOCATIONS_PATH).await?.parse()?;
        *count = (after - before) as f64 / REQUESTS as f64;
    }
    Ok(counts)
}

/// Many callers and a broker that takes its time: what the gate adds to the wait. Spread evenly,
/// and each asking again at once, where all are answered and ask again in one burst.
///
/// # Errors
///
/// As [`compare`].
pub async fn slow_broker(effort: Effort) -> Result<(), Error> {
    let broker = broker(SLOW)?;
    let server = server(&broker, 1)?;
    let mut callers = Callers::connect(server.address(), MANY_CALLERS).await?;
    let cases = [HAND, OURS]
        .into_iter()
        .flat_map(|variant| [(variant, Pace::Spread(PERIOD)), (variant, Pace::AtOnce)]);
    let mut figures: [Figures; 4] = Default::default();
    for variant in [HAND, OURS] {
        callers.round(variant, effort.requests, Pace::AtOnce).await?;
    }
    for _ in 0..effort.rounds {
        for ((variant, pace), figures) in cases.clone().zip(&mut figures) {
            figures.take_pace(&mut callers, variant, effort.requests, pace).await?;
        }
    }
    let rows: Vec<_> = cases
        .zip(&figures)
        .map(|((variant, pace), figures)| {
            let p99 = median(figures.p99.clone());
            let best = figures.p99.iter().copied().fold(f64::INFINITY, f64::min);
            vec![
                variant.name.to_owned(),
                if pace == Pace::AtOnce { "in bursts" } else { "spread" }.to_owned(),
                format!("{:.1}", median(figures.p50.clone()) / 1e3),
                format!("{:.1}", p99 / 1e3),
                format!("{:.2}", p99 / micros(SLOW)),
                format!("{:.2}", best / micros(SLOW)),
                format!("{:.0}", median(figures.per_second.clone())),
            ]
        })
        .collect();
    table(
        &format!("One worker, {MANY_CALLERS} callers, a broker that takes 50 ms"),
        &["route", "callers", "p50 ms", "p99 ms", "p99 of 50 ms", "its best round", "requests/s"],
        &rows,
    );
    Ok(())
}

/// The hand-written route, whose client all workers share, and the gated one, each of whose workers
/// has its own.
///
/// # Errors
///
/// As [`compare`].
pub async fn workers(effort: Effort) -> Result<(), Error> {
    let broker = broker(Duration::ZERO)?;
    let mut rows = Vec::new();
    for workers in [1, 2, 4] {
        let server = server(&broker, workers)?;
        let mut callers = Callers::connect(server.address(), CALLERS).await?;
        let mut figures: [Figures; 2] = Default::default();
        for variant in [HAND, OURS] {
            callers.round(variant, effort.requests / 2, Pace::AtOnce).await?;
        }
        for _ in 0..effort.rounds {
            for (variant, figures) in [HAND, OURS].into_iter().zip(&mut figures) {
                figures.take_pace(&mut callers, variant, effort.requests, Pace::AtOnce).await?;
                figures.take_cpu(&server, &mut callers, variant, effort.requests).await?;
            }
        }
        let [hand, ours] = &figures;
        let ratios = ours.cpu.iter().zip(&hand.cpu).map(|(ours, hand)| ours / hand).collect();
        rows.push(vec![
            workers.to_string(),
            format!("{:.1}", median(hand.cpu.clone())),
            format!("{:.1}", median(ours.cpu.clone())),
            format!("{:.2}", median(ratios)),
            format!("{:.0}", median(hand.per_second.clone())),
            format!("{:.0}", median(ours.per_second.clone())),
            format!("{:.1}", median(hand.p99.clone()) / 1e3),
            format!("{:.1}", median(ours.p99.clone()) / 1e3),
        ]);
    }
    table(
        "`#[l402]` without cache beside the hand-written route",
        &[
            "workers",
            "CPU µs hand-written",
            "CPU µs `#[l402]`",
            "ratio",
            "requests/s hand-written",
            "requests/s `#[l402]`",
            "p99 ms hand-written",
            "p99 ms `#[l402]`",
        ],
        &rows,
    );
    Ok(())
}
