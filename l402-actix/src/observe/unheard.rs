//! Faults of an app that has no logger, where nobody would hear of them.

use std::{
    fmt::Display,
    sync::atomic::{AtomicBool, Ordering},
};

use tracing::level_filters::LevelFilter;

static SAID: AtomicBool = AtomicBool::new(false);

/// Says on standard error what a route fails of, once in a process, if neither a subscriber of
/// `tracing` nor a `log` logger is set up. Whoever has one has chosen what is shown.
pub(crate) fn say_if_unheard(route: &str, fault: &dyn Display) {
    let is_heard =
        LevelFilter::current() != LevelFilter::OFF || log::max_level() != log::LevelFilter::Off;
    if !is_heard && !SAID.swap(true, Ordering::Relaxed) {
        eprintln!(
            "l402-actix: {route} fails: {fault}\n\
             This is said once, because no logger is set up. Begin `main` with \
             `tracing_subscriber::fmt::init();` to see all of it."
        );
    }
}
