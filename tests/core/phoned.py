"""Calls of agents' phones, told as timetables, and what became of them."""

from collections.abc import Iterable

from schemas.facts import Fact, Leg
from tests.readings import legs, states

DIRECTORY = {name: {"devices": [f"SIP/{name.lower()}"]} for name in ("Anna", "Boris", "Clara")}


def of(facts: Iterable[Fact], agent: str = "Anna") -> Leg:
    """Return the only leg of an agent."""
    (leg,) = [leg for leg in legs(facts) if leg.agent_id == agent]
    return leg


def shown(facts: Iterable[Fact], agent: str = "Anna") -> list[tuple[str, int, int | None]]:
    """Return an agent's states in order, each with its begin and end [ms]."""
    return [(each.state, each.started_at, each.ended_at) for each in states(facts, agent)]
