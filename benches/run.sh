#!/usr/bin/env bash
# Every figure of docs/PERFORMANCE.md, in its order. Loopback only; ends by itself.
#
#   benches/run.sh            all of it, some thirty minutes, most of them clean builds
#   benches/run.sh load       one part: load, http2, parts, calls or build
set -euo pipefail
cd "$(dirname "$0")/.."
part=${1:-all}
wants() { [[ $part == all || $part == "$1" ]]; }

if wants load; then
    # `load` starts its server with and without the counting allocator: both have to be there.
    cargo build --release -p l402-benches --bins
    target/release/load
fi
if wants http2; then
    cargo build --release -p l402-benches --features http2 --bins
    target/release/load compare
fi
if wants parts; then cargo bench -p l402-benches --bench gate --bench balances; fi
if wants calls; then cargo bench -p l402-benches --bench broker_calls --profile dev; fi
if wants build; then benches/build-cost.sh; fi
