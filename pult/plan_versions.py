"""Which version a plan gets: the owner of the history gives it.

So of two imports at once the later one holds, whatever both had read before.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import msgspec

from schemas.events import SchedulePublishedData
from stream_processors.core.plans import Item, Plan, plan_of

Known: TypeAlias = Callable[[str, str], Plan | None]
"""Tells the plan that holds of an agent and a day, in the live state."""

_REMEMBERED = 100_000
"""Plans that were given a version lately; the state has them within a second."""


class PlanVersions:
    """Numbers plans; what is said by `remember` counts before the state knows it."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._lately: dict[tuple[str, str], SchedulePublishedData] = {}

    def numbered(self, plans: Iterable[SchedulePublishedData]) -> list[SchedulePublishedData]:
        """Return the plans that say something new, each above the one it replaces.

        Raises:
            MalformedEvent: one of them is no plan.
        """
        made: dict[tuple[str, str], SchedulePublishedData] = {}
        for told in plans:
            key = told.agent_id, told.day
            plan = plan_of(told, "")
            before = self._known(*key)
            lately = made.get(key) or self._lately.get(key)
            if lately is not None and (before is None or lately.version > before.version):
                before = plan_of(lately, "")
            if before is None:
                made[key] = told
            elif _said(before) != _said(plan):
                version = max(told.version, before.version + 1)
                made[key] = msgspec.structs.replace(told, version=version)
        return list(made.values())

    def remember(self, plans: Sequence[SchedulePublishedData]) -> None:
        """Let plans count that are in the journal."""
        for told in plans:
            self._lately.pop((told.agent_id, told.day), None)
            self._lately[told.agent_id, told.day] = told
        while len(self._lately) > _REMEMBERED:
            del self._lately[next(iter(self._lately))]


def _said(plan: Plan) -> tuple[str, list[Item]]:
    return plan.zone, [item for shift in plan.shifts for item in shift.items]
