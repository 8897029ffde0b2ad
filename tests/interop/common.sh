# What the suite's scripts share; each begins by sourcing it, and is at the project's root then.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Both go with the script: a folder, and the programs that were started.
scratch=$(mktemp -d)
running=()
cleanup() {
    for process in "${running[@]}"; do kill "$process" 2>/dev/null || true; done
    rm -rf "$scratch"
}
trap cleanup EXIT

install() {
    echo "== apt-get install $*"
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@"
}

# need COMMAND PACKAGE: installs what the machine lacks.
need() {
    command -v "$1" >/dev/null || install "$2"
}

# venv FOLDER: an empty Python of its own.
venv() {
    need python3 python3
    python3 -m venv "$1" >/dev/null 2>&1 || {
        install python3-venv
        python3 -m venv --clear "$1"
    }
}

# Where Cargo puts programs.
built() {
    cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/'
}

# start LOG LINE PROGRAM..: runs a program until the script ends, and waits for a line like LINE,
# which is in the last words it prints before it serves.
start() {
    local log=$1 line=$2
    shift 2
    "$@" >"$log" 2>&1 &
    running+=($!)
    for _ in $(seq 200); do
        grep -qs "$line" "$log" && return
        sleep 0.1
    done
    fail "$1 did not come up" "$log"
}

# fail WORDS LOG: ends the script.
fail() {
    echo "$1:"
    cat "$2"
    exit 1
}

# quiet LOG: fails if a program has logged an error.
quiet() {
    ! grep -qE 'ERROR|panicked' "$1" || fail "an error was logged" "$1"
}

# The examples charge by a sandbox of their own, on any port.
unset LIGHTNING_ENABLE_API_KEY LIGHTNING_ENABLE_API_URL
export PORT=0 SANDBOX_PORT=0
