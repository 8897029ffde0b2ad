"""Whatever the broker answers, a client that pays whenever it is asked to pays once."""

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
]


def trials(client, command, programs, scratch):
    """Returns the rows of the table: what the broker answers, and what happened."""
    rows = []
    for answer, words, status in ANSWERS:
        with Trials(client, command, programs, scratch).trial() as trial:
            trial.shop.do(f"verify/{answer}")
            story = trial.ask("/mpp/weather", status, f"402, paid, Payment {status}")
            rows.append((words, story))
    return rows
