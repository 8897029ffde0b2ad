"""The client that pays for other services' 402s, with a wallet to its interface."""

from adapter import BUDGET, pay, serve
from ln_church_agent import Payment402Client, PaymentPolicy


class Sandbox:
    def pay_invoice(self, invoice):
        return pay(invoice)


policy = PaymentPolicy()
if BUDGET:
    # It counts in dollars, at a rate of its own.
    policy.max_spend_per_session_usd = BUDGET * 0.00065
client = Payment402Client(ln_adapter=Sandbox(), policy=policy)


def get(url):
    client.execute_detailed("GET", url)
    return 200


serve(get)
