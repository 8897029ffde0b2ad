#!/usr/bin/env bash
# Has validators that nobody here wrote read the OpenAPI document of the discovery example: one of
# OpenAPI, and mppx's of what registries look for. Installs them into a throw-away folder. The manifest's reader is on trial in `run.sh`, with the other clients.
source "$(dirname "$0")/common.sh"

need curl curl
need node nodejs
need npm npm
venv "$scratch/venv"
"$scratch/venv/bin/pip" install -q --disable-pip-version-check openapi-spec-validator==0.9.0

echo "== the discovery example"
cargo build -q --workspace --example discovery
start "$scratch/example" /v1/advice "$(built)/debug/examples/discovery"
api=$(sed -n 's|^  curl -i \(http://[^/]*\)/openapi.json$|\1|p' "$scratch/example")

echo "== openapi-spec-validator 0.9.0 (PyPI)"
curl -fsS "$api/openapi.json" >"$scratch/openapi.json"
"$scratch/venv/bin/python" -m openapi_spec_validator "$scratch/openapi.json"

echo "== mppx 0.11.0 (npm): x-payment-info and x-service-info"
# The newest viem no longer takes this mppx for a peer.
npm install --prefix "$scratch" --silent --no-audit --no-fund mppx@0.11.0 viem@2.54.0
cp tests/interop/openapi.mjs "$scratch"
node "$scratch/openapi.mjs" "$scratch/openapi.json"

quiet "$scratch/example"
echo "OpenAPI: read"
