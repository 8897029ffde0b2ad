"""Configured by LND_REST_HOST and LND_MACAROON_HEX alone."""

from dataclasses import asdict

from adapter import BUDGET, serve
from l402_requests import BudgetController, L402Client

budget = BudgetController(max_sats_per_day=BUDGET) if BUDGET else None
client = L402Client(budget=budget)


def get(url):
    answer = client.get(url)
    receipt = getattr(answer, "payment_receipt", None)
    return answer.status_code, receipt and asdict(receipt)


serve(get)
