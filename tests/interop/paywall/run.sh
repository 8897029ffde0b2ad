#!/usr/bin/env bash
# Visits the paywall page with a real Chromium and a WebLN wallet that pays through the sandbox.
# Installs what it needs into a throw-away folder. SHOTS=FOLDER keeps pictures of the page.
set -euo pipefail
cd "$(dirname "$0")/../../.."

scratch=$(mktemp -d)
shop=
cleanup() {
    if [ -n "$shop" ]; then kill "$shop" 2>/dev/null || true; fi
    rm -rf "$scratch"
}
trap cleanup EXIT

need() {
    command -v "$1" >/dev/null || { apt-get update -q && apt-get install -qy --no-install-recommends "$2"; }
}
need chromium chromium
need node nodejs
need npm npm

echo "== paywall: the shop"
cargo build -q -p l402-tests --example paywall_shop
target=$(cargo metadata --format-version 1 --no-deps | node -pe 'JSON.parse(require("fs").readFileSync(0)).target_directory')
"$target/debug/examples/paywall_shop" >"$scratch/out" 2>"$scratch/err" &
shop=$!
for _ in $(seq 100); do
    grep -q '^wallet' "$scratch/out" && break
    sleep 0.1
done
api=$(sed -n 's/^api //p' "$scratch/out")
wallet=$(sed -n 's/^wallet //p' "$scratch/out")
if [ -z "$api" ] || [ -z "$wallet" ]; then
    echo "the shop did not come up:"
    cat "$scratch/out" "$scratch/err"
    exit 1
fi

echo "== paywall: puppeteer-core 24.43.1, jsqr 1.4.0, pngjs 7.0.0 (npm)"
cp tests/interop/paywall/*.mjs "$scratch"
npm install --prefix "$scratch" --silent --no-audit --no-fund \
    puppeteer-core@24.43.1 jsqr@1.4.0 pngjs@7.0.0
export CHROMIUM=${CHROMIUM:-$(command -v chromium)}
HOME=$scratch node "$scratch/trials.mjs" "$api" "$wallet"
if [ -n "${SHOTS:-}" ]; then
    mkdir -p "$SHOTS"
    HOME=$scratch node "$scratch/shots.mjs" "$api" "$wallet" "$SHOTS"
fi
echo "paywall: all held"
