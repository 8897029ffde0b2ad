"""With its own LND REST backend."""

import os

from adapter import BUDGET, serve
from bolt402 import Budget, L402Client

budget = Budget(total_max=BUDGET) if BUDGET else Budget.unlimited()
client = L402Client.with_lnd_rest(
    os.environ["LND_REST_HOST"], os.environ["LND_MACAROON_HEX"], budget=budget
)
serve(lambda url: client.get(url).status)
