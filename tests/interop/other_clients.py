"""Clients that are neither Python's nor JavaScript's own."""

from catalogue import DOMAIN, Client

OTHERS = [
    Client(
        name="mpp",
        registry="crates.io",
        packages=("mpp@0.18.2",),
        adapter="mpp",
        language="Rust",
        wallet="a method to its interface",
        scheme="Payment",
        nothing={"off": "HttpError: no supported challenge"},
        budget="HttpError: payment failed",
        receipt=True,
        note="pays for MPP alone; pays up to three times when it is asked to",
    ),
    Client(
        name="lnget",
        registry="none: a Go program",
        packages=("pymacaroons==0.13.0",),
        adapter="lnget.py",
        language="Go",
        wallet="a function of ours",
        caches=DOMAIN,
        budget=None,
        asks="402, 402",
        asks_again=True,
        shown="its form",
        note="what it sends, written by hand: Lightning Labs' own needs a newer Go than Debian has",
    ),
]

# It attacks and buys nothing, as `attacks.py` says.
HARNESS = Client(
    name="agent-security-harness",
    registry="PyPI",
    packages=("agent-security-harness==4.28.1",),
    adapter="security_harness.py",
    language="Python",
    wallet="none",
    note="",
)
