"""A queue now and in its windows: who waits, how waits ended, service level.

    service level = answered in time / (counted)                                [ratio 0..1]

Every call is counted once, at the first of: its answer, its abandon, or the moment the target
passes (Cisco's service-level event), so that a breach shows when it happens. Short abandons
(W <= short_abandon) are left out; a call that leaves otherwise before the target never counts;
a call counted at the target stays counted however it ends. In time means W <= target.

Source: docs/decisions/0003; Cisco CUIC report reference, "service level calls offered".
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Sequence
from itertools import islice
from operator import itemgetter
from typing import TypeAlias

import msgspec

from stream_processors.core.instants import NEVER
from stream_processors.core.leg_facts import Target
from stream_processors.core.legs import Conclusion
from stream_processors.core.windows import counted, forget, put, take

Stay: TypeAlias = tuple[int, int, str]
"""From when to when [ms] somebody waited, and which leg he is."""

DayOf: TypeAlias = Callable[[int], int]
"""Tells the start [ms] of the local day of an instant."""


class Account(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What one leg adds to the figures of its queue, and when it counted for the level [ms]."""

    it: Conclusion
    target: Target
    counted_at: int | None


def account(it: Conclusion, target: Target, clock: int) -> Account:
    """Return what a leg adds to its queue, given that the source's clock shows `clock`."""
    return Account(it, target, _counted_at(it, target, clock))


def _counted_at(it: Conclusion, target: Target, clock: int) -> int | None:
    if it.left_at is None:
        passed = it.entered_at + target.answer_within_ms
        return passed if clock >= passed else None
    if it.wait_ms is not None and it.wait_ms > target.answer_within_ms:
        return it.entered_at + target.answer_within_ms
    if it.outcome == "answered" or (it.outcome == "abandoned" and not is_short(it, target)):
        return it.left_at
    return None


def is_short(it: Conclusion, target: Target) -> bool:
    """A misdial: the caller gave up within the short-abandon limit."""
    return it.wait_ms is not None and it.wait_ms <= target.short_abandon_ms


COUNTED = (
    "offered", "answered", "answered_in_time", "abandoned", "short_abandoned", "level_counted",
)  # fmt: skip
"""What a queue counts; each has sorted instants, a total, and a total of each local day."""

_OFFERED, _LEVEL_COUNTED = ("offered",), ("level_counted",)
_ANSWERED_IN_TIME, _ANSWERED_LATE = ("answered", "answered_in_time"), ("answered",)
_ABANDONED_SOON, _ABANDONED = ("abandoned", "short_abandoned"), ("abandoned",)


