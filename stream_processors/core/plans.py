"""What was planned for agents: published whole for a day, replaced by a higher version.

Plans come as events of their own, before the day or long after it, and move no clock. Of each
agent the state holds the plans that a rule or a later version can still reach.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

import msgspec

from schemas.errors import MalformedEvent
from schemas.events import Activity, PlannedActivity, SchedulePublishedData
from schemas.planned_days import fault_of
from stream_processors.core.instants import HOUR_MS, to_ms


class Item(msgspec.Struct, frozen=True, order=True, gc=False, array_like=True):
    """An activity from one instant to another [ms]."""

    start: int
    end: int
    activity: Activity
    name: str


class Shift(msgspec.Struct, frozen=True, order=True, gc=False, array_like=True):
    """Activities that follow one another without a hole; `told_by` is the event's id."""

    items: tuple[Item, ...]
    told_by: str = ""

    @property
    def start(self) -> int:
        """When its first activity begins [ms]."""
        return self.items[0].start

    @property
    def end(self) -> int:
        """When its last activity ends [ms]."""
        return self.items[-1].end

    @property
    def works_from(self) -> int | None:
        """When work begins first [ms]; None where none is planned."""
        return next((each.start for each in self.items if each.activity == "work"), None)

    @property
    def works_until(self) -> int | None:
        """When work ends last [ms]; None where none is planned."""
        ends = [each.end for each in self.items if each.activity == "work"]
        return ends[-1] if ends else None

    def at(self, instant: int) -> Item | None:
        """Return what is planned at an instant [ms]."""
        return next((each for each in self.items if each.start <= instant < each.end), None)

    def wants_work(self, instant: int) -> bool:
        """Tell whether work is planned at an instant [ms]."""
        item = self.at(instant)
        return item is not None and item.activity == "work"

    def work_from(self, instant: int) -> int | None:
        """Return the first instant [ms] from one on at which work is planned."""
        for each in self.items:
            if each.activity == "work" and each.end > instant:
                return max(each.start, instant)
        return None

    def free_from(self, instant: int) -> int:
        """Return the first instant [ms] from one on at which no work is planned."""
        for each in self.items:
            if each.end > instant and each.activity != "work":
                return max(each.start, instant)
        return self.end


class Plan(msgspec.Struct, frozen=True, order=True, gc=False, array_like=True):
    """What is planned for an agent on a day; the greatest of several holds."""

    version: int
    zone: str
    shifts: tuple[Shift, ...]

    @property
    def end(self) -> int:
        """When the last shift ends [ms]; 0 where nothing is planned."""
        return self.shifts[-1].end if self.shifts else 0


Plans: TypeAlias = dict[str, Plan]
"""The plans of one agent by their days, as 2026-03-02."""


def plan_of(told: SchedulePublishedData, event_id: str) -> Plan:
    """Return what an event plans.

    Raises:
        MalformedEvent: an activity ends before it begins, or begins before another ends; or
            no history can hold the day or an instant.
    """
    fault = fault_of(told)
    if fault:
        msg = f"planned for {told.agent_id}: {fault}"
        raise MalformedEvent(msg)
    items = [_item(each) for each in told.items]
    reached = 0
    for each in items:
        if each.start < reached or each.end <= each.start:
            msg = f"planned for {told.agent_id} on {told.day}: {each.activity} out of order"
            raise MalformedEvent(msg)
        reached = each.end
    shifts = (Shift(tuple(each), event_id) for each in _without_holes(items))
    return Plan(told.version, told.zone, tuple(shifts))


def _item(told: PlannedActivity) -> Item:
    return Item(to_ms(told.starts_at), to_ms(told.ends_at), told.kind, told.name)


def _without_holes(items: Iterable[Item]) -> Iterator[list[Item]]:
    together: list[Item] = []
    for each in items:
        if together and each.start != together[-1].end:
            yield together
            together = []
        together.append(each)
    if together:
        yield together


def shifts_of(plans: Plans) -> list[Shift]:
    """Return all shifts of an agent in the order of time."""
    return sorted(shift for plan in plans.values() for shift in plan.shifts)


def to_be_present(shifts: Iterable[Shift]) -> Iterator[Shift]:
    """Yield the parts of shifts in which their agent is not absent by plan."""
    for shift in shifts:
        together: list[Item] = []
        for item in shift.items:
            if item.activity != "absence":
                together.append(item)
            elif together:
                yield Shift(tuple(together), shift.told_by)
                together = []
        if together:
            yield Shift(tuple(together), shift.told_by)


def up_to_next(shifts: Sequence[Shift], clock: int) -> Sequence[Shift]:
    """Return the shifts that have begun at an instant [ms], and the next one with work.

    Whoever judges them waits for the next; one without work gives nothing to wait for.
    """
    last = bisect_right(shifts, clock, key=_starts_at)
    while last < len(shifts) and shifts[last].works_from is None:
        last += 1
    return shifts[: last + 1]


def _starts_at(shift: Shift) -> int:
    return shift.start


def return_from(shifts: Sequence[Shift], start: int, within: int) -> int | None:
    """Return when work begins again after the planned time off that a break belongs to.

    Args:
        shifts: of the agent, in the order of time.
        start: when the break began [ms].
        within: a break that begins so early [ms] before planned time off belongs to it.

    Returns:
        An instant [ms]; 0 if no work follows within half a day, so that nobody waits for a
        return; None if the break belongs to no planned time off, or nothing is planned near it.
    """
    near = [each for each in shifts if each.start - _NEAR_MS <= start < each.end + _NEAR_MS]
    if not near:
        return None
    here = next((each for each in near if each.start <= start < each.end), None)
    off = start if here is None else here.free_from(start)
    if off - start > within:
        return None
    again = (each.work_from(off) for each in near)
    return min((at for at in again if at is not None and at <= off + _NEAR_MS), default=0)


_NEAR_MS = 12 * HOUR_MS
