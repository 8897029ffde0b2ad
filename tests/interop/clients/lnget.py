"""What lnget sends, written by hand: it keeps one token for the whole domain, appends the preimage to
its macaroon as a caveat, and lets go of it at a 402. Before it pays it asks once more."""

import re
import urllib.error
import urllib.request

from adapter import pay, serve
from pymacaroons import Macaroon

kept = None


def ask(url):
    request = urllib.request.Request(url, headers={"Authorization": kept} if kept else {})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, None
    except urllib.error.HTTPError as err:
        return err.code, err.headers["WWW-Authenticate"]


def narrowed(macaroon, preimage):
    token = Macaroon.deserialize(macaroon)
    token.add_first_party_caveat(f"preimage={preimage}")
    return f"L402 {token.serialize()}:{preimage}"


def get(url):
    global kept
    status, _ = ask(url)
    if status != 402:
        return status
    kept = None
    _, challenge = ask(url)
    macaroon, invoice = re.match(r'L402 macaroon="([^"]+)", invoice="([^"]+)"', challenge).groups()
    kept = narrowed(macaroon, pay(invoice))
    return ask(url)[0]


serve(get)
