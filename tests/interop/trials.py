"""What each client is put through, and what has to come of it.

Each client buys from the quickstart as it is, and then in trials for which the quickstart has no
switches. A trial has a fresh shop and a fresh client. What happened is told by the shop, in order: the
statuses the API answered with, the scheme of the credential before them, and each payment. Every
expectation is exact, so a client that pays twice, or asks once too often, fails the suite."""

import contextlib
import os
import socket
import tempfile

from catalogue import DOMAIN, MPP, NOTHING, SEGMENTS
from processes import Client, Quickstart, Sandbox, Shop

HOURS = 3600

# Enough for a report at 50 sats, and then not for the weather at 100.
BUDGET_SATS = 75


def free_port():
    """For the page's origin, which the shop has to know before the page is served."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fits(outcome, expected):
    """Whether a client said so: a status, or words that begin so."""
    return outcome == expected or (
        isinstance(expected, str) and isinstance(outcome, str) and outcome.startswith(expected)
    )


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
        if not fits(got, outcome) or told != story:
            raise AssertionError(
                f"{path}: expected {outcome} by `{story}`, got {got} by `{told}`\n"
                f"{self.client.errors()}\n{self.shop.errors()}"
            )
        return told

    def receipt(self):
        """The client has shown its user the receipt of what the gate has booked, of nothing else."""
        shown, booked = self.client.receipt or {}, self.shop.booked()
        facts = [shown.get(name) for name in ("method", "status", "reference")]
        if len(booked) != 1 or facts != ["lightning", "success", booked[0]]:
            raise AssertionError(f"the receipt shown is {shown}, booked is {booked}")


class Trials:
    def __init__(self, client, command, programs, scratch):
        self.client, self.command, self.programs, self.scratch = client, command, programs, scratch
        self.keeps = client.caches != NOTHING
        self.home = next(iter(client.buys_with), None)
        scheme = client.scheme
        self.buys = f"{client.asks}, paid, {scheme} 200"
        self.presents = f"{scheme} 200" if self.keeps else self.buys
        # When a token that it keeps is answered 402.
        self.rebuys = f"{scheme} 402"
        if client.heals:
            self.rebuys += f"{', 402' if client.asks_again else ''}, paid, {scheme} 200"

    @contextlib.contextmanager
    def trial(self, **environment):
        home = tempfile.mkdtemp(dir=self.scratch)
        origin = f"http://localhost:{free_port()}"
        with Shop(self.programs.shop, f"{home}/shop.log", origin) as shop:
            with self.buyer(home, shop.wallet, origin, environment) as client:
                yield Trial(shop, client)
            if "panicked" in shop.errors():
                raise AssertionError(shop.errors())

    def buyer(self, home, wallet, origin="", more=()):
        """The client, with nothing in its environment but what it needs to pay."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": home,
            "ORIGIN": origin,
            "LND_REST_HOST": wallet,
            "LND_MACAROON_HEX": "00",
            # What a client's first start has compiled, its others need not.
            "PYTHONPYCACHEPREFIX": f"{self.scratch}/compiled",
            **dict(more),
        }
        return Client(self.command, environment, f"{home}/client.log")

    def all(self):
        """Runs every trial and returns the stories by their names; those that are told for MPP off
        and on are tuples with this first."""
        stories = {"quickstart": self.quickstart()}
        for mpp in MPP:
            for name, story in self.purchase(mpp).items():
                stories[mpp, name] = story
            stories[mpp, "budget"] = self.budget(mpp)
        if self.home is None:
            return stories
        return stories | {
            "diagnose": self.sibling("/diagnose"),
            "unauthorized": self.sibling("/unauthorized"),
            "away": self.broker_away(),
            "refused": self.refused(),
        }

    def quickstart(self):
        """The example itself sells, told by the terminal of the sandbox: one invoice, one payment,
        one retry; then the token again, where the client keeps it: its verdict stands, so that the
        broker is not asked."""
        if self.home != "off" or self.client.browser:
            return None  # It has neither MPP nor CORS.
        home = tempfile.mkdtemp(dir=self.scratch)
        with (
            Sandbox(self.programs.sandbox, f"{home}/sandbox.log") as sandbox,
            Quickstart(self.programs.quickstart, sandbox, f"{home}/quickstart.log") as quickstart,
            self.buyer(home, sandbox.exported["LND_REST_HOST"]) as client,
        ):
            buys = ", ".join("minted" for _ in self.client.asks.split(", ")) + ", paid, accepted"
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

    def purchase(self, mpp):
        """A free route is free, and a paid one takes one payment and one retry; asked again it takes
        what the client keeps. A token that was good is asked to pay again when it has expired, and
        whoever pays then is served."""
        path = MPP[mpp] + "/weather"
        with self.trial() as trial:
            trial.ask(MPP[mpp] + "/free", 200, "200")
            if mpp in self.client.nothing:
                return {"buys": trial.ask(path, self.client.nothing[mpp], self.client.asks)}
            stories = {"buys": trial.ask(path, 200, self.buys)}
            if self.client.receipt:
                trial.receipt()
            stories["again"] = trial.ask(path, 200, self.presents)
            trial.shop.do(f"advance/{2 * HOURS}")
            outcome = 200 if self.client.heals else 402
            stories["expired"] = trial.ask(path, outcome, self.rebuys if self.keeps else self.buys)
            return stories

    def budget(self, mpp):
        """What its user has set it may spend is not spent beyond: it asks for the price and leaves."""
        if not self.client.budget or mpp in self.client.nothing:
            return None
        with self.trial(BUDGET_SATS=str(BUDGET_SATS)) as trial:
            trial.ask(MPP[mpp] + "/reports/a", 200, self.buys)
            return trial.ask(MPP[mpp] + "/weather", self.client.budget, self.client.asks)

    def sibling(self, scope):
        """A token that is kept for two routes arrives at the one it was not bought for."""
        if self.home != "off":
            return None
        outcome, story = 200, self.buys
        if self.client.caches in (SEGMENTS, DOMAIN):
            diagnosed = scope == "/diagnose"
            outcome = 200 if diagnosed else 401
            story = self.rebuys if diagnosed else "L402 401"
        with self.trial() as trial:
            trial.ask(scope + "/reports/a", 200, self.buys)
            return trial.ask(scope + "/reports/b", outcome, story)

    def broker_away(self):
        """The broker is lost between the payment and the retry. Nobody is asked to pay while it is
        away, and whoever kept the token is served when it is back."""
        path, scheme = MPP[self.home] + "/weather", self.client.scheme
        lost = self.client.throws or 502
        stays = f"{scheme} 502" if self.keeps else "502"
        with self.trial() as trial:
            trial.shop.do("verify/reset")
            first = trial.ask(path, lost, f"{self.client.asks}, paid, {scheme} 502")
            trial.shop.do("mint/reset")
            trial.ask(path, lost, stays)
            trial.shop.do("back")
            return f"{first}; then {trial.ask(path, 200, self.presents)}"

    def refused(self):
        """The broker refuses what has just been paid: whoever obeys every 402 pays once."""
        path, scheme = MPP[self.home] + "/weather", self.client.scheme
        status = 403 if scheme == "Payment" else 401
        with self.trial() as trial:
            trial.shop.do("verify/no")
            outcome = self.client.throws or status
            return trial.ask(path, outcome, f"{self.client.asks}, paid, {scheme} {status}")
