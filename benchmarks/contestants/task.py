"""What a contestant is told on its command line."""

import sys
from typing import NamedTuple


class Task(NamedTuple):
    """Which log to read, and where to write.

    Attributes:
        bootstrap: the broker.
        events: topic to read from its beginning.
        run: name of the run: its group, and the first part of the topics it writes.
        expected: how many events there are.
        store: where the store answers, for those who write into one.
    """

    bootstrap: str
    events: str
    run: str
    expected: int
    store: str = ""


def told() -> Task:
    """Return the task of this process."""
    bootstrap, events, run, expected, *store = sys.argv[1:]
    return Task(bootstrap, events, run, int(expected), *store)
