"""The processes of a trial: what sells, and the client that buys."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request

# Far above what any step takes; a client that hangs shall not hang the suite.
PATIENCE_SECONDS = 180

# Without the environment's proxy: all addresses are on this machine.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))

# What the sandbox tells to export: for the seller, and for a wallet.
EXPORTED = (
    "LIGHTNING_ENABLE_API_URL",
    "LIGHTNING_ENABLE_API_KEY",
    "LND_REST_HOST",
    "LND_MACAROON_HEX",
)


class Unavailable(Exception):
    """A client that cannot be had or does not start; the text is the installer's or its own."""


class Programs:
    """What is sold from, and paid with: the project's own programs."""

    def __init__(self, built):
        self.sandbox = str(built / "l402-sandbox")
        self.quickstart = str(built / "quickstart")
        self.browsers = str(built / "examples/browsers")
        self.discovery = str(built / "examples/discovery")
        self.shop = str(built / "examples/interop")


class Process:
    """A program and the lines it prints; ended with all that it started."""

    def __init__(self, command, environment, log):
        self.log, self.environment = log, environment
        with open(log, "ab") as errors:
            self.process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def line(self, prefix):
        """The rest of the next line that begins so."""
        while True:
            try:
                line = self.lines.get(timeout=PATIENCE_SECONDS)
            except queue.Empty:
                line = None
            if line is None:
                raise RuntimeError(f"no line {prefix!r} from {self.process.args}\n{self.errors()}")
            if line.startswith(prefix):
                return line[len(prefix) :]

    def errors(self):
        """The end of what it has logged."""
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return "".join(log.readlines()[-20:])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


class Shop(Process):
    """`tests/examples/interop` on fresh ports, and its control port."""

    def __init__(self, program, log, origin):
        environment = {"PATH": os.environ["PATH"], "ORIGIN": origin}
        super().__init__([program], environment, log)
        try:
            self.api = self.line("API ")
            self.wallet = self.line("WALLET ")
            self.control = self.line("CONTROL ")
        except RuntimeError:
            self.end()
            raise

    def do(self, action):
        """Calls a route of the control port."""
        request = urllib.request.Request(f"{self.control}/{action}", method="POST")
        with DIRECT.open(request, timeout=PATIENCE_SECONDS) as answer:
            return answer.read().decode()

    def story(self):
        """What the API answered and what was paid since the last call, in order: "402, paid,
        L402 200"."""
        return ", ".join(json.loads(self.do("story")))

    def booked(self):
        """The payment hashes that the gate has told its owner of since the last call; it does so
        beside its answer, not before it."""
        for _ in range(100):
            if told := json.loads(self.do("booked")):
                return told
            time.sleep(0.05)
        return []


class Sandbox(Process):
    """The program `l402-sandbox`, whose terminal tells what is minted, paid and accepted."""

    def __init__(self, program, log):
        super().__init__([program, "--port", "0"], {"PATH": os.environ["PATH"]}, log)
        prefixes = {name: f"export {name}=" for name in EXPORTED}
        try:
            self.exported = {name: self.line(prefix) for name, prefix in prefixes.items()}
            self.line("# ")
        except RuntimeError:
            self.end()
            raise

    def story(self):
        """What it has told since the last call, in order: "minted, paid, accepted"."""
        # An invoice that is none is not paid, and its line ends what there is to read.
        order = b'{"payment_request": "none"}'
        request = urllib.request.Request(f"{self.exported['LND_REST_HOST']}/v2/router/send", order)
        with contextlib.suppress(urllib.error.HTTPError):
            DIRECT.open(request, timeout=PATIENCE_SECONDS).close()
        told = []
        while not (line := self.line("")).startswith("not paid"):
            told.append(line.split()[0])
        return ", ".join(told)


class Quickstart(Process):
    """The example `quickstart`, on the sandbox that stands in for the hosted broker."""

    def __init__(self, program, sandbox, log):
        environment = {"PATH": os.environ["PATH"], "PORT": "0", **sandbox.exported}
        super().__init__([program], environment, log)
        try:
            broker = sandbox.exported["LIGHTNING_ENABLE_API_URL"]
            self.weather = self.line(f"Charging through the broker at {broker}: ")
        except RuntimeError:
            self.end()
            raise


class Client(Process):
    """A client behind its adapter."""

    def __init__(self, command, environment, log):
        super().__init__(command, environment, log)
        try:
            self.line("=> ready")
        except RuntimeError as err:
            self.end()
            said = [line.strip() for line in self.errors().splitlines() if line.strip()]
            raise Unavailable(said[-1] if said else "it did not start") from err

    def get(self, url):
        """Lets it fetch the URL and returns its outcome, the status or the error's text; the
        receipt that it has shown with it is in `receipt`."""
        self.process.stdin.write(url + "\n")
        self.process.stdin.flush()
        outcome = json.loads(self.line("=> "))
        self.receipt = outcome.get("receipt")
        return outcome.get("status") or outcome["error"]
