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
# With the features of `cargo test --workspace`, so that nothing is built again.
cargo build -q --workspace --bin l402-sandbox --bin quickstart --example browsers --example discovery --example interop

tests/interop/quickstart.sh
python3 tests/interop/suite.py "$(built)/debug" "$scratch" docs/INTEROP.md "$@"
