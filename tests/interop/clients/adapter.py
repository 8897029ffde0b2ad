"""Lets the suite drive a client: a URL a line on standard input, its outcome on standard output.

Outcomes begin with "=> ", since some clients print on their own. `BUDGET` is what a client may spend
in all, in sats, where it knows budgets."""

import json
import os
import re
import sys
import urllib.request

BUDGET = int(os.environ["BUDGET_SATS"]) if "BUDGET_SATS" in os.environ else None


def serve(get):
    """Calls `get(url)` for each line; it returns the status that the client ended with, and the
    receipt that the client shows, if it has one."""
    print("=> ready", flush=True)
    for line in sys.stdin:
        try:
            got = get(line.strip())
            status, receipt = got if isinstance(got, tuple) else (got, None)
            outcome = {"status": status, "receipt": receipt}
        except Exception as err:  # What a client throws is its own affair, and told.
            outcome = {"error": f"{type(err).__name__}: {err}"}
        print("=> " + json.dumps(outcome), flush=True)


def pay(invoice):
    """A wallet for clients that take a function: the sandbox's LND REST route."""
    order = json.dumps({"payment_request": invoice}).encode()
    request = urllib.request.Request(os.environ["LND_REST_HOST"] + "/v2/router/send", order)
    with urllib.request.urlopen(request) as answer:
        last = json.loads(answer.read().splitlines()[-1])
    return last["result"]["payment_preimage"]


def sats(invoice):
    """The amount of a regtest invoice, for wallets that have to tell it."""
    number, unit = re.match(r"lnbcrt(\d+)([munp])1", invoice).groups()
    return int(number) * {"m": 10**8, "u": 10**5, "n": 100, "p": 0.1}[unit] // 1000
