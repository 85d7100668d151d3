"""The shape of a day and a week: when callers call and when people work. Hours are UTC."""

from bisect import bisect_right
from itertools import accumulate
from random import Random
from typing import NamedTuple

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

_CALLS_BY_HOUR = (
    0.2, 0.1, 0.1, 0.1, 0.1, 0.2, 0.4, 0.9, 1.8, 2.3, 2.5, 2.4,
    2.1, 2.0, 2.1, 2.1, 1.9, 1.6, 1.2, 0.9, 0.7, 0.5, 0.4, 0.3,
)  # fmt: skip
"""Two humps, as service lines have them; only the shape counts."""

_MEAN = sum(_CALLS_BY_HOUR) / 24
_WEEKEND = 0.6
"""Share of the calls of a weekday, and of its people."""


class Shift(NamedTuple):
    """When a shift begins [h] and for how many of a hundred people."""

    hour: float
    of_hundred: int


SHIFT_MS = 8 * HOUR_MS + HOUR_MS // 2
_SHIFTS = (
    Shift(6.5, 8), Shift(7.5, 22), Shift(8.5, 26), Shift(9.5, 12),
    Shift(11.5, 16), Shift(14.0, 10), Shift(22.0, 6),
)  # fmt: skip
_UP_TO = list(accumulate(shift.of_hundred for shift in _SHIFTS))

_THURSDAY = 3
"""The weekday of 1 January 1970, Monday being 0."""


def is_weekend(at_ms: int) -> bool:
    """Tell whether an instant lies on a Saturday or a Sunday."""
    return (at_ms // DAY_MS + _THURSDAY) % 7 >= 5


def rate(at_ms: int, hourly: float) -> float:
    """Return how many calls per millisecond to expect at an instant.

    Args:
        at_ms: the instant.
        hourly: mean over a weekday [calls/h].
    """
    by_hour = hourly * _CALLS_BY_HOUR[at_ms % DAY_MS // HOUR_MS] / _MEAN / HOUR_MS
    return by_hour * _WEEKEND if is_weekend(at_ms) else by_hour


def next_arrival(at_ms: float, end_ms: int, hourly: float, chance: Random) -> float | None:
    """Draw the next arrival of a Poisson process whose rate changes with the hour.

    The exponential law forgets, so a draw that passes the hour is cut there and drawn anew.
    """
    while at_ms < end_ms:
        hour_ends = (at_ms // HOUR_MS + 1) * HOUR_MS
        expected = rate(int(at_ms), hourly)
        if expected > 0:
            arrival = at_ms + chance.expovariate(expected)
            if arrival < hour_ends:
                return arrival if arrival < end_ms else None
        at_ms = hour_ends
    return None


def shift_begin(person: int, of: int, midnight_ms: int) -> int | None:
    """Return when a person's shift of that day begins [ms]; None on a day off.

    Shares hold among any hundred people in a row, and roughly among fewer.
    """
    if is_weekend(midnight_ms) and person % 10 >= round(10 * _WEEKEND):
        return None
    # Spread so that neighbours, who serve the same queues, work different shifts.
    place = person * 37 % 100 if of >= 100 else person * 100 // of
    return midnight_ms + round(_SHIFTS[bisect_right(_UP_TO, place)].hour * HOUR_MS)
