"""How patient a live source is, and how it waits before it tries again."""

import random
from typing import NamedTuple


class Pace(NamedTuple):
    """How patient a live source is [s]."""

    ping: float = 1.0
    silent: float = 10.0
    """A connection on which nothing comes, not even an answer to a ping, is broken."""
    log_in: float = 10.0
    boot: float = 5.0
    """How long FullyBooted is waited for; a user that may not read `system` never gets it."""
    reload: float = 5.0
    """How far apart snapshots are that are asked for because Asterisk has reloaded."""
    snapshot: float = 30.0
    first_retry: float = 0.5
    most_retry: float = 30.0
    first_refused: float = 60.0
    """After a refused log-in: a PBX that bans addresses (fail2ban) must not ban us."""
    most_refused: float = 900.0
    begin: float = 60.0
    """How long the other feed may catch up before the first connection."""


class BackOff:
    """Waits that double up to a bound, each shortened by chance: not all come at once."""

    def __init__(self, first: float, most: float) -> None:
        self._first, self._most = first, most
        self._next = first

    def next(self) -> float:
        """Return how long to wait [s]."""
        wait, self._next = self._next, min(2 * self._next, self._most)
        return wait * random.uniform(0.5, 1)

    def reset(self) -> None:
        """Begin anew, because it worked."""
        self._next = self._first
