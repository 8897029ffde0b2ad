"""With a wallet to its interface: its own two call hosted services."""

from adapter import BUDGET, pay, serve
from l402kit.client import L402Client, L402Wallet


class Sandbox(L402Wallet):
    def pay_invoice(self, bolt11):
        return pay(bolt11)


client = L402Client(Sandbox(), budget_sats=BUDGET)
serve(lambda url: client.get(url).status_code)
