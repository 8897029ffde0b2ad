#!/usr/bin/env bash
# What the attribute costs a user's build: user + system time, which other load on the machine moves
# less than wall time. About ten minutes of two cores; everything happens in a temporary folder.
#
#   benches/build-cost.sh [clean] [touch]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
wanted=" ${*:-clean touch} "
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# app <name> <dependency lines>: an empty crate that resolves to the versions of this repository.
app() {
    mkdir -p "$work/$1/src"
    printf '[package]\nname = "%s"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n[dependencies]\n%s\n' \
        "$1" "$2" >"$work/$1/Cargo.toml"
    cp "$root/Cargo.lock" "$work/$1/Cargo.lock"
}

# cpu <command...>: seconds of user + system time, children included.
cpu() {
    local TIMEFORMAT='%U %S'
    { time "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }; } 2>&1 |
        awk '{ printf "%.1f", $1 + $2 }'
}

build() { (cd "$work/$1" && CARGO_TARGET_DIR="$work/target-$1" cargo build --offline); }

actix='actix-web = { version = "4", default-features = false, features = ["macros"] }'
reqwest='reqwest = { version = "0.13", default-features = false, features = ["rustls", "json"] }'
# `json` is what the hand-written verify call needs; serde comes with it.
serde='serde = { version = "1", features = ["derive"] }'
ours="l402-actix = { path = \"$root/l402-actix\" }"

if [[ $wanted == *" clean "* ]]; then
    app without "$actix
$reqwest
$serde"
    cat >"$work/without/src/main.rs" <<'RS'
#[actix_web::get("/")]
async fn index() -> String {
    format!("{:?}", reqwest::Client::new())
}
#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let app = || actix_web::App::new().service(index);
    actix_web::HttpServer::new(app).bind(("127.0.0.1", 0))?.run().await
}
RS
    app with "$actix
$ours"
    cat >"$work/with/src/main.rs" <<'RS'
#[actix_web::get("/")]
#[l402_actix::l402(price_sats = 100)]
async fn index() -> String {
    "paid".to_owned()
}
#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let config = l402_actix::L402Config::from_env().map_err(std::io::Error::other)?;
    let app = move || actix_web::App::new().app_data(config.clone()).service(index);
    actix_web::HttpServer::new(app).bind(("127.0.0.1", 0))?.run().await
}
RS
    for name in without with; do (cd "$work/$name" && cargo fetch -q); done
    without=$(cpu build without)
    with=$(cpu build with)
    echo "clean build, Actix and reqwest alone: $without s of CPU"
    echo "clean build, with l402-actix:         $with s of CPU"
    awk -v a="$without" -v b="$with" 'BEGIN { printf "ratio: %.2f\n", b / a }'
fi

if [[ $wanted == *" touch "* ]]; then
    # Two apps of 50 handlers that differ in the attribute alone, with the same dependencies.
    for name in plain gated; do
        app "$name" "$actix
$ours"
        {
            echo 'use actix_web::{App, HttpServer, get, web};'
            echo '#[allow(unused_imports)] use l402_actix::{L402Config, l402};'
            for n in $(seq 50); do
                echo "#[get(\"/r$n/{id}\")]"
                if [[ $name == gated ]]; then echo "#[l402(price_sats = $n)]"; fi
                echo "async fn r$n(id: web::Path<u32>) -> String { format!(\"{id} 0\") }"
            done
            echo '#[actix_web::main] async fn main() -> std::io::Result<()> {'
            echo 'HttpServer::new(|| App::new()'
            for n in $(seq 50); do echo ".service(r$n)"; done
            echo ').bind(("127.0.0.1", 0))?.run().await }'
        } >"$work/$name/src/main.rs"
        (cd "$work/$name" && cargo fetch -q)
        # The dependencies are built once for both: the first touch follows a complete build.
        mkdir -p "$work/target-touch"
        ln -sfn "$work/target-touch" "$work/target-$name"
        build "$name" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
    done
    for round in 1 2 3 4 5; do
        for name in plain gated; do
            sed -i "s/async fn r25(id: web::Path<u32>) -> String { format!(\"{id} [0-9]*\")/async fn r25(id: web::Path<u32>) -> String { format!(\"{id} $round\")/" \
                "$work/$name/src/main.rs"
            echo "one of 50 $name handlers touched, round $round: $(cpu build "$name") s of CPU"
        done
    done
fi
