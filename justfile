# The daily commands. `just` alone lists them.

_default:
    @just --list

# Serve the quickstart on a sandbox
quickstart:
    cargo run --bin quickstart

# What needs nothing but Rust
test:
    cargo test --workspace

# Count the broker's calls in the scenarios that matter; ten minutes; needs `redis-server`
bench-calls:
    cargo bench -p l402-benches --bench broker_calls --profile dev

# State in a real Redis; needs `redis-server`
redis:
    cargo test -p l402-tests --features redis-server --test balances redis::
    cargo test -p l402-tests --features redis-server --test shared_state

# A million cases of each model, then each fuzz target for so many seconds; hours
prove seconds="600":
    CASES=1000000 cargo test --release -p l402-tests --test gate_model -- --nocapture
    CASES=1000000 cargo test --release -p l402-tests --test balances model::the_memory_store
    CASES=20000 cargo test --release -p l402-tests --test balances model::the_redb_store
    fuzz/run {{seconds}}

# An API in two processes that die, with a Redis that does and a broker that falls ill; needs `redis-server`
soak seconds="600":
    cargo run --release -p l402-tests --bin soak -- --seconds {{seconds}}

# Try each fault around a balance a thousand times; half an hour; needs `redis-server`, `libfaketime`
faults:
    TRIES=1000 cargo test -p l402-tests --features redis-server --test balances -- faults:: damaged_file --nocapture --test-threads 2

# Everything that a submission has to pass
ci:
    .ci/run

# Every figure of docs/PERFORMANCE.md
bench:
    benches/run.sh

# Change a room's code a line at a time: does a test notice? `just mutants gate --shard 1/8`
mutants room *flags:
    tests/mutants.sh {{room}} {{flags}}

# Write the expected compiler messages anew; read each before committing it
ui:
    TRYBUILD=overwrite cargo test -p l402-ui

# Write docs/guide anew from the pages in l402-actix/src/guide
guide:
    GUIDE=write cargo test -p l402-tests --test repository guide

# Write docs/api anew: what the crates make public
api:
    .ci/api write

# The docs as docs.rs shows them
doc:
    cargo doc --workspace --no-deps --open

# What `#[l402]` expands to in the quickstart (needs `cargo install cargo-expand`)
expand:
    cargo expand -p l402-quickstart

# The four crates as they would be published
package:
    cargo package -p l402-macros -p l402-server -p l402-sandbox -p l402-actix
