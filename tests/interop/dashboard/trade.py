"""Has an API sell for most of a minute. Its broker, a sandbox, comes late and is slow for a while.

trade.py API SANDBOX PORT
"""

import atexit
import json
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

api, program, port = sys.argv[1:]
wallet = f"http://127.0.0.1:{port}"
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(url, credential=None, body=None):
    headers = {"Authorization": credential} if credential else {}
    try:
        with direct.open(urllib.request.Request(url, body, headers), timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode()


def buy(path):
    """Asks, pays, and returns the credential; None where nothing is for sale now."""
    status, body = ask(api + path)
    if status != 402:
        return None
    challenge = json.loads(body)["l402"]
    order = json.dumps({"payment_request": challenge["invoice"]}).encode()
    _, stream = ask(wallet + "/v2/router/send", body=order)
    paid = json.loads(stream.strip().splitlines()[-1])["result"]
    return f"L402 {challenge['macaroon']}:{paid['payment_preimage']}"


def pause_the_broker(seconds):
    sandbox.send_signal(signal.SIGSTOP)
    threading.Timer(seconds, sandbox.send_signal, (signal.SIGCONT,)).start()


random.seed(402)
tokens = []
time.sleep(2)
for _ in range(15):
    ask(api + "/weather")
    ask(api + "/forecast/lima", "L402 Zm9yZ2Vk:03")
    time.sleep(0.4)
sandbox = subprocess.Popen([program, "--port", port], stdout=subprocess.DEVNULL)
atexit.register(sandbox.kill)
time.sleep(1)
begun = time.monotonic()
while (second := time.monotonic() - begun) < 50:
    if 12 < second < 22:
        pause_the_broker(random.choice([0.02, 0.08, 0.2]))
    path = random.choice(["/weather", "/forecast/rome", "/forecast/oslo"])
    if random.random() < 0.12 and (credential := buy(path)):
        tokens.append((path, credential))
    for path, credential in random.sample(tokens, min(len(tokens), 3)):
        ask(api + path, credential)
    if tokens and random.random() < 0.2:
        ask(api + "/forecast/lima", tokens[-1][1])
    if random.random() < 0.3:
        ask(api + "/forecast/atlantis")
    if random.random() < 0.3:
        ask(api + "/weather", "L402 Zm9yZ2Vk:" + random.choice(["00", "01", "02"]))
    if 28 < second < 36:
        # A crawler, which the budget keeps from using up what payers need.
        for _ in range(4):
            ask(api + "/weather")
    time.sleep(0.25)
if not tokens:
    sys.exit("nothing was sold")
