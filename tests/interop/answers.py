"""Whatever the broker answers, a client that pays whenever it is asked to pays once."""

import contextlib
import threading
import urllib.error
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from processes import DIRECT
from trials import Trials

# It pays up to three times in a row.
PAYER = "mpp"

# What the broker answers to each verification, as the shop calls it and in words, and the status that
# the client ends with.
ANSWERS = [
    ("no", "no", 403),
    ("less", "yes, to a payment of 1 sat", 502),
    ("elsewhere", "yes, for another resource", 502),
    ("bare", "yes, and no more", 200),
    ("400", "400", 403),
    ("401", "401", 502),
    ("402", "402", 502),
    ("403", "403", 502),
    ("404", "404", 502),
    ("409", "409", 502),
    ("429", "429", 503),
    ("500", "500", 502),
    ("503", "503", 503),
    ("garbage", "no JSON", 502),
    ("truncated", "half an answer", 502),
    ("oversize", "256 MiB", 502),
    ("reset", "nothing, and hangs up", 502),
    ("hang", "nothing, and keeps the line", 504),
]


def trials(client, command, programs, scratch):
    """Returns the rows of the table: what the broker answers, and what happened; the first is of a
    server that lets no credential through, to show that the client does pay again."""
    rows = []
    with Trials(client, command, programs, scratch).trial() as trial, deaf(trial.shop.api) as api:
        outcome, story = trial.client.get(f"{api}/mpp/weather"), trial.shop.story()
        if (outcome, story) != (402, "402, paid, 402, paid, 402, paid, 402"):
            raise AssertionError(f"asked again and again: got {outcome} by `{story}`")
        rows.append(("is not asked: another server answers 402 whatever comes", story))
    for answer, words, status in ANSWERS:
        with Trials(client, command, programs, scratch).trial() as trial:
            trial.shop.do(f"verify/{answer}")
            story = trial.ask("/mpp/weather", status, f"402, paid, Payment {status}")
            rows.append((words, story))
    return rows


@contextlib.contextmanager
def deaf(api):
    """A server that asks the API for what it is asked for, without the credential."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            try:
                answer = DIRECT.open(api + self.path)
            except urllib.error.HTTPError as err:
                answer = err
            body = answer.read()
            self.send_response(answer.status)
            for line in answer.headers.get_all("WWW-Authenticate", ()):
                self.send_header("WWW-Authenticate", line)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
