#!/usr/bin/env bash
# The quickstart as a newcomer meets it: the curl lines that it prints, and the sandbox's own client.
source "$(dirname "$0")/common.sh"

need curl curl
# As the README says it: the next command builds nothing again.
cargo build -q --bin quickstart
start "$scratch/quickstart" LND_MACAROON_HEX "$(built)/debug/quickstart"
api=$(sed -n 's|^  curl -i \(http://[^/]*\)/weather$|\1|p' "$scratch/quickstart")
wallet=$(sed -n 's|.*LND_REST_HOST=\(http://[^ ]*\) LND_MACAROON_HEX=00.*|\1|p' "$scratch/quickstart")

echo "== the curl lines as printed: 402, then 200, and the free route"
grep -E '^  (curl|[A-Z]+=\$\()' "$scratch/quickstart" >"$scratch/lines"
bash -euo pipefail "$scratch/lines" >"$scratch/answers" 2>/dev/null
statuses=$(grep -o 'HTTP/1.1 [0-9]*' "$scratch/answers" | xargs)
[ "$statuses" = "HTTP/1.1 402 HTTP/1.1 200 HTTP/1.1 200" ] || fail "got $statuses" "$scratch/answers"

echo "== the sandbox's own get"
LND_REST_HOST=$wallet cargo run -q --bin l402-sandbox -- get "$api/forecast/berlin" >"$scratch/get"
grep -q '"amount_sats":250' "$scratch/get" || fail "not sold" "$scratch/get"
quiet "$scratch/quickstart"
