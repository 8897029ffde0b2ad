"""The tool that it hands to an agent, which answers in words."""

import os
import re

from adapter import BUDGET, serve
from bolt402_langchain import L402FetchTool, create_l402_client

client = create_l402_client(
    backend="lnd",
    url=os.environ["LND_REST_HOST"],
    macaroon=os.environ["LND_MACAROON_HEX"],
    budget={"total_max": BUDGET} if BUDGET else None,
)
tool = L402FetchTool(client=client)


def get(url):
    said = tool.invoke(url)
    status = re.match(r"\[.* \| status (\d{3})\]", said)
    if not status:
        raise RuntimeError(said)
    return int(status[1])


serve(get)
