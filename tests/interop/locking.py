"""Writes `locks/`: the version of all that each client of the catalogue needs, as its registry gives it
today. Run it when a version in the catalogue changes, with no arguments; then run the suite."""

import json
import shutil
import tempfile
from pathlib import Path

from catalogue import clients
from installing import LOCKS, run, uv
from other_clients import HARNESS

# What npm's name stands in for a repository that a package wants instead.
STAND_INS = {"lsat-js": {"macaroon": "$macaroon"}}


def python(program, client):
    lock = str(LOCKS / f"{client.lock}.txt")
    quiet = ["-q", "--no-header", "--no-annotate", "--universal", "--python-version", "3.11"]
    run([program, "pip", "compile", *quiet, "-o", lock, "-"], said="\n".join(client.packages))


def npm(client):
    folder = LOCKS / client.lock
    folder.mkdir()
    wanted = dict(package.rsplit("@", 1) for package in client.packages)
    stand_ins = {}
    for name in wanted:
        stand_ins |= STAND_INS.get(name, {})
    manifest = {"private": True, "dependencies": wanted, "overrides": stand_ins}
    (folder / "package.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--omit-lockfile-registry-resolved"]
    run(["npm", "install", "--package-lock-only", *quiet], folder)


def main():
    shutil.rmtree(LOCKS, ignore_errors=True)
    LOCKS.mkdir()
    with tempfile.TemporaryDirectory() as scratch:
        program = uv(Path(scratch))
        locks = {client.lock: client for client in [*clients(), HARNESS]}
        for client in locks.values():
            if client.python:
                python(program, client)
            elif client.registry == "npm":
                npm(client)
            print(client.lock, flush=True)


main()
