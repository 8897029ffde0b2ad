"""With a Lightning node to its interface: its own speaks LND's gRPC."""

import asyncio
import os
from decimal import Decimal
from pathlib import Path

from adapter import BUDGET, pay, serve
from routeweiler import BudgetEnvelope, LightningFundingSource, Routeweiler, TraceSink


class Sandbox:
    async def pay_invoice(self, bolt11, *, max_fee_msat):
        return bytes.fromhex(await asyncio.to_thread(pay, bolt11))

    async def get_node_pubkey(self):
        return "02" * 33


class Rate:
    """It counts in cents, at a market's rate; here a sat is a cent."""

    async def fetch_btc_to(self, currency):
        return Decimal("0.01")


def budgeted():
    home = Path(os.environ["HOME"])
    envelope = BudgetEnvelope(
        id="trial", cap_minor_units=BUDGET, cap_currency="usd", allowed_rails=["l402"], ttl_seconds=3600
    )
    return {
        "budget_envelope": envelope,
        "trace_sink": TraceSink.sqlite(home / "trace.db"),
        "keystore_root": home,
        "fmv_provider": Rate(),
    }


loop = asyncio.new_event_loop()
source = LightningFundingSource(Sandbox(), "bitcoin-regtest", "02" * 33)
client = Routeweiler(funding=[source], **(budgeted() if BUDGET else {}))
loop.run_until_complete(client.start())
serve(lambda url: loop.run_until_complete(client.get(url)).status_code)
