"""Puts every client of the catalogue through the trials, and writes docs/INTEROP.md.

Arguments: the folder of the programs that are built, a folder to throw away, the page to write, and
the names of clients if not all shall run (then the page is not written)."""

import sys
import time
from pathlib import Path

import browsers
import report
from catalogue import CLIENTS
from installing import Installer
from processes import Programs, Unavailable
from trials import Trials

AT_LEAST = 6


def main():
    built, scratch, page, *names = sys.argv[1:]
    programs, scratch = Programs(Path(built)), Path(scratch)
    clients = [client for client in CLIENTS if not names or client.name in names]
    installer = Installer(scratch, clients)
    bought, absent, cors = [], [], None
    for client in clients:
        started = time.monotonic()
        print(f"== {client.name} {client.version} ({client.registry})", flush=True)
        try:
            command = installer.command(client)
            stories = Trials(client, command, programs, scratch).all()
            if client.browser:
                cors = browsers.trials(client, command, programs, scratch)
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
        print(f"   {time.monotonic() - started:.0f} s", flush=True)
    if names:
        return
    packages = {client.packages for client, _ in bought}
    if len(packages) < AT_LEAST:
        sys.exit(f"interop: only {len(packages)} clients ran; {AT_LEAST} have to")
    Path(page).write_text(report.page(bought, cors, absent), encoding="utf-8")
    print(f"{len(bought)} passed, 0 failed, {len(absent)} skipped")


main()
