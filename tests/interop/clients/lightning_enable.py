"""The fetch behind its tools, with its own LND wallet.

It refuses private addresses, loopback among them. Its transport has a switch for tests of that,
`is_blocked`, and nothing else of it is changed here."""

import asyncio
import os
import re

from adapter import BUDGET, serve
from lightning_enable_mcp.budget_service import create_budget_service
from lightning_enable_mcp.l402_client import L402Client, L402Error
from lightning_enable_mcp.lnd_wallet import LndWallet
from lightning_enable_mcp.ssrf_transport import build_ssrf_safe_async_transport

loop = asyncio.new_event_loop()
wallet = LndWallet(os.environ["LND_REST_HOST"], os.environ["LND_MACAROON_HEX"])
loop.run_until_complete(wallet.connect())
if BUDGET:
    os.environ["LIGHTNING_ENABLE_MAX_PER_SESSION_SATS"] = str(BUDGET)
client = L402Client(wallet, create_budget_service() if BUDGET else None)
client._http_client._transport = build_ssrf_safe_async_transport(is_blocked=lambda address: False)


def get(url):
    try:
        _, _, receipt = loop.run_until_complete(client.fetch(url))
    except L402Error as err:
        # All that it tells of a refusal is this sentence.
        status = re.match(r"Request failed(?: after payment)?: (\d{3}) ", str(err))
        if not status:
            raise
        return int(status[1])
    return 200, receipt


serve(get)
