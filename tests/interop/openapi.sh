#!/usr/bin/env bash
# Has tools that nobody here wrote read what the discovery example tells of itself: the OpenAPI
# document a validator, the manifest an agent's tool. Installs both into a throw-away folder.
set -euo pipefail
cd "$(dirname "$0")/../.."

scratch=$(mktemp -d)
example=
cleanup() {
    if [ -n "$example" ]; then kill "$example" 2>/dev/null || true; fi
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
"$scratch/venv/bin/pip" install -q --disable-pip-version-check \
    openapi-spec-validator==0.9.0 lightning-enable-mcp==2.1.1

echo "== the discovery example"
cargo build -q -p l402-examples --example discovery
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
env -u LIGHTNING_ENABLE_API_KEY -u LIGHTNING_ENABLE_API_URL PORT=0 \
    "$target/debug/examples/discovery" >"$scratch/out" 2>"$scratch/err" &
example=$!
for _ in $(seq 100); do
    grep -q 'openapi.json' "$scratch/out" && break
    sleep 0.1
done
api=$(sed -n 's|.*curl \(http://[^/]*\)/openapi.json$|\1|p' "$scratch/out")
if [ -z "$api" ]; then
    echo "the example did not come up:"
    cat "$scratch/out" "$scratch/err"
    exit 1
fi

echo "== openapi-spec-validator 0.9.0 (PyPI)"
curl -fsS "$api/openapi.json" >"$scratch/openapi.json"
"$scratch/venv/bin/python" -m openapi_spec_validator "$scratch/openapi.json"

echo "== lightning-enable-mcp 2.1.1 (PyPI): discover_api"
HOME=$scratch "$scratch/venv/bin/python" tests/interop/discovery.py "$api"

if grep -qE 'ERROR|panicked' "$scratch/err"; then
    echo "the example logged an error:"
    cat "$scratch/err"
    exit 1
fi
echo "discovery: all read"
