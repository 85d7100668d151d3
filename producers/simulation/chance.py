"""How long people wait, ring, talk and rest: laws with the shapes that call centres report.

Durations are milliseconds. Talk is log-normal (Brown et al., "Statistical Analysis of a
Telephone Call Center", 2005, section 4.1); patience is exponential, as Erlang-A assumes, with
some callers who misdialled.
"""

from random import Random
from typing import Literal

WayOut = Literal["abandoned", "key", "timeout"]

LONGEST_WAIT_MS = 600_000
RINGS_AT_MOST_MS = 15_000

_MISDIALLED = 0.03
_PRESSES_KEY = 0.02
_MEAN_PATIENCE_MS = 180_000
_MISSES = 0.03
_REJECTS = 0.005
_TALK_MEDIAN_LOG, _TALK_SPREAD = 11.85, 0.7  # median 140 s, mean 179 s
_BREAKS = (("coffee", 10), ("lunch", 30), ("training", 20), ("coffee", 10))
_BETWEEN_BREAKS_MS = 100 * 60_000


def way_out(chance: Random) -> tuple[int, WayOut]:
    """Return how long a caller waits at most, and how he leaves then."""
    if chance.random() < _MISDIALLED:
        return 500 + int(chance.random() * 6_000), "abandoned"
    patience = 1_000 + int(chance.expovariate(1 / _MEAN_PATIENCE_MS))
    if patience >= LONGEST_WAIT_MS:
        return LONGEST_WAIT_MS, "timeout"
    return patience, "key" if chance.random() < _PRESSES_KEY else "abandoned"


def ringing(chance: Random) -> tuple[int, Literal["answered", "no_answer", "rejected"]]:
    """Return how long a phone rings, and what comes of it."""
    luck = chance.random()
    if luck < _MISSES:
        return RINGS_AT_MOST_MS, "no_answer"
    rings = 1_200 + int(chance.expovariate(1 / 2_500))
    return min(rings, RINGS_AT_MOST_MS - 1), "rejected" if luck > 1 - _REJECTS else "answered"


def talk(chance: Random) -> int:
    """Return how long a conversation lasts."""
    return 3_000 + int(chance.lognormvariate(_TALK_MEDIAN_LOG, _TALK_SPREAD))


def next_break(taken: int, chance: Random) -> tuple[int, str, int]:
    """Return in how long an agent wants a break, why, and how long; `taken` in this shift."""
    reason, minutes = _BREAKS[taken % len(_BREAKS)]
    return (
        int(_BETWEEN_BREAKS_MS * (0.7 + 0.6 * chance.random())),
        reason,
        int(minutes * 60_000 * (0.8 + 0.5 * chance.random())),
    )
