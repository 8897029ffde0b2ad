"""What each client is put through, and what has to come of it.

Each client buys from the quickstart as it is, and then in trials for which the quickstart has no
switches. A trial has a fresh shop and a fresh client. What happened is told by the shop, in order: the
statuses the API answered with, the scheme of the credential before them, and each payment. Every
expectation is exact, so a client that pays twice, or asks once too often, fails the suite."""

import contextlib
import os
import socket
import tempfile

from catalogue import NOTHING, SEGMENTS
from processes import Client, Quickstart, Sandbox, Shop

HOURS = 3600


def free_port():
    """For the page's origin, which the shop has to know before the page is served."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Trial:
    def __init__(self, shop, client):
        self.shop = shop
        self.client = client

    def ask(self, path, outcome, story):
        """Lets the client fetch the path, and holds its outcome and the story against these."""
        got = self.client.get(self.shop.api + path)
        told = self.shop.story()
        # How long a browser remembers a preflight is its own affair; `browsers` counts them.
        told = told.replace("OPTIONS 200, ", "")
        if (got, told) != (outcome, story):
            raise AssertionError(
                f"{path}: expected {outcome} by `{story}`, got {got} by `{told}`\n"
                f"{self.client.errors()}\n{self.shop.errors()}"
            )
        return told


class Trials:
    def __init__(self, client, command, programs, scratch):
        self.client, self.command, self.programs, self.scratch = client, command, programs, scratch
        scheme, self.scope = client.scheme, client.scope
        self.keeps = client.caches != NOTHING
        self.buys = f"402, paid, {scheme} 200"
        self.scheme = scheme

    @contextlib.contextmanager
    def trial(self):
        home = tempfile.mkdtemp(dir=self.scratch)
        origin = f"http://localhost:{free_port()}"
        with Shop(self.programs.shop, f"{home}/shop.log", origin) as shop:
            with self.buyer(home, shop.wallet, origin) as client:
                yield Trial(shop, client)
            if "panicked" in shop.errors():
                raise AssertionError(shop.errors())

    def buyer(self, home, wallet, origin=""):
        """The client, with nothing in its environment but what it needs to pay."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": home,
            "ORIGIN": origin,
            "LND_REST_HOST": wallet,
            "LND_MACAROON_HEX": "00",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return Client(self.command, environment, f"{home}/client.log")

    def all(self):
        """Runs every trial and returns the stories by their names."""
        return {
            "quickstart": self.quickstart(),
            "buys": self.purchase(),
            "again": self.reuse(),
            "diagnose": self.sibling("/diagnose"),
            "unauthorized": self.sibling("/unauthorized"),
            "expired": self.expiry(),
            "away": self.broker_away(),
        }

    def quickstart(self):
        """The example itself sells, told by the terminal of the sandbox: one invoice, one payment,
        one retry; then the token again, where the client keeps it: its verdict stands, so that the
        broker is not asked."""
        if self.scope or self.client.browser:
            return None  # It has neither MPP nor CORS.
        home = tempfile.mkdtemp(dir=self.scratch)
        with (
            Sandbox(self.programs.sandbox, f"{home}/sandbox.log") as sandbox,
            Quickstart(self.programs.quickstart, sandbox, f"{home}/quickstart.log") as quickstart,
            self.buyer(home, sandbox.exported["LND_REST_HOST"]) as client,
        ):
            buys = "minted, paid, accepted"
            for expected in (buys, "" if self.keeps else buys):
                outcome, told = client.get(quickstart.weather), sandbox.story()
                if (outcome, told) != (200, expected):
                    raise AssertionError(
                        f"quickstart: expected 200 by `{expected}`, got {outcome} by `{told}`\n"
                        f"{client.errors()}\n{quickstart.errors()}"
                    )
            if quickstart.errors():
                raise AssertionError(f"the quickstart has logged: {quickstart.errors()}")
            return buys

    def purchase(self):
        """A free route is free, and a paid one takes one payment and one retry, also where MPP is
        offered beside L402."""
        with self.trial() as trial:
            trial.ask(self.scope + "/free", 200, "200")
            story = trial.ask(self.scope + "/weather", 200, self.buys)
            if not self.scope:
                trial.ask("/mpp/weather", 200, self.buys)
            return story

    def reuse(self):
        again = f"{self.scheme} 200" if self.keeps else self.buys
        with self.trial() as trial:
            trial.ask(self.scope + "/weather", 200, self.buys)
            return trial.ask(self.scope + "/weather", 200, again)

    def sibling(self, scope):
        """A token that is kept for two routes arrives at the one it was not bought for."""
        if self.scope:
            return None
        outcome, story = 200, self.buys
        if self.client.caches == SEGMENTS:
            diagnosed = scope == "/diagnose"
            outcome = 200 if diagnosed else 401
            story = "L402 402, paid, L402 200" if diagnosed else "L402 401"
        with self.trial() as trial:
            trial.ask(scope + "/reports/a", 200, self.buys)
            return trial.ask(scope + "/reports/b", outcome, story)

    def expiry(self):
        """A token that was good is asked to pay again, and whoever pays then is served."""
        outcome, story = 200, self.buys
        if self.keeps:
            heals = self.client.heals
            outcome = 200 if heals else 402
            asks_again = ", 402" if self.client.asks_again else ""
            pays = f"{asks_again}, paid, {self.scheme} 200" if heals else ""
            story = f"{self.scheme} 402{pays}"
        with self.trial() as trial:
            trial.ask(self.scope + "/weather", 200, self.buys)
            trial.shop.do(f"advance/{2 * HOURS}")
            return trial.ask(self.scope + "/weather", outcome, story)

    def broker_away(self):
        """The broker is lost between the payment and the retry. Nobody is asked to pay while it is
        away, and whoever kept the token is served when it is back."""
        path = self.scope + "/weather"
        stays, back = f"{self.scheme} 502", f"{self.scheme} 200"
        if not self.keeps:
            stays, back = "502", self.buys
        with self.trial() as trial:
            trial.shop.do("away/verify")
            first = trial.ask(path, 502, f"402, paid, {self.scheme} 502")
            trial.shop.do("away/mint")
            trial.ask(path, 502, stays)
            trial.shop.do("back")
            return f"{first}; then {trial.ask(path, 200, back)}"
