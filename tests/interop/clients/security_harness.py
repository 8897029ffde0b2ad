"""PyPI's `agent-security-harness`, one of its L402 tests at a time, against the API that is named before
it: `http://127.0.0.1:8080 test_l402_fake_preimage`. `tests` instead lists them.

Its three paths are those of its own demonstration server; here they are the quickstart's."""

import contextlib
import re
import sys

from adapter import serve
from protocol_tests.l402_harness import L402SecurityTests, L402Transport

L402SecurityTests.PATH_INDEX = "/weather"
L402SecurityTests.PATH_RESOURCE = "/forecast/berlin"
L402SecurityTests.PATH_ASK = "/forecast/paris"


class Transport(L402Transport):
    """The harness looks for words like `sql` and `lnd` in every answer. A macaroon and an invoice are made of
    letters by chance, among which such a word comes now and then; it is no leak."""

    def request(self, *args, **kwargs):
        answer = super().request(*args, **kwargs)
        answer["body"] = re.sub(r'("(?:macaroon|invoice)":")[^"]*', r"\1", answer["body"])
        return answer


def get(line):
    if line == "tests":
        return [name for names in L402SecurityTests.ALL_TESTS.values() for name in names]
    api, _, test = line.partition(" ")
    suite = L402SecurityTests(Transport(api))
    # As its whole run does: before the tests that a limit follows upon.
    suite.has_payment_surface()
    with contextlib.redirect_stdout(sys.stderr):
        getattr(suite, test)()
    [result] = suite.results
    verdict = "passed" if result.passed else "not evaluated" if result.not_evaluated else "failed"
    return f"{result.test_id} {verdict}: {result.details}"


serve(get)
