"""l402-requests, configured by LND_REST_HOST and LND_MACAROON_HEX alone, buys /weather and uses
its token twice with one payment. Both of its clients, sync and async."""

import asyncio
import sys

from l402_requests import AsyncL402Client, L402Client

API = sys.argv[1]


def check(name, client, answers):
    statuses = [answer.status_code for answer in answers]
    assert statuses == [200, 200], f"{name}: {statuses} {answers[-1].text}"
    assert all(answer.json()["weather"] == "sunny" for answer in answers), name
    assert len(client.spending_log) == 1, f"{name} paid {len(client.spending_log)} times"
    assert client.spending_log.total_spent() == 100, client.spending_log.total_spent()
    print(f"   {name}: 200 twice, one payment of 100 sats")


def sync():
    client = L402Client()
    assert client.get(f"{API}/free").status_code == 200
    assert len(client.spending_log) == 0, "a free route was paid for"
    check("sync", client, [client.get(f"{API}/weather") for _ in range(2)])


async def concurrent():
    async with AsyncL402Client() as client:
        check("async", client, [await client.get(f"{API}/weather") for _ in range(2)])


sync()
asyncio.run(concurrent())