class Queue(msgspec.Struct):
    """What is known of one queue: instants of the last 70 minutes, totals of the whole log.

    `left` tells of who has left when he did, when he had entered [ms], and which leg he is.
    From `levels_from` [ms] on its level can be worked out; `low_since` tells under which target
    it was there and since when, None if it was not.
    """

    queue_id: str
    source: str
    waiting: dict[str, tuple[int, int]] = msgspec.field(default_factory=dict)
    talking: dict[str, str] = msgspec.field(default_factory=dict)
    instants: dict[str, list[int]] = msgspec.field(
        default_factory=lambda: {name: [] for name in COUNTED}
    )
    waits: list[tuple[int, int]] = msgspec.field(default_factory=list)
    left: list[tuple[int, int, str]] = msgspec.field(default_factory=list)
    totals: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(COUNTED, 0))
    days: dict[int, dict[str, int]] = msgspec.field(default_factory=dict)
    outcomes: dict[str, int] = msgspec.field(default_factory=dict)
    levels_from: int = 0
    low_since: tuple[float, int] | None = None

    def change(self, old: Account | None, new: Account | None, day_of: DayOf) -> None:
        """Take out what a leg added before and add what it adds now."""
        self._change_presence(old, new)
        entered_alike = left_alike = stay_alike = level_alike = False
        if old is not None and new is not None:
            entered_alike = old.it.entered_at == new.it.entered_at
            left_alike = _left_alike(old, new)
            stay_alike = entered_alike and left_alike and old.it.leg_id == new.it.leg_id
            level_alike = old.counted_at == new.counted_at
        for sign, one in ((-1, old), (+1, new)):
            if one is None:
                continue
            if not entered_alike:
                self._count(_OFFERED, one.it.entered_at, sign, day_of)
            left_at = one.it.left_at
            if left_at is not None and not stay_alike:
                move = put if sign > 0 else take
                move(self.left, (left_at, one.it.entered_at, one.it.leg_id))
                if not left_alike:
                    self._count_exit(one, left_at, sign, day_of)
            if not level_alike and one.counted_at is not None:
                self._count(_LEVEL_COUNTED, one.counted_at, sign, day_of)

    def _change_presence(self, old: Account | None, new: Account | None) -> None:
        if old is not None:
            self.waiting.pop(old.it.leg_id, None)
            self.talking.pop(old.it.leg_id, None)
        if new is None:
            return
        if new.it.left_at is None:
            self.waiting[new.it.leg_id] = (new.it.entered_at, new.target.answer_within_ms)
        elif new.it.outcome == "answered" and new.it.ended_at is None:
            self.talking[new.it.leg_id] = new.it.agent_id

    def _count_exit(self, one: Account, left_at: int, sign: int, day_of: DayOf) -> None:
        it = one.it
        self.outcomes[it.outcome] = self.outcomes.get(it.outcome, 0) + sign
        if it.outcome == "answered":
            in_time = it.wait_ms is not None and it.wait_ms <= one.target.answer_within_ms
            names = _ANSWERED_IN_TIME if in_time else _ANSWERED_LATE
            self._count(names, left_at, sign, day_of)
            self._count_wait((left_at, it.wait_ms or 0), sign)
        elif it.outcome == "abandoned":
            names = _ABANDONED_SOON if is_short(it, one.target) else _ABANDONED
            self._count(names, left_at, sign, day_of)

    def _count_wait(self, waited: tuple[int, int], sign: int) -> None:
        if sign > 0:
            if self.waits and waited < self.waits[-1]:
                insort(self.waits, waited)
            else:
                self.waits.append(waited)
        elif waited in self.waits:
            self.waits.remove(waited)

    def _count(self, names: Sequence[str], at: int, sign: int, day_of: DayOf) -> None:
        day = day_of(at)
        today = self.days.get(day)
        if today is None:
            today = self.days[day] = dict.fromkeys(COUNTED, 0)
        move = put if sign > 0 else take
        for name in names:
            move(self.instants[name], at)
            self.totals[name] += sign
            today[name] += sign

    def count(self, name: str, after: int, until: int) -> int:
        """Count what happened in (after, until] [ms]."""
        return counted(self.instants[name], after, until)

    def counts(self, short: int, long: int, until: int) -> tuple[list[int], list[int]]:
        """Count over (short, until] and (long, until] [ms] all of COUNTED but arrivals."""
        in_short: list[int] = []
        in_long: list[int] = []
        for instants in islice(self.instants.values(), 1, None):
            if not instants or (newest := instants[-1]) <= long:
                in_short.append(0)
                in_long.append(0)
                continue
            last = len(instants) if newest <= until else bisect_right(instants, until)
            first = 0 if instants[0] > long else bisect_right(instants, long, 0, last)
            in_long.append(last - first)
            some = newest > short
            in_short.append(last - bisect_right(instants, short, first, last) if some else 0)
        return in_short, in_long

    def service_level(self, after: int, until: int) -> float | None:
        """Return the headline ratio over (after, until] [ms]; None when nothing counted."""
        calls = self.count("level_counted", after, until)
        return self.count("answered_in_time", after, until) / calls if calls else None

    def mean_wait_ms(self, after: int, until: int) -> float | None:
        """Return the mean wait of the calls answered in (after, until]; None without any."""
        first = bisect_right(self.waits, (after, NEVER))
        waits = [
            wait for _, wait in self.waits[first : bisect_right(self.waits, (until, NEVER))]
        ]
        return sum(waits) / len(waits) if waits else None

    def longest_wait_ms(self, at: int) -> int | None:
        """Return the wait of the first in line at `at`, both [ms]; None while nobody waits."""
        if not self.waiting:
            return None
        return max(0, at - min(entered for entered, _ in self.waiting.values()))

    def stays_since(self, since: int) -> list[Stay]:
        """Return who waits, or left after an instant [ms] that is in reach, longest first."""
        left = self.left[bisect_right(self.left, (since, NEVER, "")) :]
        stays: list[Stay] = [(entered, left_at, leg_id) for left_at, entered, leg_id in left]
        stays += [(entered, NEVER, leg_id) for leg_id, (entered, _) in self.waiting.items()]
        # Not by when they left: of some that is not known yet.
        return sorted(stays, key=itemgetter(0, 2))

    def waiting_over_target(self, at: int) -> int:
        """Count who has waited longer than the target."""
        over = 0
        for entered, target in self.waiting.values():
            over += at - entered > target
        return over

    def difference(self) -> int:
        """Return offered - (outcomes + waiting); anything but 0 means that calls were lost."""
        return self.totals["offered"] - sum(self.outcomes.values()) - len(self.waiting)

    def forget(self, before: int, day_before: int) -> None:
        """Drop instants older than `before` [ms] and days that began before `day_before`."""
        for instants in self.instants.values():
            forget(instants, before)
        if self.waits and self.waits[0][0] < before:
            self.waits = [each for each in self.waits if each[0] >= before]
        del self.left[: bisect_left(self.left, (before, 0, ""))]
        for day in [day for day in self.days if day < day_before]:
            del self.days[day]


def _left_alike(one: Account, other: Account) -> bool:
    """Tell whether two accounts of a leg count its exit alike."""
    mine, theirs = one.it, other.it
    return (
        mine.left_at == theirs.left_at
        and mine.wait_ms == theirs.wait_ms
        and (mine.left_at is None or mine.outcome == theirs.outcome)
        and one.target == other.target
    )
