"""The L402 tests of PyPI's `agent-security-harness` against the quickstart, each against a fresh one: they
attack from one address, which has a limit of its own."""

import os
import re

from processes import Client, Process

# What does not pass, through no fault of the quickstart's: what it says, and why.
ITS_OWN_FAULTS = {
    "L4-030": (
        "failed: 4/5 injection attempts handled safely",
        "Python's HTTP client refuses to send a line feed in a header, and the harness takes that "
        "error of its own for the server's",
    ),
}


def trials(command, programs, scratch):
    """Returns how many tests there are, and the numbers of those that fail by their own fault with
    why."""
    base = {"PATH": os.environ["PATH"], "HOME": str(scratch), "PORT": "0", "SANDBOX_PORT": "0"}
    faults, failed = {}, []
    with Client(command, base, f"{scratch}/attacks.log") as harness:
        tests = harness.get("tests")
        for test in tests:
            with Process([programs.quickstart], base, f"{scratch}/attacked.log") as server:
                api = re.match(r"http://[^/]*", server.line("  curl -i "))[0]
                number, _, said = str(harness.get(f"{api} {test}")).partition(" ")
            known, why = ITS_OWN_FAULTS.get(number, ("passed: ", ""))
            if not said.startswith(known):
                failed.append(f"{number} {test}: {said}")
            elif why:
                faults[number] = why
    if failed:
        raise AssertionError("\n".join(failed))
    return len(tests), faults
