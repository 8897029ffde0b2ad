"""Puts every client of the catalogue through the trials, and writes docs/INTEROP.md.

Arguments: the folder of the programs that are built, a folder to throw away, the page to write, and
the names of clients if not all shall run (then the page is not written)."""

import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import answers
import attacks
import browsers
import report
from catalogue import Client, clients
from installing import HERE, Installer
from other_clients import HARNESS
from processes import PATIENCE_SECONDS, Process, Programs, Unavailable
from trials import Trials

AT_LEAST = 12

# Clients at a time.
HANDS = 2

# It also has a tool that reads manifests.
READER = "lightning-enable-mcp"


@dataclass
class Visit:
    """What came of a client."""

    client: Client
    stories: dict = field(default_factory=dict)
    # Rows of the tables that it is the only one for.
    cors: list = field(default_factory=list)
    answers: list = field(default_factory=list)
    attacks: tuple = ()
    # Why it did not run, or what did not hold.
    absent: str = ""
    failed: str = ""
    seconds: float = 0.0

    def told(self):
        """What the terminal shows."""
        yield f"== {self.client.name} {self.client.version} ({self.client.registry})"
        if self.absent:
            yield f"   not run: {self.absent}"
        for name, story in self.stories.items():
            yield f"   {' '.join(name) if isinstance(name, tuple) else name:12} {story or '-'}"
        for missing, outcome, story in self.cors:
            yield f"   lacking {missing}: {outcome} by {story}"
        for answer, story in self.answers:
            yield f"   the broker answers {answer}: {story}"
        if self.attacks:
            tests, faults = self.attacks
            yield f"   {tests - len(faults)} tests held"
            for number, why in faults.items():
                yield f"   {number} fails by its own fault: {why}"
        if self.failed:
            yield f"   FAILED: {self.failed}"
        yield f"   {self.seconds:.0f} s"


def visit(client, installer, programs, scratch):
    """Lets the client into all that it is tried in."""
    seen, started = Visit(client), time.monotonic()
    try:
        command = installer.command(client)
        started = time.monotonic()
        if client is HARNESS:
            seen.attacks = attacks.trials(command, programs, scratch)
            return seen
        seen.stories = Trials(client, command, programs, scratch).all()
        if client.browser:
            seen.cors = browsers.trials(client, command, programs, scratch)
        if client.name == answers.PAYER:
            seen.answers = answers.trials(client, command, programs, scratch)
        if client.name == READER:
            read_manifest(command, programs.discovery, scratch)
    except Unavailable as err:
        seen.absent = str(err)
    except (AssertionError, RuntimeError) as err:
        seen.failed = str(err)
    finally:
        seen.seconds = time.monotonic() - started
    return seen


def read_manifest(command, example, scratch):
    """The reader's tool finds what the discovery example sells, with `discovery.py` in place of the
    client's adapter."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(scratch), "PYTHONDONTWRITEBYTECODE": "1"}
    ports = {"PORT": "0", "SANDBOX_PORT": "0"}
    with Process([example], environment | ports, f"{scratch}/discovery.log") as server:
        api = re.match(r"http://[^/]*", server.line("  curl -i "))[0]
        done = subprocess.run(
            [command[0], str(HERE / "discovery.py"), api],
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        if done.returncode or server.errors():
            raise AssertionError(f"the manifest: {done.stdout}{done.stderr}{server.errors()}")


def main():
    built, scratch, page, *names = sys.argv[1:]
    programs, scratch = Programs(Path(built)), Path(scratch)
    everybody = [HARNESS, *clients()]
    wanted = [client for client in everybody if not names or client.name in names]
    installer = Installer(scratch, Path(built), wanted)
    visits = []
    with ThreadPoolExecutor(max_workers=HANDS) as hands:
        for seen in hands.map(lambda client: visit(client, installer, programs, scratch), wanted):
            print("\n".join(seen.told()), flush=True)
            visits.append(seen)
    failed = [seen for seen in visits if seen.failed]
    passed = [seen for seen in visits if not seen.failed and not seen.absent]
    skipped = len(visits) - len(passed) - len(failed)
    print(f"{len(passed)} passed, {len(failed)} failed, {skipped} skipped")
    if failed:
        sys.exit(f"interop: not as expected: {', '.join(seen.client.name for seen in failed)}")
    if names:
        return
    if len({seen.client.lock for seen in passed}) < AT_LEAST:
        sys.exit(f"interop: too few clients ran; {AT_LEAST} have to")
    Path(page).write_text(report.page(visits, READER), encoding="utf-8")


main()
