"""Lets the suite drive a client: a URL a line on standard input, its outcome on standard output.

Outcomes begin with "=> ", since some clients print on their own."""

import json
import os
import sys
import urllib.request


def serve(get):
    """Calls `get(url)` for each line; it returns the status that the client ended with."""
    print("=> ready", flush=True)
    for line in sys.stdin:
        try:
            outcome = {"status": get(line.strip())}
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
