"""With its own SQLite store of credentials, in the folder that the suite gives as HOME."""

from adapter import pay, serve
from l402.client import requests
from l402.client.credentials import SqliteCredentialsService
from l402.client.preimage_provider import PreimageProvider


class Sandbox(PreimageProvider):
    def get_preimage(self, invoice):
        return pay(invoice)


requests.configure(Sandbox(), SqliteCredentialsService())
serve(lambda url: requests.get(url).status_code)
