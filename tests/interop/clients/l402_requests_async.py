"""Configured by LND_REST_HOST and LND_MACAROON_HEX alone."""

import asyncio
from dataclasses import asdict

from adapter import BUDGET, serve
from l402_requests import AsyncL402Client, BudgetController

loop = asyncio.new_event_loop()
budget = BudgetController(max_sats_per_day=BUDGET) if BUDGET else None
client = AsyncL402Client(budget=budget)


def get(url):
    answer = loop.run_until_complete(client.get(url))
    receipt = getattr(answer, "payment_receipt", None)
    return answer.status_code, receipt and asdict(receipt)


serve(get)
