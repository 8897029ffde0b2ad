"""The L402 tests of PyPI's `agent-security-harness` against the quickstart, each against a fresh one: they
attack from one address, which has a limit of its own.

Arguments: the folder of the programs that are built, and a folder to throw away."""

import os
import re
import sys
from pathlib import Path

from installing import HERE, Installer
from other_clients import HARNESS
from processes import Client, Process, Programs, Unavailable

# What does not pass, through no fault of the quickstart's: what it says, and why.
ITS_OWN_FAULTS = {
    "L4-030": (
        "failed: 4/5 injection attempts handled safely",
        "Python's HTTP client refuses to send a line feed in a header, and the harness takes that "
        "error of its own for the server's",
    ),
}


def main():
    built, scratch = map(Path, sys.argv[1:])
    try:
        command = Installer(scratch, built, [HARNESS]).command(HARNESS)
    except Unavailable as err:
        print(f"== {HARNESS.name} {HARNESS.version}: not run: {err}")
        return
    quickstart = Programs(built).quickstart
    base = {"PATH": os.environ["PATH"], "HOME": str(scratch), "PORT": "0", "SANDBOX_PORT": "0"}
    passed, failed = 0, []
    with Client(command, base, f"{scratch}/attacks.log") as harness:
        for test in harness.get("tests"):
            with Process([quickstart], base, f"{scratch}/attacked.log") as server:
                api = re.match(r"http://[^/]*", server.line("  curl -i "))[0]
                number, _, said = str(harness.get(f"{api} {test}")).partition(" ")
            if said.startswith("passed: ") and number not in ITS_OWN_FAULTS:
                passed += 1
                continue
            known, why = ITS_OWN_FAULTS.get(number, ("", ""))
            print(f"   {number} {test}: {said}{f' ({why})' if said == known else ''}", flush=True)
            if said != known:
                failed.append(number)
    print(f"== {HARNESS.name} {HARNESS.version}: {passed} passed, {len(ITS_OWN_FAULTS)} fails by its own fault")
    if failed:
        sys.exit(f"interop: {', '.join(failed)} of {HARNESS.name}")


main()
