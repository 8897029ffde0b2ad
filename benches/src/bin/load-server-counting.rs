//! The server of `load` with an allocator that counts. Apart from it, so that counting does not
//! weigh on the processor time that is measured there.

use std::alloc::System;

use l402_benches::{
    Error,
    server::{self, Settings},
};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[actix_web::main]
async fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let count = || {
        let stats = ALLOCATOR.stats();
        stats.allocations + stats.reallocations
    };
    server::run(Settings::from_args(&args)?, Some(count)).await
}
