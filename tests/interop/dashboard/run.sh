#!/usr/bin/env bash
# Puts the dashboard's queries to a real Prometheus that has watched the metrics example at work.
# A minute and a half; loopback only. SHOTS=FOLDER keeps a picture of the panels, drawn from the answers.
source "$(dirname "$0")/../common.sh"

need python3 python3
need prometheus prometheus
cargo build -q --workspace --bin l402-sandbox --example metrics

echo "== dashboard: an API at work"
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
# The broker is not there yet: `trade.py` lets it come, later.
wallet_port=$(free_port)
export LIGHTNING_ENABLE_API_KEY=sandbox-key LIGHTNING_ENABLE_API_URL=http://127.0.0.1:$wallet_port
start "$scratch/example" 'curl.*/metrics' "$(built)/debug/examples/metrics"
api=$(sed -n 's|^  curl -i \(http://.*\)/metrics$|\1|p' "$scratch/example")

cat >"$scratch/prometheus.yml" <<YAML
scrape_configs:
  - job_name: api
    scrape_interval: 1s
    static_configs: [{ targets: ["${api#http://}"] }]
YAML
port=$(free_port)
start "$scratch/prometheus" 'ready to receive' prometheus --config.file="$scratch/prometheus.yml" \
    --storage.tsdb.path="$scratch/data" --web.listen-address="127.0.0.1:$port"
python3 tests/interop/dashboard/trade.py "$api" "$(built)/debug/l402-sandbox" "$wallet_port"

echo "== dashboard: its queries, put to $(prometheus --version 2>&1 | head -1 | cut -d' ' -f1-3)"
python3 tests/interop/dashboard/queries.py docs/grafana/l402.json "http://127.0.0.1:$port" "$scratch/page.html"
if [ -n "${SHOTS:-}" ]; then
    need chromium chromium
    mkdir -p "$SHOTS"
    HOME=$scratch chromium --headless --no-sandbox --hide-scrollbars --window-size=1600,1500 \
        --screenshot="$SHOTS/dashboard.png" "file://$scratch/page.html" 2>/dev/null
fi
echo "dashboard: all answered"
