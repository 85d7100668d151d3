"""Open violations: as counts for a wall that everybody sees, or one by one."""

from typing import Any

from dashboards.wall.scope import Scope
from schemas.facts import Violation
from stream_processors.core.state import State


def open_violations(state: State, scope: Scope) -> list[Violation]:
    """Return the open episodes of a scope; those of nobody in particular with their team's."""
    return [said for said in state.docket.open_episodes() if _concerns(scope, said, state)]


def _concerns(scope: Scope, said: Violation, state: State) -> bool:
    agent = state.agents.get(said.agent_id)
    if agent is not None:
        return scope.has_agent(agent)
    return not scope.queues and scope.team in ("", said.team)


def counts(state: State, scope: Scope) -> list[dict[str, Any]]:
    """Return how many of each team violate which rule, as a warning or worse; nobody's name.

    `since` is when the oldest of them fired [ms]; `severity` is that of the worst.
    """
    found: dict[tuple[str, str], list[Violation]] = {}
    for said in open_violations(state, scope):
        if said.severity != "info":
            found.setdefault((said.team, said.code), []).append(said)
    return [
        {
            "severity": "act" if any(s.severity == "critical" for s in group) else "warn",
            "code": "violations",
            "team": team,
            "rule": code,
            "count": len(group),
            "since": min((s.fired_at for s in group if s.fired_at is not None), default=None),
        }
        for (team, code), group in found.items()
    ]
