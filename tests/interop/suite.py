"""Puts every client of the catalogue through the trials, and writes docs/INTEROP.md.

Arguments: the folder of the programs that are built, a folder to throw away, the page to write, and
the names of clients if not all shall run (then the page is not written)."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import browsers
import report
from catalogue import CLIENTS
from installing import HERE, Installer
from processes import PATIENCE_SECONDS, Process, Programs, Unavailable
from trials import Trials

AT_LEAST = 6

# It also has a tool that reads manifests.
READER = "lightning-enable-mcp"


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
    clients = [client for client in CLIENTS if not names or client.name in names]
    installer = Installer(scratch, clients)
    bought, absent, cors, reader = [], [], None, None
    for client in clients:
        started = time.monotonic()
        print(f"== {client.name} {client.version} ({client.registry})", flush=True)
        try:
            command = installer.command(client)
            stories = Trials(client, command, programs, scratch).all()
            if client.browser:
                cors = browsers.trials(client, command, programs, scratch)
            if client.name == READER:
                read_manifest(command, programs.discovery, scratch)
                reader = client
        except Unavailable as err:
            print(f"   not run: {err}", flush=True)
            absent.append((client, err))
            continue
        except AssertionError as err:
            sys.exit(f"interop: {client.name}: {err}")
        bought.append((client, stories))
        for name, story in stories.items():
            print(f"   {name:12} {story or '-'}", flush=True)
        for missing, outcome, story in cors if client.browser else ():
            print(f"   lacking {missing}: {outcome} by {story}", flush=True)
        if client is reader:
            print("   the manifest read", flush=True)
        print(f"   {time.monotonic() - started:.0f} s", flush=True)
    if names:
        return
    packages = {client.packages for client, _ in bought}
    if len(packages) < AT_LEAST:
        sys.exit(f"interop: only {len(packages)} clients ran; {AT_LEAST} have to")
    Path(page).write_text(report.page(bought, cors, reader, absent), encoding="utf-8")
    print(f"{len(bought)} passed, 0 failed, {len(absent)} skipped")


main()
