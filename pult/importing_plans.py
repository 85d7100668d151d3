"""`pult import schedule`: what other programs plan becomes what is planned here.

A file says of each person and day that it names what is planned then, all of it; days it does
not name stay as they are. What says nothing new is not published again, so importing twice
changes nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import msgspec

from producers.frame import Frame
from producers.recording import unreadable
from producers.schedule import published
from producers.schedule.mapping import PlanMapping
from producers.schedule.planning import Activities, People, planned
from producers.schedule.rows import KIND, rows
from producers.schedule.times import LONG
from pult.history_asked import Ask, quoted
from schemas.events import SchedulePublishedData
from schemas.policies import Policies

InForce: TypeAlias = dict[tuple[str, str], SchedulePublishedData]
"""The plan that holds of each agent and day."""

_REACH = LONG.days + 1
"""So many days before another a plan may begin that overlaps it."""


@dataclass(frozen=True, slots=True)
class Plans:
    """What files say, before anything is done with it."""

    path: Path
    plans: Sequence[Activities]
    notes: Sequence[str]


def read_plans(
    paths: Sequence[Path], how: PlanMapping, people: Callable[[], People], now: datetime
) -> list[Plans]:
    """Return the plans of files; nothing is changed by it.

    Raises:
        UnreadableRecording: one of them is wrong somewhere, or two plan the same day.
    """
    for place, path in enumerate(paths):
        if path in paths[:place]:
            raise unreadable(path, KIND, "it is given twice; nothing was imported")
    found = [(path, rows(path, how)) for path in paths]
    whose = people()
    seen: dict[tuple[str, str], Path] = {}
    made = []
    for path, each in found:
        done = planned(path, each, how, whose, now)
        for plan in done.plans:
            other = seen.setdefault((plan.agent_id, plan.day), path)
            if other != path:
                why = f"{other} plans {plan.day} of {plan.agent_id}, too; nothing was imported"
                raise unreadable(path, KIND, why)
        made.append(Plans(path, done.plans, done.notes))
    _check_overlaps(made)
    return made


def _check_overlaps(files: Sequence[Plans]) -> None:
    """Refuse files that plan the same time of somebody."""
    spans = sorted(
        (plan.agent_id, item[0], item[1], plan.day, each.path)
        for each in files
        for plan in each.plans
        for item in plan.items
    )
    for (one, _, end, day, path), (other, start, _, later, its_path) in pairwise(spans):
        if one == other and start < end:
            why = (
                f"the shift of {one} on {later} overlaps the one that {path} plans for {day}; "
                "nothing was imported"
            )
            raise unreadable(its_path, KIND, why)


def people_of(
    policies: Policies, ask: Ask, tenant: str, zone: str, *, new: bool = False
) -> People:
    """Return whom a plan may name: agents of the settings and of the history.

    Args:
        policies: of the tenant.
        ask: reads the history.
        tenant: whose history.
        zone: of those for whom the settings name none; "" if nobody knows.
        new: whether agents may be named that nobody has seen yet.
    """
    seen = ask(
        "SELECT DISTINCT agent_id FROM agent_sessions "
        f"WHERE tenant = {quoted(tenant)} AND agent_id != '' "
        "UNION DISTINCT SELECT DISTINCT agent_id FROM schedules "
        f"WHERE tenant = {quoted(tenant)}"
    )
    known = {*policies.agents, *(str(row["agent_id"]) for row in seen)}

    def zone_of(agent_id: str) -> str:
        own = policies.agents.get(agent_id)
        return (own.timezone if own is not None else None) or zone

    whom = None if new else frozenset(known)
    return People(whom, policies.directory(), zone_of, policies.timezone)


@dataclass(frozen=True, slots=True)
class Said:
    """A plan of a file, beside what holds of that agent and day before it."""

    path: Path
    plan: Activities
    before: SchedulePublishedData | None

    @property
    def version(self) -> int:
        """The lowest version above what holds."""
        return 1 if self.before is None else self.before.version + 1

    @property
    def is_new(self) -> bool:
        """Whether it says something else than what holds."""
        told = published.plan_data(self.plan, self.version)
        if self.before is None:
            return bool(told.items)
        if not told.items and not self.before.items:
            return False
        return told != msgspec.structs.replace(self.before, version=self.version)


def said_beside(files: Sequence[Plans], ask: Ask, tenant: str) -> list[Said]:
    """Return all plans of files beside what holds now.

    Raises:
        UnreadableRecording: a shift overlaps one of another day that is planned already.
    """
    days = sorted(plan.day for each in files for plan in each.plans)
    held = (
        in_force(ask, tenant, _beside(days[0], -_REACH), _beside(days[-1], _REACH))
        if days
        else {}
    )
    named = {(plan.agent_id, plan.day) for each in files for plan in each.plans}
    beside: dict[str, list[SchedulePublishedData]] = {}
    for (agent_id, day), other in held.items():
        if (agent_id, day) not in named:
            beside.setdefault(agent_id, []).append(other)
    found = []
    for each in files:
        for plan in each.plans:
            said = Said(each.path, plan, held.get((plan.agent_id, plan.day)))
            if said.is_new:
                _refuse_clash(said, beside.get(plan.agent_id, ()))
            found.append(said)
    return found


def to_say(said: Sequence[Said], now_us: int) -> list[Said]:
    """Return what others who write the log must hear of an import; nothing if nothing is new.

    What holds already need not be said, but another import may just be replacing it. Of shifts
    that are still to come it is said all the same; for others their days would be folded again.
    """
    if not any(each.is_new for each in said):
        return []
    return [
        each
        for each in said
        if each.is_new or published.begins_us(each.plan, each.before) > now_us
    ]


def frames(said: Sequence[Said], source: str, now_us: int) -> list[Frame]:
    """Return plans as they are kept in a journal, each in a version above what it replaces."""
    return [
        published.frame(each.plan, each.version, source, now_us, each.before) for each in said
    ]


def _refuse_clash(said: Said, others: Sequence[SchedulePublishedData]) -> None:
    told = published.plan_data(said.plan, said.version)
    for clash in _clashes(told, others):
        why = (
            f"the shift of {told.agent_id} on {told.day} overlaps the one that is "
            f"planned for {clash}; nothing was imported"
        )
        raise unreadable(said.path, KIND, why)


def in_force(ask: Ask, tenant: str, first: str, last: str) -> InForce:
    """Return the plans that hold of the days from one to another."""
    found = ask(
        "SELECT argMax(data, JSONExtractInt(data, 'version')) AS plan FROM events "
        f"WHERE type = 'cc.schedule.published.v1' AND tenant = {quoted(tenant)} "
        f"AND JSONExtractString(data, 'day') BETWEEN {quoted(first)} AND {quoted(last)} "
        "GROUP BY agent_id, JSONExtractString(data, 'day')"
    )
    plans = [msgspec.json.decode(row["plan"], type=SchedulePublishedData) for row in found]
    return {(plan.agent_id, plan.day): plan for plan in plans}


def _beside(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def _clashes(
    told: SchedulePublishedData, others: Sequence[SchedulePublishedData]
) -> Iterator[str]:
    """Yield the days whose plans stay and overlap it."""
    for other in others:
        # RFC 3339 texts of equal length sort by time.
        if any(
            one.starts_at < each.ends_at and each.starts_at < one.ends_at
            for one in other.items
            for each in told.items
        ):
            yield other.day
