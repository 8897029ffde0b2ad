"""docs/INTEROP.md, from what was seen."""

from catalogue import MPP

HEAD = """# Interop

Clients that nobody here wrote, unmodified from their registries, buying from an API gated by
`l402-actix` over real HTTP. The sandbox takes the broker's place, and pays by its LND REST routes: to
clients that speak them, and through a few lines of ours to those that take a wallet to their
interface. `tests/interop/run.sh` installs the clients at the versions that are pinned in
`tests/interop/locks`, puts each through the trials below and writes this page; whatever differs fails
it.
"""

PURCHASE = """
## Who buys

A client that buys does so with one payment and one request after it, from the quickstart as it is
too, but for a page of another origin and for those that pay for MPP alone: the quickstart has neither
CORS nor MPP. All else happens in a server with the same routes in several settings, which tells what
was asked and what was paid.

- *MPP*: whether `L402Config::mpp` is off or on; one row where it makes no difference.
- *Keeps a token for*: what a second request within the token's hour may ask for without a payment.
- *After expiry*: what comes of the next request when the token's hour is over and the client's own
  clock does not know. One that keeps no token pays for each request.
- *Keeps its budget*: told that it may spend 75 sats, it buys for 50, and then asks for the price of
  100 and leaves. *has none*: it knows no budgets.
- *Shows the receipt*: it hands its user our `Payment-Receipt`, and the receipt names the payment.

| client | version | registry | language | pays with | MPP | buys | keeps a token for | after expiry | keeps its budget | shows the receipt | notes |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""

MISSING = """
npm has no version 7 of @getalby/lightning-tools. lnget, Lightning Labs' own, is a Go program for a newer
Go than Debian's; what it sends is written by hand.
"""

STORIES = """
## Dead ends

Each cell is what happened, in order: the status of each answer with the scheme of the credential
that was sent, and `paid` for each payment. With MPP off, but for those that pay for MPP alone.

- *Asked again*: the same route, right after buying it.
- *Sibling*: another route under the same first two segments, right after buying the first; under
  `OnInvalidToken::Diagnose`, the default, and under `OnInvalidToken::Unauthorized`.
- *Expired*: the token's hour is over, and the client's own clock does not know.
- *Broker away*: it stops answering between the payment and the retry; `then` it is back.
- *Refused*: the broker says no to what has just been paid.

| client | version | asked again | sibling, `Diagnose` | sibling, `Unauthorized` | expired | broker away | refused |
| --- | --- | --- | --- | --- | --- | --- | --- |
"""

READING = """
What they show: a 401 makes nobody pay, so a client with a cached token stays out for as long as it
caches; the default answers a sibling route, and a token that was good and has expired, with a 402, and
the client buys and goes on, but for one that never pays while it holds a token. No client
repeats a request after a 502, and none is asked to pay while the broker is away. A client that keeps
no token has lost its payment then: let such callers keep the credential themselves.
"""

ANSWERS = """
## Whatever the broker answers

The client of the `mpp` crate pays up to three times in a row if it is asked to, as the first line shows.
With MPP switched on, and the broker answering each verification so, it pays once:

| the broker answers | what happened |
| --- | --- |
"""

BROWSERS = """
## Browsers

A page of another origin, with `@getalby/lightning-tools` in headless Chromium and a WebLN wallet,
against the CORS of `examples/examples/browsers.rs` with one line missing at a time:

| missing | the page gets | what happened |
| --- | --- | --- |
"""

ATTACKS = """
## Attacks

PyPI's `{harness.name}` {harness.version} has {tests} tests for servers of L402, with forged, widened,
replayed and malformed credentials, and floods. Its three paths are pointed to the quickstart's, and
macaroons and invoices are blanked in the bodies that it searches for words like `sql`: they are
letters by chance. {held} tests hold. Those that do not fail by their own fault:

| test | why |
| --- | --- |
"""

DISCOVERY = """
## Discovery

`discover_api`, the tool of {reader.name} {reader.version} with which an agent asks what an API sells,
reads the manifest of `examples/examples/discovery.rs` at `/.well-known/l402-manifest.json` and finds
its base URL and each paid route, with its method, its path and, where it is fixed, its price. The
tool refuses addresses of this machine. For the trial that is switched off: its function
`validate_url_allowed` is replaced, and its transport is told by its own parameter `is_blocked` that
no address is blocked.
"""

ABSENT = """
## Not run

| client | version | registry | why |
| --- | --- | --- | --- |
"""

ORDER = ["again", "diagnose", "unauthorized", "expired", "away", "refused"]


def row(*cells):
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |\n"


def purchase(seen, mpp):
    """The cells of the first table that MPP makes a difference to."""
    client, stories = seen.client, seen.stories
    if mpp in client.nothing:
        said = client.nothing[mpp]
        return f"nothing: {said}" if isinstance(said, int) else f"nothing: `{said}`", "", "", ""
    paid = stories[mpp, "buys"].count("paid"), stories[mpp, "again"].count("paid")
    assert paid[0] == 1, stories
    expired = stories[mpp, "expired"]
    after = "pays for each" if paid[1] else "buys anew" if "paid" in expired else "stays out"
    budget = "yes" if stories[mpp, "budget"] else "not tried" if client.budget is None else "has none"
    return "yes", client.caches, after, budget


def page(visits, reader):
    """The page. `reader`: who has read the manifest."""
    absent = [seen for seen in visits if seen.absent]
    bought = [seen for seen in visits if seen.stories]
    text = HEAD + PURCHASE
    for seen in bought:
        client = seen.client
        facts = (client.name, client.version, client.registry, client.language, client.wallet)
        cells = {mpp: purchase(seen, mpp) for mpp in MPP}
        if len(set(cells.values())) == 1:
            cells = {"off and on": cells["off"]}
        for mpp, told in cells.items():
            receipt = ("yes" if client.receipt else "no") if told[0] == "yes" else ""
            text += row(*facts, mpp, *told, receipt, client.note)
    text += MISSING + STORIES
    for seen in bought:
        if not seen.client.buys_with:
            continue
        home, stories = seen.client.buys_with[0], seen.stories
        cells = (stories.get(name, stories.get((home, name))) for name in ORDER)
        told = (cell or "no token to keep" for cell in cells)
        text += row(seen.client.name, seen.client.version, *told)
    text += READING
    for seen in bought:
        if seen.answers:
            text += ANSWERS + "".join(row(*cells) for cells in seen.answers)
        if seen.cors:
            text += BROWSERS + "".join(row(*cells) for cells in seen.cors)
    for seen in visits:
        if seen.attacks:
            tests, faults = seen.attacks
            held = tests - len(faults)
            text += ATTACKS.format(harness=seen.client, tests=tests, held=held)
            text += "".join(row(*cells) for cells in faults.items())
    for seen in bought:
        if seen.client.name == reader:
            text += DISCOVERY.format(reader=seen.client)
    if absent:
        text += ABSENT
        for seen in absent:
            client = seen.client
            text += row(client.name, client.version, client.registry, f"`{seen.absent}`")
    return text
