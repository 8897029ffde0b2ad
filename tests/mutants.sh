#!/usr/bin/env bash
# Changes the code of one room a line at a time and sees whether one of the tests that are meant to
# notice it does: tests/mutants.sh ROOM [flags of `cargo mutants`, such as --shard 1/8].
# What is changed and what is excused is in .cargo/mutants.toml. Needs cargo-mutants, cargo-nextest and, for
# what is in Redis, redis-server.
set -euo pipefail
cd "$(dirname "$0")/.."

room=${1:?a room: gate, terms, balance, broker, answer, server or macros}
shift
files=("l402-actix/src/$room/**")
packages=l402-actix,l402-tests
# Units first: a mutant ends at the first test that notices it.
targets=(--lib --test gate --test spans)
features=(--features l402-tests/redis-server)
case $room in
    gate | terms) targets+=(--test balances) ;;
    balance) targets=(--lib --test balances --test spans) ;;
    broker) targets+=(--test broker_calls --test shared_state) ;;
    answer) targets+=(--test faults) ;;
    server)
        files=("l402-server/src/"{credential,reply,types}.rs)
        packages=l402-server,l402-tests
        targets=(--lib --test client --test gate)
        ;;
    macros)
        files=("l402-macros/src/"{args,handler}.rs "l402-macros/src/module/*.rs")
        packages=l402-macros
        targets=(--test attribute)
        features=(--features l402-macros/discovery)
        ;;
    *)
        echo "no room is called $room" >&2
        exit 2
        ;;
esac
# In its own folder of the target, so that the next room need not build the other crates again.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target/mutants}
exec cargo mutants --workspace "${files[@]/#/--file=}" --test-package "$packages" "${features[@]}" --output target "$@" -- "${targets[@]}"
