"""Clients from their registries, each into a folder of its own: two of them are one module. What each
needs is pinned in `locks/`, which `locking.py` writes.

What is pure waiting for a registry is done ahead, while other clients are on trial."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from processes import Unavailable

HERE = Path(__file__).resolve().parent
LOCKS = HERE / "locks"
PATIENCE_SECONDS = 600

# It installs in seconds what takes pip a minute.
UV = "uv==0.13.9"


class Installer:
    def __init__(self, scratch, built, clients):
        self.scratch, self.built = scratch, built
        self.pool = ThreadPoolExecutor(max_workers=3)
        self.uv = self.pool.submit(uv, scratch)
        self.folders = {}
        for client in clients:
            if client.lock not in self.folders:
                folder = scratch / client.lock
                self.folders[client.lock] = self.pool.submit(self.install, client, folder)
        self.chromium = self.pool.submit(chromium) if any(c.browser for c in clients) else None

    def command(self, client):
        """How to start the client's adapter, once what it needs is installed."""
        folder = self.folders[client.lock].result()
        if client.browser:
            self.chromium.result()
        if client.python:
            return [str(folder / "bin/python"), str(HERE / "clients" / client.adapter)]
        if client.registry == "crates.io":
            return [str(self.built / f"interop-{client.adapter}")]
        # Node looks for packages beside the file.
        for name in (client.adapter, "adapter.mjs", *client.beside):
            shutil.copy(HERE / "clients" / name, folder)
        return ["node", str(folder / client.adapter)]

    def install(self, client, folder):
        if client.python:
            program = self.uv.result()
            run([program, "venv", "-q", "--python", sys.executable, str(folder)])
            lock = str(LOCKS / f"{client.lock}.txt")
            python = ["--python", str(folder / "bin/python")]
            run([program, "pip", "install", "-q", "--no-deps", *python, "-r", lock])
        elif client.registry == "crates.io":
            manifest = str(HERE / "clients" / client.adapter / "Cargo.toml")
            target = ["--target-dir", str(self.built.parent)]
            run(["cargo", "build", "-q", "--locked", "--manifest-path", manifest, *target])
        else:
            shutil.copytree(LOCKS / client.lock, folder)
            quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--ignore-scripts"]
            run(["npm", "ci", *quiet], folder)
        return folder


def uv(scratch):
    """The installer of Python's clients, from the same registry as they."""
    os.environ |= {"UV_CACHE_DIR": f"{scratch}/uv", "UV_PYTHON_DOWNLOADS": "never", "UV_NO_CONFIG": "1"}
    folder = scratch / "tools"
    run([sys.executable, "-m", "venv", str(folder)])
    quiet = ["-q", "--disable-pip-version-check", "--no-compile"]
    run([str(folder / "bin/pip"), "install", *quiet, UV])
    return str(folder / "bin/uv")


def chromium():
    if not shutil.which("chromium"):
        run(["apt-get", "update", "-q"])
        run(["apt-get", "install", "-qy", "--no-install-recommends", "chromium"])


def run(command, cwd=None, said=None):
    """Runs it, or says why it failed in its own words."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=environment,
            stdin=None if said else subprocess.DEVNULL,
            input=said,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as err:
        raise Unavailable(str(err)) from err
    if done.returncode:
        said = [line.strip() for line in (done.stderr + done.stdout).splitlines()]
        told = [line for line in said if "error" in line.lower()] or said[-1:] or ["no word"]
        raise Unavailable(" ".join(told[:3]).replace(str(cwd), "."))
