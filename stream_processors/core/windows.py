"""Exact sliding windows: sorted instants, counted by bisection over (T - window, T].

Nothing is bucketed, so a window is right at every instant and a late outcome goes to its own
time. A count costs the logarithm of what the longest window holds; adding one outcome costs a
short memory move. Instants are milliseconds since 1970 UTC.
"""

from bisect import bisect_left, bisect_right, insort
from typing import TypeVar

from stream_processors.core.instants import MINUTE_MS

WINDOWS: dict[str, int] = {
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "60m": 60 * MINUTE_MS,
}
KEPT_MS = 70 * MINUTE_MS
"""The longest window, and what may still come late to its first minute."""


At = TypeVar("At", int, tuple[int, int, str])
"""An instant [ms], or one with what belongs to it."""


def put(instants: list[At], at: At) -> None:
    """Add one instant."""
    if not instants or at >= instants[-1]:
        instants.append(at)
    else:
        insort(instants, at)


def take(instants: list[At], at: At) -> None:
    """Take one instant out again; one that is too old to be held is gone already."""
    place = bisect_left(instants, at)
    if place < len(instants) and instants[place] == at:
        del instants[place]


def counted(instants: list[int], after: int, until: int) -> int:
    """Count the instants in (after, until]."""
    if not instants or instants[-1] <= after:
        return 0
    last = len(instants) if instants[-1] <= until else bisect_right(instants, until)
    return last - bisect_right(instants, after)


def forget(instants: list[int], before: int) -> None:
    """Drop what no window can reach any more."""
    if instants and instants[0] < before:
        del instants[: bisect_left(instants, before)]
