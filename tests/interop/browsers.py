"""CORS, a line at a time: the page of `clients/chromium.mjs` buys where all lines are set, and
cannot where one is missing."""

import os
import re

from processes import Client, Process
from trials import Trials, free_port

BLOCKED = "TypeError: Failed to fetch"
PAID_FOR_NOTHING = (
    "Fetch402InterruptedError: 402: request after payment failed; "
    "retry with credentials instead of paying again"
)

# What is missing, where, and what comes of it: the page's outcome and the shop's story.
LINES = [
    ("nothing", "/weather", 200, "402, paid, OPTIONS 200, L402 200"),
    ("the allowed origin", "/no-origin/weather", BLOCKED, "402"),
    ("`WWW-Authenticate` among the exposed headers", "/no-expose/weather", 402, "402"),
    (
        "`Authorization` among the allowed headers",
        "/no-authorization/weather",
        PAID_FOR_NOTHING,
        "402, paid, OPTIONS 400",
    ),
    (
        "`GET` among the allowed methods (`actix-cors` wants it named)",
        "/no-methods/weather",
        PAID_FOR_NOTHING,
        "402, paid, OPTIONS 400",
    ),
    ("its place outside of the gate", "/gate-outside/free", BLOCKED, "402"),
]


def trials(client, command, programs, scratch):
    """Returns the rows of the table: what is missing, what the page gets, what happened."""
    rows = []
    with Trials(client, command, programs, scratch).trial() as trial:
        for missing, path, outcome, story in LINES:
            got, told = trial.client.get(trial.shop.api + path), trial.shop.story()
            if (got, told) != (outcome, story):
                raise AssertionError(f"{path}: expected {outcome} by `{story}`, got {got} by `{told}`")
            rows.append((missing, outcome, story))
    buy_from_the_example(command, programs.browsers, scratch)
    return rows


def buy_from_the_example(command, example, scratch):
    """The example's own lines let the page pay, and use its token again."""
    origin = f"http://localhost:{free_port()}"
    environment = {"PATH": os.environ["PATH"], "PORT": "0", "SANDBOX_PORT": "0", "ORIGIN": origin}
    with Process([example], environment, f"{scratch}/example.log") as server:
        api = re.search(r"http://[^/]*", server.line('  const answer = await fetch402("'))[0]
        wallet = server.line("The sandbox's wallet answers at LND_REST_HOST=").split()[0]
        environment |= {"HOME": str(scratch), "LND_REST_HOST": wallet}
        with Client(command, environment, f"{scratch}/example-client.log") as page:
            outcomes = [page.get(f"{api}/weather") for _ in range(2)]
    if outcomes != [200, 200]:
        raise AssertionError(f"the example `browsers`: {outcomes}")


