#!/usr/bin/env bash
# Visits the paywall page with a real Chromium and a WebLN wallet that pays through the sandbox.
# Installs what it needs into a throw-away folder. SHOTS=FOLDER keeps pictures of the page.
source "$(dirname "$0")/../common.sh"

need curl curl
need chromium chromium
need node nodejs
need npm npm

echo "== paywall: the example gives a browser the page and a program JSON"
cargo build -q --workspace --example paywall
start "$scratch/example" 'curl -i' "$(built)/debug/examples/paywall"
article=$(sed -n 's|^  curl -i \(http://.*\)$|\1|p' "$scratch/example")
for form in 'text/html text/html;' '*/* application/json'; do
    got=$(curl -s --noproxy '*' -o /dev/null -w '%{http_code} %{content_type}' -H "Accept: ${form% *}" "$article")
    [[ "$got" == "402 ${form#* }"* ]] || fail "got $got" "$scratch/example"
done

echo "== paywall: the shop"
cargo build -q --workspace --example paywall_shop
start "$scratch/shop" '^wallet' "$(built)/debug/examples/paywall_shop"
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
