"""What is known of a client, and all of them."""

from dataclasses import dataclass, field

NOTHING = "nothing"
PATH = "its path"
SEGMENTS = "its path's first two segments"
DOMAIN = "its domain"

# The settings that each client is tried in, and the scope of the API that has it.
MPP = {"off": "", "on": "/mpp"}


@dataclass(frozen=True)
class Client:
    name: str
    # PyPI, npm or crates.io, or where it is instead.
    registry: str
    # What is installed; the first is the client, at the version that is shown.
    packages: tuple
    # The file in `clients/` that drives it, and the files it needs beside it.
    adapter: str
    language: str
    # What pays for it: a wallet of its own, or its interface for one.
    wallet: str
    note: str
    # What it keeps a token for: one of the four above.
    caches: str = NOTHING
    beside: tuple = ()
    browser: bool = False
    # The scheme it pays in, and what it is answered before it pays.
    scheme: str = "L402"
    asks: str = "402"
    # Whether it pays when a token that it keeps is answered 402, and asks without it before.
    heals: bool = True
    asks_again: bool = False
    # What it says, or begins with, where it buys nothing: with MPP "off" or "on".
    nothing: dict = field(default_factory=dict)
    # What it says, or begins with, when it keeps to its budget; "" if it has none, `None` if its own is
    # not tried.
    budget: str | None = ""
    # What it says, or begins with, when a request that it has paid for fails, if not the status.
    throws: str = ""
    # Whether it shows its user our `Payment-Receipt`.
    receipt: bool = False
    shown: str = ""

    @property
    def version(self):
        return self.shown or self.packages[0].rpartition("==" if self.python else "@")[2]

    @property
    def python(self):
        return self.adapter.endswith(".py")

    @property
    def lock(self):
        """The name of its lock in `locks/`: `l402-requests-0.9.0`."""
        return self.packages[0].rpartition("/")[2].replace("==", "-").replace("@", "-")

    @property
    def buys_with(self):
        """The settings of MPP that it buys in, if any; all trials are in the first."""
        return [mpp for mpp in MPP if mpp not in self.nothing]


def clients():
    from javascript_clients import JAVASCRIPT
    from other_clients import OTHERS
    from python_clients import PYTHON

    return PYTHON + JAVASCRIPT + OTHERS
