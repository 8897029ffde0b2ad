"""With a wallet to its interface (its own calls a hosted service) and its store in memory."""

from adapter import pay, serve
from pyl402.client.l402 import L402Client
from pyl402.token_store.token_store import MemoryTokenStore
from pyl402.wallet import PaymentResult, Wallet


class Sandbox(Wallet):
    def pay_invoice(self, invoice):
        return PaymentResult(pay(invoice), True)


client = L402Client(Sandbox(), MemoryTokenStore())
serve(lambda url: client.get(url).status_code)
