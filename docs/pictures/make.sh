#!/usr/bin/env bash
# Takes the README's pictures anew: what `l402-sandbox get` prints, and the paywall page.
source "$(dirname "$0")/../../tests/interop/common.sh"

need chromium chromium
need python3 python3
pictures=docs/pictures
cargo build -q -p l402-sandbox
cargo build -q -p l402-examples -p l402-quickstart --bin quickstart --example paywall

# With the ports of the README, so that the picture shows what a reader sees.
PORT=8080 SANDBOX_PORT=8402 start "$scratch/quickstart" LND_MACAROON_HEX "$(built)/debug/quickstart"
command='l402-sandbox get http://127.0.0.1:8080/weather'
{ echo "\$ $command"; "$(built)/debug/"$command; } >"$scratch/get"
python3 "$pictures/terminal.py" <"$scratch/get" >"$pictures/terminal.svg"

start "$scratch/paywall" 'curl -i' "$(built)/debug/examples/paywall"
article=$(sed -n 's|^Open \(http://[^ ]*\) in a browser.*|\1|p' "$scratch/paywall")
HOME=$scratch chromium --headless --no-sandbox --hide-scrollbars --window-size=560,706 \
    --screenshot="$pictures/paywall.png" "$article" 2>"$scratch/chromium"
echo "look at $pictures/terminal.svg and $pictures/paywall.png before committing them"
