"""Clients from npm."""

from catalogue import PATH, Client


def client(name, *packages, **known):
    language = {"language": "JavaScript, Node"}
    return Client(name=name, registry="npm", packages=packages, **language | known)


FUNCTION = "a wallet to its interface"
WEBLN = "a WebLN wallet"


def webln_tools(version):
    return client(
        "@getalby/lightning-tools",
        f"@getalby/lightning-tools@{version}",
        adapter="lightning_tools_webln.mjs",
        wallet=WEBLN,
        caches=PATH,
        heals=False,
        note="its store knows no expiry, and it never pays while it keeps a token",
    )


def tools(version, budget):
    return client(
        "@getalby/lightning-tools",
        f"@getalby/lightning-tools@{version}",
        adapter="lightning_tools.mjs",
        wallet=FUNCTION,
        caches=PATH,
        heals=False,
        budget=budget,
        note="keeps nothing by itself: it hands out credentials, and never pays while it is handed "
        "some; its budget is for each payment",
    )


JAVASCRIPT = [
    webln_tools("4.2.1"),
    webln_tools("5.2.1"),
    webln_tools("6.1.0"),
    tools("8.2.0", "Error: Invoice amount (100 sats) exceeds maxAmount (75 sats)"),
    tools("9.0.1", "Fetch402InterruptedError: 402: payInvoice failed"),
    client(
        "@getalby/lightning-tools, Chromium",
        "@getalby/lightning-tools@9.0.1",
        adapter="chromium.mjs",
        beside=("page.html",),
        language="JavaScript, a page of another origin",
        wallet=WEBLN,
        caches=PATH,
        heals=False,
        browser=True,
        budget=None,
        note="needs the lines of CORS below",
    ),
    client(
        "@getalby/lightning-tools, MPP",
        "@getalby/lightning-tools@9.0.1",
        adapter="lightning_tools_mpp.mjs",
        wallet=FUNCTION,
        nothing={"off": 402, "on": 402},
        note="its `fetchWithMpp` takes a challenge for MPP only if none stands before it; its "
        "`fetch402`, above, pays for the L402 one that does",
    ),
    client(
        "l402 (axios)",
        "l402@0.5.1",
        adapter="axios_l402.mjs",
        wallet=FUNCTION,
        caches=PATH,
        note="its store in memory knows no expiry",
    ),
    client(
        "lsat-js",
        "lsat-js@2.0.6",
        "macaroon@3.0.4",
        adapter="lsat_js.mjs",
        wallet="its user",
        scheme="LSAT",
        caches=PATH,
        note="makes tokens of challenges and sends nothing itself; its own `macaroon` is a Git "
        "repository, for which npm's stands in",
    ),
    client(
        "mppx",
        "mppx@0.11.0",
        # The newest viem no longer takes this mppx for a peer.
        "viem@2.54.0",
        adapter="mppx.mjs",
        wallet="a method to its interface",
        scheme="Payment",
        nothing={"off": "Error: No Payment schemes found."},
        receipt=True,
        note="pays for MPP alone",
    ),
]
