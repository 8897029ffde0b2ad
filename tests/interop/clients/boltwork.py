"""The paying request behind its tools, with its LNbits wallet: a server here that answers as LNbits
does and pays through the sandbox."""

import asyncio
import hashlib
import json
import os
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from adapter import pay, serve
from boltwork_mcp.payment import l402_request

paid = {}


class Lnbits(BaseHTTPRequestHandler):
    def do_POST(self):
        order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        preimage = pay(order["bolt11"])
        payment_hash = hashlib.sha256(bytes.fromhex(preimage)).hexdigest()
        paid[payment_hash] = preimage
        self.answer(201, {"payment_hash": payment_hash})

    def do_GET(self):
        preimage = paid[self.path.rpartition("/")[2]]
        self.answer(200, {"paid": True, "preimage": preimage, "details": {"preimage": preimage}})

    def answer(self, status, body):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Lnbits)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["LNBITS_URL"] = f"http://127.0.0.1:{server.server_port}"
os.environ["LNBITS_API_KEY"] = "any"


def get(url):
    try:
        asyncio.run(l402_request("GET", url))
    except RuntimeError as err:
        # All that it tells of a refusal is this sentence.
        status = re.search(r"HTTP (\d{3})", str(err))
        if not status:
            raise
        return int(status[1])
    return 200


serve(get)
