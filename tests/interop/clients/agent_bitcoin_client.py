"""With a payer to its interface: its own reach LND by docker or by gRPC. A client of it pays one price
and no other, which its user states; the prices are the ones that this API advertises."""

from types import SimpleNamespace

from adapter import BUDGET, pay, sats, serve
from agent_bitcoin.l402.client import L402Client


class Node:
    def decode_pay_req(self, invoice):
        return {"num_satoshis": sats(invoice)}


class Payer:
    min_payment_sats = 1
    lnd = Node()

    def pay_invoice(self, invoice, fee_limit_sats=0):
        return SimpleNamespace(success=True, status="SUCCEEDED", preimage=pay(invoice))


def get(url):
    price = 50 if BUDGET or "/reports/" in url else 100
    return L402Client(Payer(), expected_price_sats=price).fetch(url).status_code


serve(get)
