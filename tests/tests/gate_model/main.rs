//! The gate against a reference: random routes, settings, credentials and faults of the broker's.
//!
//! Never served unpaid, never more often than was paid for, never asked to pay again for what is
//! good; a failure asks for nothing, and a handler runs only to serve. Each case is a few requests over
//! real HTTP. `CASES=100000 cargo test -p l402-tests --test gate_model` takes its time.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod api;
mod case;
mod play;
mod reference;

use std::{cell::Cell, num::NonZero, panic::resume_unwind, thread};

use l402_sandbox::ReadOut;
use play::World;
use proptest::test_runner::{Config, TestRunner};

/// How many a world plays before the next one takes its place, which remembers nothing.
const CASES_OF_A_WORLD: u32 = 2_000;

/// How many in all, for a run that takes its time; each test plays a half of them.
fn cases(usual: u32) -> u32 {
    std::env::var("CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}

/// Says at which case something was found; those that follow shrink it.
struct Found(u32);

impl Drop for Found {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("found by case {}", self.0);
        }
    }
}

fn agrees(read_out: ReadOut) {
    let cases = cases(200).div_ceil(2);
    // A test for each kind of broker runs beside this one.
    let lanes = thread::available_parallelism().map_or(1, NonZero::get).div_ceil(2);
    let lanes = u32::try_from(lanes).unwrap().min(cases.div_ceil(CASES_OF_A_WORLD));
    let requests: usize = thread::scope(|scope| {
        let play = || play_cases(read_out, cases.div_ceil(lanes));
        let lanes: Vec<_> = (0..lanes).map(|_| scope.spawn(play)).collect();
        lanes.into_iter().map(|lane| lane.join().unwrap_or_else(|found| resume_unwind(found))).sum()
    });
    println!("{cases} cases, {requests} requests");
    assert!(requests > 3 * cases as usize, "too few were certain");
}

/// How many requests were held against the reference.
fn play_cases(read_out: ReadOut, cases: u32) -> usize {
    let system = actix_web::rt::System::new();
    let (begun, requests) = (Cell::new(0), Cell::new(0));
    while begun.get() < cases {
        let world = system.block_on(World::start(read_out));
        let cases = CASES_OF_A_WORLD.min(cases - begun.get());
        let config = Config { cases, failure_persistence: None, ..Config::default() };
        let played = TestRunner::new(config).run(&case::case(), |(settings, routes, events)| {
            begun.set(begun.get() + 1);
            let _found = Found(begun.get());
            requests.set(requests.get() + system.block_on(world.play(settings, &routes, &events)));
            Ok(())
        });
        // It stops on the runtime that it runs on.
        system.block_on(async { drop(world) });
        if let Err(err) = played {
            panic!("{err}");
        }
    }
    requests.get()
}

#[test]
fn who_has_paid_is_served_and_nobody_pays_twice() {
    agrees(ReadOut::First);
}

/// To which a token's holder can append.
#[test]
fn who_has_paid_is_served_by_a_broker_that_reads_out_the_last_caveat_too() {
    agrees(ReadOut::Last);
}
