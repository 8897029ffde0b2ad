"""Configured by LND_REST_HOST and LND_MACAROON_HEX alone."""

import asyncio

from adapter import serve
from l402_requests import AsyncL402Client

loop = asyncio.new_event_loop()
client = AsyncL402Client()


def get(url):
    return loop.run_until_complete(client.get(url)).status_code


serve(get)
