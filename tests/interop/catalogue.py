"""The clients: where each comes from, how it runs here, and what it is known to do."""

from dataclasses import dataclass

NOTHING = "nothing"
PATH = "its path"
SEGMENTS = "its path's first two segments"


@dataclass(frozen=True)
class Client:
    name: str
    registry: str
    # What is installed; the first is the client, at the version that is shown.
    packages: tuple
    # The file in `clients/` that drives it, and the files it needs beside it.
    adapter: str
    language: str
    # What it keeps a token for: one of the three above.
    caches: str
    note: str
    beside: tuple = ()
    # The scope it buys from, and the scheme it pays in.
    scope: str = ""
    scheme: str = "L402"
    browser: bool = False
    # Whether it pays when a token that it holds is answered 402, and asks without it before.
    heals: bool = True
    asks_again: bool = False

    @property
    def version(self):
        return self.packages[0].rpartition("==" if self.registry == "PyPI" else "@")[2]


CLIENTS = [
    Client(
        name="l402-requests, sync",
        registry="PyPI",
        packages=("l402-requests==0.9.0",),
        adapter="l402_requests_sync.py",
        language="Python",
        caches=SEGMENTS,
        note="configured by environment alone; keeps a token for an hour",
    ),
    Client(
        name="l402-requests, async",
        registry="PyPI",
        packages=("l402-requests==0.9.0",),
        adapter="l402_requests_async.py",
        language="Python",
        caches=SEGMENTS,
        note="as its sync client",
    ),
    Client(
        name="L402sdk",
        registry="PyPI",
        packages=("L402sdk==0.1.0",),
        adapter="lightning_labs_sdk.py",
        language="Python, Rust inside",
        caches=PATH,
        note="pays through its own LND REST backend",
        asks_again=True,
    ),
    Client(
        name="l402 (Fewsats)",
        registry="PyPI",
        packages=("l402==0.0.9",),
        adapter="fewsats_l402.py",
        language="Python",
        caches=PATH,
        note="its SQLite store never lets go of a token: after an expiry its user deletes it",
    ),
    Client(
        name="lightning-enable-mcp",
        registry="PyPI",
        packages=("lightning-enable-mcp==2.1.1",),
        adapter="lightning_enable.py",
        language="Python",
        caches=NOTHING,
        note="the fetch behind its tools, with its own LND wallet; its address guard's switch for "
        "loopback is set; hands the token to the agent when a paid request fails",
    ),
    Client(
        name="@getalby/lightning-tools",
        registry="npm",
        packages=("@getalby/lightning-tools@9.0.1",),
        adapter="lightning_tools.mjs",
        language="JavaScript, Node",
        caches=PATH,
        heals=False,
        note="keeps nothing by itself: it hands out credentials, and never pays while it is handed some",
    ),
    Client(
        name="@getalby/lightning-tools, Chromium",
        registry="npm",
        packages=("@getalby/lightning-tools@9.0.1",),
        adapter="chromium.mjs",
        beside=("page.html",),
        language="JavaScript, a page of another origin",
        caches=PATH,
        heals=False,
        note="pays through WebLN; needs the lines of CORS below",
        browser=True,
    ),
    Client(
        name="l402 (axios)",
        registry="npm",
        packages=("l402@0.5.1",),
        adapter="axios_l402.mjs",
        language="JavaScript, Node",
        caches=PATH,
        note="its store in memory knows no expiry",
    ),
    Client(
        name="mppx",
        registry="npm",
        # The newest viem no longer takes this mppx for a peer.
        packages=("mppx@0.11.0", "viem@2.54.0"),
        adapter="mppx.mjs",
        language="JavaScript, Node",
        caches=NOTHING,
        note="buys where MPP is switched on, with a Lightning method written to its interface; "
        "without MPP it pays nothing",
        scope="/mpp",
        scheme="Payment",
    ),
]
