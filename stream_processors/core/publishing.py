"""What is said of a plan: its activities as facts, those it takes away as voided ones."""

from collections.abc import Iterator

import msgspec

from schemas.events import SchedulePublishedData
from schemas.facts import Planned, says_the_same
from stream_processors.core.discipline.diary import KEPT_MS
from stream_processors.core.discipline.rules import OF_PLANS
from stream_processors.core.instants import DAY_MS, day_name
from stream_processors.core.plans import Plan, shifts_of
from stream_processors.core.state import State, Terms


def publish(
    state: State, terms: Terms, told: SchedulePublishedData, plan: Plan, cause: tuple[int, int]
) -> list[Planned]:
    """Let a plan hold for an agent and a day, unless a higher version does.

    Args:
        state: changed in place.
        terms: tell which states keep to a plan.
        told: whose plan it is, and of which day.
        plan: what is planned.
        cause: log position, and when that was received [ms].

    Returns:
        What is new about the day: nothing if the plan does not hold.
    """
    known = state.plans.setdefault(told.agent_id, {})
    before = known.get(told.day)
    if before is not None and plan <= before:
        return []
    known[told.day] = plan
    old = {} if before is None else _facts(state, terms, (told.agent_id, told.day), before)
    now = _facts(state, terms, (told.agent_id, told.day), plan)
    revision, known_at = cause
    replace = msgspec.structs.replace
    gone = [replace(old[start], voided=True) for start in old if start not in now]
    new = [
        fact
        for start, fact in now.items()
        if start not in old or not says_the_same(old[start], fact)
    ]
    return [replace(each, revision=revision, known_at=known_at) for each in gone + new]


def planned_facts(
    state: State, terms: Terms, revision: int, known_at: int
) -> Iterator[Planned]:
    """Return what was said of all plans that are still in reach."""
    for agent_id, plans in state.plans.items():
        for day, plan in plans.items():
            for fact in _facts(state, terms, (agent_id, day), plan).values():
                yield msgspec.structs.replace(fact, revision=revision, known_at=known_at)


def _facts(
    state: State, terms: Terms, whose: tuple[str, str], plan: Plan
) -> dict[int, Planned]:
    """Return what a plan says of an agent and a day, by the beginnings [ms]."""
    facts: dict[int, Planned] = {}
    for shift in plan.shifts:
        for item in shift.items:
            facts[item.start] = Planned(
                state.tenant, state.domain, 0, 0, False, *whose, plan.zone, plan.version,
                shift.start, shift.end, item.activity, item.name, item.start, item.end,
                *terms.states(item.activity, item.start),
            )  # fmt: skip
    return facts


def forget_plans(state: State, agent_id: str, before: int) -> int:
    """Drop the plans of an agent that no rule can reach; return what the others need.

    Args:
        state: changed in place.
        agent_id: whose.
        before: nothing comes any more of before this instant [ms].

    Returns:
        From when on [ms] what the agent did must be known.
    """
    needed = before
    plans = state.plans.get(agent_id)
    if plans is None:
        return needed
    diary = state.docket.diaries.get(agent_id)
    open_since = min(
        (
            said.pending_at
            for code in OF_PLANS
            for said in (diary.said.get(code, {}) if diary is not None else {}).values()
            if said.cleared_at is None
        ),
        default=before,
    )
    for day, plan in list(plans.items()):
        # A later version may move a shift within its day: until then what was planned is known.
        over = plan.end < min(before, open_since) - KEPT_MS
        if over and day < day_name(before - 2 * DAY_MS, plan.zone):
            del plans[day]
    if not plans:
        del state.plans[agent_id]
    for shift in shifts_of(plans):
        if shift.start < needed and shift.end >= before - KEPT_MS:
            needed = shift.start
    return needed
