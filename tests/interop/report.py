"""docs/INTEROP.md, from what was seen."""

HEAD = """# Interop

Clients that nobody here wrote, unmodified from their registries, buying from an API gated by
`l402-actix` over real HTTP. The sandbox takes the broker's place and its LND REST routes are the
wallet. `tests/interop/run.sh` installs the clients, puts each through the trials below and writes
this page; whatever differs fails it.
"""

PURCHASE = """
## Who buys

*Pays* and *retries* are for one purchase: payments made, and requests after the payment. *Keeps a
token for* is what a second request within the token's hour may ask for without a payment. *From the
quickstart* is what the sandbox's terminal shows of a purchase from that example as it is, which has
neither CORS nor MPP; all else happens in a server with the same routes in several settings, which
tells what was asked and what was paid.

| client | version | registry | language | from the quickstart | pays | retries | answer | keeps a token for | notes |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""

STORIES = """
## Dead ends

Each cell is what happened, in order: the status of each answer with the scheme of the credential
that was sent, and `paid` for each payment.

- *Asked again*: the same route, right after buying it.
- *Sibling*: another route under the same first two segments, right after buying the first; under
  `OnInvalidToken::Diagnose`, the default, and under `OnInvalidToken::Unauthorized`.
- *Expired*: the token's hour is over, and the client's own clock does not know.
- *Broker away*: it stops answering between the payment and the retry; `then` it is back.

| client | asked again | sibling, `Diagnose` | sibling, `Unauthorized` | expired | broker away |
| --- | --- | --- | --- | --- | --- |
"""

READING = """
What they show: a 401 makes nobody pay, so a client with a cached token stays out for as long as it
caches; the default answers a sibling route, and a token that was good and has expired, with a 402, and
the client buys and goes on, but for one that never pays while it holds a token. No client
repeats a request after a 502, and none is asked to pay while the broker is away. A client that keeps
no token has lost its payment then: let such callers keep the credential themselves.
"""

BROWSERS = """
## Browsers

A page of another origin, with `@getalby/lightning-tools` in headless Chromium and a WebLN wallet,
against the CORS of `examples/examples/browsers.rs` with one line missing at a time:

| missing | the page gets | what happened |
| --- | --- | --- |
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


def row(*cells):
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |\n"


def page(bought, browsers, reader, absent):
    """The page. `bought`: clients and their stories by trial; `browsers`: what is missing, outcome,
    story; `reader`: the client that has read the manifest; `absent`: clients and why."""
    text = HEAD + PURCHASE
    for client, stories in bought:
        before, after = stories["buys"].split("paid", 1)
        assert "paid" not in before + after
        retries = after.count(client.scheme)
        answer = after.split()[-1]
        text += row(
            client.name,
            client.version,
            client.registry,
            client.language,
            stories["quickstart"] or "cannot",
            stories["buys"].count("paid"),
            retries,
            answer,
            client.caches,
            client.note,
        )
    text += STORIES
    for client, stories in bought:
        cells = (stories[name] or "no token to keep" for name in ORDER)
        text += row(client.name, *cells)
    text += READING
    if browsers:
        text += BROWSERS + "".join(row(*cells) for cells in browsers)
    if reader:
        text += DISCOVERY.format(reader=reader)
    if absent:
        text += ABSENT
        for client, why in absent:
            text += row(client.name, client.version, client.registry, f"`{why}`")
    return text


ORDER = ["again", "diagnose", "unauthorized", "expired", "away"]
