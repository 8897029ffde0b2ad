#!/usr/bin/env bash
# Lets clients that nobody here wrote buy from the quickstart, unmodified, and runs the curl lines
# that the quickstart prints. Installs what it needs into a throw-away folder.
set -euo pipefail
cd "$(dirname "$0")/../.."

scratch=$(mktemp -d)
quickstart=
cleanup() {
    if [ -n "$quickstart" ]; then kill "$quickstart" 2>/dev/null || true; fi
    rm -rf "$scratch"
}
trap cleanup EXIT

need() {
    command -v "$1" >/dev/null || { apt-get update -q && apt-get install -qy "$2"; }
}
need curl curl
need python3 python3
python3 -m venv "$scratch/venv" 2>/dev/null || {
    apt-get update -q && apt-get install -qy python3-venv
    python3 -m venv --clear "$scratch/venv"
}

echo "== quickstart"
cargo build -q -p l402-examples --example quickstart
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
env -u LIGHTNING_ENABLE_API_KEY -u LIGHTNING_ENABLE_API_URL PORT=0 SANDBOX_PORT=0 \
    "$target/debug/examples/quickstart" >"$scratch/out" 2>"$scratch/err" &
quickstart=$!
for _ in $(seq 100); do
    grep -q 'LND_MACAROON_HEX' "$scratch/out" && break
    sleep 0.1
done
api=$(sed -n 's|^  curl -i \(http://[^/]*\)/weather$|\1|p' "$scratch/out")
wallet=$(sed -n 's|.*LND_REST_HOST=\(http://[^ ]*\) LND_MACAROON_HEX=00.*|\1|p' "$scratch/out")
if [ -z "$api" ] || [ -z "$wallet" ]; then
    echo "the quickstart did not come up:"
    cat "$scratch/out" "$scratch/err"
    exit 1
fi

echo "== the curl lines as printed: 402, then 200"
grep -E '^  (curl|[A-Z]+=\$\()' "$scratch/out" >"$scratch/lines"
bash -euo pipefail "$scratch/lines" >"$scratch/answers" 2>/dev/null
statuses=$(grep -o 'HTTP/1.1 [0-9]*' "$scratch/answers" | xargs)
[ "$statuses" = "HTTP/1.1 402 HTTP/1.1 200" ] || { echo "got: $statuses"; cat "$scratch/answers"; exit 1; }

echo "== the sandbox's own get"
LND_REST_HOST=$wallet cargo run -q -p l402-sandbox -- get "$api/forecast/berlin" >"$scratch/get"
grep -q '"amount_sats":250' "$scratch/get" || { cat "$scratch/get"; exit 1; }

echo "== l402-requests 0.9.0 (PyPI)"
"$scratch/venv/bin/pip" install -q --disable-pip-version-check l402-requests==0.9.0
HOME=$scratch LND_REST_HOST=$wallet LND_MACAROON_HEX=00 \
    "$scratch/venv/bin/python" tests/interop/l402_requests_buys.py "$api"

if grep -qE 'ERROR|panicked' "$scratch/err"; then
    echo "the quickstart logged an error:"
    cat "$scratch/err"
    exit 1
fi
echo "interop: all bought"
