"""How long after-work lasts in a queue: counts of whole seconds by day, and what is usual.

Counts and not lengths are kept: a busy queue costs no more than a quiet one, and what comes
late is counted into the day it is of, or taken out of it.
"""

from functools import cached_property
from typing import NamedTuple

import msgspec

from stream_processors.core.instants import day_bounds

LONGEST_S = 3600
"""What lasted longer is counted as this [s]."""

DAYS = 7
"""Usual is what the last so many days before a local day show."""


class Usual(NamedTuple):
    """The 90th percentile [s] of so many lengths, by nearest rank; 0 of none."""

    p90_s: int
    of: int


class Lengths(msgspec.Struct, dict=True):
    """Finished after-works of one queue.

    In `days` is for each local day (its start [ms]) how many that ended in it lasted so many
    whole seconds. What was worked out of them is remembered beside the fields: it is no part
    of the state, and a snapshot does not carry it.
    """

    days: dict[int, dict[int, int]] = msgspec.field(default_factory=dict)

    def count(self, day: int, seconds: int, more: int) -> None:
        """Count one of a day, or (`more` is -1) take it back."""
        counts = self.days.get(day)
        if counts is None:
            # In an order that does not tell how the log was cut, for snapshots are compared.
            self.days = dict(sorted([*self.days.items(), (day, {})]))
            counts = self.days[day]
        if seconds not in counts:
            self.days[day] = counts = dict(sorted([*counts.items(), (seconds, 0)]))
        counts[seconds] += more
        if not counts[seconds]:
            del counts[seconds]
            if not counts:
                del self.days[day]
        for until in [until for until in self._known if until > day]:
            del self._known[until]

    def usual(self, day: int, zone: str) -> Usual:
        """Return what was usual in the days before a local day that starts at `day` [ms]."""
        known = self._known.get(day)
        if known is None:
            known = self._known[day] = self._worked_out(first_day(day, zone), day)
        return known

    def forget(self, before: int) -> None:
        """Drop the days that began before an instant [ms]."""
        for day in [day for day in self.days if day < before]:
            del self.days[day]
        for day in [day for day in self._known if day < before]:
            del self._known[day]

    @cached_property
    def _known(self) -> dict[int, Usual]:
        return {}

    def _worked_out(self, since: int, until: int) -> Usual:
        counts: dict[int, int] = {}
        for day, of_day in self.days.items():
            if since <= day < until:
                for seconds, count in of_day.items():
                    counts[seconds] = counts.get(seconds, 0) + count
        total = sum(counts.values())
        rank, passed = -(-9 * total // 10), 0
        for seconds in sorted(counts):
            passed += counts[seconds]
            if passed >= rank:
                return Usual(seconds, total)
        return Usual(0, 0)


def first_day(day: int, zone: str) -> int:
    """Return the start [ms] of the first of the days that say what is usual in a day."""
    for _ in range(DAYS):
        day = day_bounds(day // 1000 - 1, zone)[0]
    return day
