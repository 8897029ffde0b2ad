//! What the system says of the processes.

use std::time::Duration;

use crate::fleet::{End, Fleet, Life};

/// From here on a process is warmed up: every worker has served, and every pool is filled.
const WARM: Duration = Duration::from_secs(30);

/// What no process may have more of than: what all memories take when they are full, and a half.
const MOST_KIB: u64 = 160 * 1024;

/// How many more handles than just after its start an idle process may have: the threads that it starts with
/// the first request, and its connections to Redis.
const MORE_HANDLES: usize = 24;

/// Prints it; whether all is as it was promised.
pub(crate) fn print(fleet: &Fleet, is_hasty: bool) -> bool {
    let lives = fleet.lives();
    let ended =
        |how| lives.iter().filter(move |life| life.end().is_some_and(|(end, _)| end == how));
    let line = |what: &str, value: String| println!("{what:<40}{value}");
    line("processes", lives.len().to_string());
    line("  killed", ended(End::Killed).count().to_string());
    line("  stopped", ended(End::Stopped).count().to_string());
    line("  panics", fleet.panics().to_string());
    let looks = || lives.iter().flat_map(|life| life.looks());
    let most = looks().map(|look| look.kib).max().unwrap_or_default();
    line("memory, the most of any", format!("{} MiB", most / 1024));
    line("handles, the most of any", looks().map(|l| l.handles).max().unwrap_or(0).to_string());
    for slot in 0..2 {
        if let Some(life) = fleet.now(slot) {
            let age = life.looks().last().map(|look| look.age.as_secs());
            line("the last one, its age", format!("{} s", age.unwrap_or_default()));
            print_course(&life);
        }
    }
    if let Some(oldest) = lives.iter().max_by_key(|life| life.looks().last().map(|look| look.age)) {
        let age = oldest.looks().last().map(|look| look.age.as_secs());
        line("the oldest one, its age", format!("{} s", age.unwrap_or_default()));
        print_course(oldest);
    }
    let mut handles = Vec::new();
    let mut is_right = is(most <= MOST_KIB, "a process has taken too much memory")
        & is(fleet.panics() == 0, "a process has panicked");
    for slot in 0..2 {
        let looks = fleet.now(slot).map(|life| life.looks()).unwrap_or_default();
        if let (Some(first), Some(last)) = (looks.first(), looks.last()) {
            handles.push(format!("{} and {}", first.handles, last.handles));
            let is_idle = is_hasty || last.handles <= first.handles + MORE_HANDLES;
            is_right &= is(is_idle, "an idle process holds more handles than at its start");
        }
    }
    line("handles after the start and at the end", handles.join(", "));
    is_right
}

/// Says so where it is not.
pub(crate) fn is(right: bool, else_what: &str) -> bool {
    if !right {
        println!("NOT AS PROMISED: {else_what}");
    }
    right
}

/// Its memory at ten moments.
fn print_course(life: &Life) {
    let looks: Vec<_> = life.looks().into_iter().filter(|look| look.age >= WARM).collect();
    let tenths = looks.iter().step_by((looks.len() / 10).max(1));
    let course = tenths.map(|look| (look.kib / 1024).to_string()).collect::<Vec<_>>().join(", ");
    println!("{:<40}{course} MiB", "  its memory over time");
}
