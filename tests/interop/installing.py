"""Clients from their registries, each into a folder of its own: two of them are one module.

What is pure waiting for a registry is done ahead, while other clients are on trial."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from processes import Unavailable

HERE = Path(__file__).resolve().parent
PATIENCE_SECONDS = 600


class Installer:
    def __init__(self, scratch, clients):
        self.scratch = scratch
        # Pip is made once, and installs into the other environments from outside.
        run([sys.executable, "-m", "venv", "pip"], scratch)
        self.pool = ThreadPoolExecutor(max_workers=2)
        self.folders = {}
        for client in clients:
            if client.packages not in self.folders:
                folder = scratch / f"client-{len(self.folders)}"
                self.folders[client.packages] = self.pool.submit(self.install, client, folder)
        self.chromium = self.pool.submit(chromium) if any(c.browser for c in clients) else None

    def command(self, client):
        """How to start the client's adapter, once what it needs is installed."""
        folder = self.folders[client.packages].result()
        if client.browser:
            self.chromium.result()
        if client.registry == "PyPI":
            return [str(folder / "bin/python"), str(HERE / "clients" / client.adapter)]
        # Node looks for packages beside the file.
        for name in (client.adapter, "adapter.mjs", *client.beside):
            shutil.copy(HERE / "clients" / name, folder)
        return ["node", str(folder / client.adapter)]

    def install(self, client, folder):
        folder.mkdir()
        if client.registry == "PyPI":
            run([sys.executable, "-m", "venv", "--without-pip", "."], folder)
            pip = [str(self.scratch / "pip/bin/pip"), "--python", "bin/python"]
            quiet = ["-q", "--disable-pip-version-check", "--no-compile"]
            run([*pip, "install", *quiet, *client.packages], folder)
        else:
            (folder / "package.json").write_text("{}")
            quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--ignore-scripts"]
            run(["npm", "install", *quiet, *client.packages], folder)
        return folder


def chromium():
    if not shutil.which("chromium"):
        run(["apt-get", "update", "-q"])
        run(["apt-get", "install", "-qy", "--no-install-recommends", "chromium"])


def run(command, cwd=None):
    """Runs it, or says why it failed in its own words."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
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
