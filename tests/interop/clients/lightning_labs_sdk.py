"""With its own LND REST backend. The package is called L402sdk, the module l402."""

import os

from adapter import BUDGET, serve
from l402 import Budget, L402Client

client = L402Client.with_lnd_rest(
    os.environ["LND_REST_HOST"], os.environ["LND_MACAROON_HEX"], budget=Budget(total_max=BUDGET or 10_000)
)
serve(lambda url: client.get(url).status)
