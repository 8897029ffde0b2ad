#!/usr/bin/env bash
# Lets clients that nobody here wrote buy, unmodified, and one attack, and writes docs/INTEROP.md.
# Installs what it needs: tools by apt-get where they are missing, clients into a throw-away folder.
# Names of clients as arguments ("mppx") run those alone and leave the page as it is.
source "$(dirname "$0")/common.sh"
export PYTHONDONTWRITEBYTECODE=1

need curl curl
need node nodejs
need npm npm
venv "$scratch/tried"

echo "== what they buy from"
cargo build -q -p l402-sandbox
cargo build -q -p l402-examples -p l402-quickstart --bin quickstart --example browsers --example discovery
cargo build -q -p l402-tests --example interop

tests/interop/quickstart.sh
python3 tests/interop/suite.py "$(built)/debug" "$scratch" docs/INTEROP.md "$@"
