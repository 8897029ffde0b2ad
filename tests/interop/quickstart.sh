#!/usr/bin/env bash
# The quickstart's program as a newcomer meets it: the curl lines that it prints, and the sandbox's
# own client. Arguments: the program, a folder to throw away.
set -euo pipefail
program=$1 scratch=$2

env -u LIGHTNING_ENABLE_API_KEY -u LIGHTNING_ENABLE_API_URL PORT=0 SANDBOX_PORT=0 \
    "$program" >"$scratch/out" 2>"$scratch/err" &
trap "kill $! 2>/dev/null || true" EXIT
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

if grep -qE 'ERROR|panicked' "$scratch/err"; then
    echo "the quickstart logged an error:"
    cat "$scratch/err"
    exit 1
fi
