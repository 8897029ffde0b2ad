#!/usr/bin/env bash
# Visits the paywall page with a real Chromium and a WebLN wallet that pays through the sandbox.
# Installs what it needs into a throw-away folder. SHOTS=FOLDER keeps pictures of the page.
set -euo pipefail
cd "$(dirname "$0")/../../.."

scratch=$(mktemp -d)
running=()
cleanup() {
    for process in "${running[@]}"; do kill "$process" 2>/dev/null || true; done
    rm -rf "$scratch"
}
trap cleanup EXIT

need() {
    command -v "$1" >/dev/null || { apt-get update -q && apt-get install -qy --no-install-recommends "$2"; }
}
need curl curl
need chromium chromium
need node nodejs
need npm npm

# Waits until a program has printed the line that its last words are in.
printed() {
    for _ in $(seq 200); do
        grep -qs "$1" "$2" && return
        sleep 0.1
    done
    echo "it did not come up:"
    cat "$2"
    exit 1
}

target=$(cargo metadata --format-version 1 --no-deps | node -pe 'JSON.parse(require("fs").readFileSync(0)).target_directory')

echo "== paywall: the example gives a browser the page and a program JSON"
cargo build -q -p l402-examples --example paywall
env -u LIGHTNING_ENABLE_API_KEY -u LIGHTNING_ENABLE_API_URL PORT=0 SANDBOX_PORT=0 \
    "$target/debug/examples/paywall" >"$scratch/example" 2>&1 &
running+=($!)
printed 'curl -i' "$scratch/example"
article=$(sed -n 's|^  curl -i \(http://.*\)$|\1|p' "$scratch/example")
for form in 'text/html text/html;' '*/* application/json'; do
    got=$(curl -s --noproxy '*' -o /dev/null -w '%{http_code} %{content_type}' -H "Accept: ${form% *}" "$article")
    [[ "$got" == "402 ${form#* }"* ]] || { echo "got: $got"; exit 1; }
done

echo "== paywall: the shop"
cargo build -q -p l402-tests --example paywall_shop
"$target/debug/examples/paywall_shop" >"$scratch/shop" 2>&1 &
running+=($!)
printed '^wallet' "$scratch/shop"
api=$(sed -n 's/^api //p' "$scratch/shop")
wallet=$(sed -n 's/^wallet //p' "$scratch/shop")

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
