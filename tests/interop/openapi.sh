#!/usr/bin/env bash
# Has tools that nobody here wrote read what the discovery example tells of itself: the OpenAPI
# document a validator, the manifest an agent's tool. Installs both into a throw-away folder.
source "$(dirname "$0")/common.sh"

need curl curl
venv "$scratch/venv"
"$scratch/venv/bin/pip" install -q --disable-pip-version-check \
    openapi-spec-validator==0.9.0 lightning-enable-mcp==2.1.1

echo "== the discovery example"
cargo build -q -p l402-examples --example discovery
start "$scratch/example" /openapi.json "$(built)/debug/examples/discovery"
api=$(sed -n 's|.*curl \(http://[^/]*\)/openapi.json$|\1|p' "$scratch/example")

echo "== openapi-spec-validator 0.9.0 (PyPI)"
curl -fsS "$api/openapi.json" >"$scratch/openapi.json"
"$scratch/venv/bin/python" -m openapi_spec_validator "$scratch/openapi.json"

echo "== lightning-enable-mcp 2.1.1 (PyPI): discover_api"
HOME=$scratch "$scratch/venv/bin/python" tests/interop/discovery.py "$api"
quiet "$scratch/example"
echo "discovery: all read"
