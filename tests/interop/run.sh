#!/usr/bin/env bash
# Lets clients that nobody here wrote buy, unmodified, and writes docs/INTEROP.md. Installs what it
# needs: tools by apt-get where they are missing, clients into a throw-away folder. Names of clients
# as arguments ("mppx") run those alone and leave the page as it is.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
export PYTHONDONTWRITEBYTECODE=1

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

need() {
    command -v "$1" >/dev/null || {
        echo "== apt-get install $2"
        apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy "$2"
    }
}
need curl curl
need python3 python3
need node nodejs
need npm npm
python3 -m venv "$scratch/tried" >/dev/null 2>&1 || {
    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy python3-venv
}

echo "== what they buy from"
cargo build -q -p l402-sandbox
cargo build -q -p l402-examples --example quickstart --example browsers
cargo build -q -p l402-tests --example interop
built=$(cargo metadata --format-version 1 --no-deps |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/debug

"$here/quickstart.sh" "$built/examples/quickstart" "$scratch"
python3 "$here/suite.py" "$built" "$scratch" docs/INTEROP.md "$@"
