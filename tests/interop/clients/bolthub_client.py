"""With its wallet that takes a function. Its own LND wallet reads one JSON object, and LND's
`/v2/router/send` streams several: it pays and then throws."""

from adapter import BUDGET, pay, serve
from bolthub import L402Client, NwcWallet

client = L402Client(NwcWallet(pay), budget_sats=BUDGET)
serve(lambda url: client.get(url).status_code)
