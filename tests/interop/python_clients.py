"""Clients from PyPI."""

from catalogue import PATH, SEGMENTS, Client


def client(name, *packages, **known):
    language = {"language": "Python"}
    return Client(name=name, registry="PyPI", packages=packages, **language | known)


OWN_LND = "its own LND REST wallet"
FUNCTION = "a wallet to its interface"
OVER_BUDGET = "ValueError: BudgetExceeded: budget exceeded: "

PYTHON = [
    client(
        "l402-requests, sync",
        "l402-requests==0.9.0",
        adapter="l402_requests_sync.py",
        wallet=OWN_LND,
        caches=SEGMENTS,
        budget="BudgetExceededError: ",
        receipt=True,
        note="configured by environment alone; keeps a token for an hour",
    ),
    client(
        "l402-requests, async",
        "l402-requests==0.9.0",
        adapter="l402_requests_async.py",
        wallet=OWN_LND,
        caches=SEGMENTS,
        budget="BudgetExceededError: ",
        receipt=True,
        note="as its sync client",
    ),
    client(
        "L402sdk",
        "L402sdk==0.1.0",
        adapter="lightning_labs_sdk.py",
        language="Python, Rust inside",
        wallet=OWN_LND,
        caches=PATH,
        asks_again=True,
        budget=OVER_BUDGET,
        note="",
    ),
    client(
        "bolt402",
        "bolt402==0.1.0",
        adapter="bolt402_client.py",
        language="Python, Rust inside",
        wallet=OWN_LND,
        caches=PATH,
        asks_again=True,
        budget=OVER_BUDGET,
        note="",
    ),
    client(
        "bolt402-langchain",
        "bolt402-langchain==0.1.0",
        adapter="bolt402_langchain_client.py",
        wallet=OWN_LND,
        caches=PATH,
        asks_again=True,
        budget="RuntimeError: Payment error: BudgetExceeded: ",
        note="the tool that it hands to an agent",
    ),
    client(
        "l402 (Fewsats)",
        "l402==0.0.9",
        adapter="fewsats_l402.py",
        wallet=FUNCTION,
        caches=PATH,
        note="its SQLite store never lets go of a token: after an expiry its user deletes it",
    ),
    client(
        "l402kit",
        "l402kit==1.10.1",
        adapter="l402kit_client.py",
        wallet=FUNCTION,
        caches=PATH,
        asks_again=True,
        budget="BudgetExceededError: ",
        note="finds the price of its budget in the body's `price_sats` only",
    ),
    client(
        "pyl402",
        "pyl402==0.1.2",
        adapter="pyl402_client.py",
        wallet=FUNCTION,
        caches=PATH,
        note="presents a token that it keeps as `L402 L402 ..`",
    ),
    client(
        "bolthub",
        "bolthub==0.7.0",
        adapter="bolthub_client.py",
        wallet=FUNCTION,
        budget="L402BudgetError: ",
        note="its own LND wallet pays and then throws, as it reads one JSON object where LND's "
        "`/v2/router/send` streams several",
    ),
    client(
        "agent-bitcoin",
        "agent-bitcoin==27.1.2",
        adapter="agent_bitcoin_client.py",
        wallet=FUNCTION,
        budget="ValueError: L402 invoice 100 sats != expected price 50",
        note="its budget is the one price that it pays; its own wallets reach LND by docker or gRPC",
    ),
    client(
        "routeweiler",
        "routeweiler==0.1.2",
        adapter="routeweiler_client.py",
        wallet=FUNCTION,
        budget="BudgetExceededError: ",
        note="its budget is in cents; its own wallet speaks LND's gRPC",
    ),
    client(
        "ln-church-agent",
        "ln-church-agent==1.18.17",
        "bitstring<5",
        adapter="ln_church.py",
        wallet=FUNCTION,
        budget="PaymentExecutionError: Policy Violation: Total session spend",
        throws="PaymentExecutionError: ",
        nothing={"on": "PaymentExecutionError: Fail-Closed: Invalid, amountless, or negative BOLT11"},
        note="its budget is in dollars; needs `bitstring` below 5; reads two lines of "
        "`WWW-Authenticate` as one challenge, and refuses what that makes",
    ),
    client(
        "boltwork-mcp",
        "boltwork-mcp==0.1.22",
        adapter="boltwork.py",
        wallet="its own LNbits wallet, to a server that answers as LNbits does",
        note="the request behind its tools, which themselves know one host only",
    ),
    client(
        "lightning-enable-mcp",
        "lightning-enable-mcp==2.1.1",
        adapter="lightning_enable.py",
        wallet=OWN_LND,
        budget="L402BudgetExceededError: ",
        receipt=True,
        note="the fetch behind its tools; its address guard's switch for loopback is set; hands the "
        "token to the agent when a paid request fails",
    ),
]
