"""Configured by LND_REST_HOST and LND_MACAROON_HEX alone."""

from adapter import serve
from l402_requests import L402Client

client = L402Client()
serve(lambda url: client.get(url).status_code)
