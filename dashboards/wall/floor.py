"""What a supervisor sees: everybody by name, what he does, and his own figures of the day.

Names stand here and nowhere else; whoever asks must show a token (pult/floor_pages.py). The
figures are those of the metric dictionary that are named `agent_*`, of the local day.
"""

from collections.abc import Sequence
from typing import Any

from dashboards.wall.picture import (
    Picture,
    clock_of,
    heading,
    teams_of,
    troubles,
    unknown_names,
)
from dashboards.wall.scope import Scope, Setting
from dashboards.wall.violations import open_violations
from schemas.facts import Violation
from stream_processors.core.agent import Agent
from stream_processors.core.state import State
from stream_processors.core.today import Today


def floor(state: State, setting: Setting, scope: Scope) -> Picture:
    """Return the people of a scope as plain data, ready for JSON."""
    policies = setting.terms.policies.current
    now = clock_of(state)
    day = setting.terms.day_of(now)
    by_agent: dict[str, list[Violation]] = {}
    for said in open_violations(state, scope):
        by_agent.setdefault(said.agent_id, []).append(said)
    of_teams = by_agent.pop("", [])
    agents = {a.agent_id: a for a in state.agents.values() if scope.has_agent(a)}
    began = min((source.began for source in state.sources.values()), default=0)
    unknown = unknown_names(state, scope, policies)
    return {
        **heading(state, setting, scope, now),
        "teams": sorted(teams_of(state, policies)),
        "counted_since": began if began > day else None,
        "people": [
            {
                **(
                    _person(agents[name], day)
                    if name in agents
                    else _stranger(name, by_agent[name])
                ),
                "violations": _violations(state, by_agent.get(name, [])),
            }
            for name in sorted(agents.keys() | by_agent.keys())
        ],
        "team_violations": [
            {"team": said.team, **row}
            for said, row in zip(of_teams, _violations(state, of_teams), strict=True)
        ],
        "exceptions": troubles(state, setting, unknown),
    }


def _person(agent: Agent, day: int) -> dict[str, Any]:
    now = agent.now
    today = agent.today if agent.today.day >= day else Today(day)
    return {
        "agent": agent.agent_id,
        "team": agent.team,
        "state": now.state,
        "reason": now.reason,
        "since": now.since or None,
        "logged_in_since": now.session_since,
        "answered": today.answered,
        "talk_mean_ms": today.talk_ms / today.talks if today.talks else None,
        "missed": today.missed,
        "breaks": today.breaks,
        "break_ms": today.break_ms,
        "break_since": None if now.break_since is None else max(now.break_since, day),
    }


def _stranger(name: str, found: Sequence[Violation]) -> dict[str, Any]:
    """Return who is planned for and whom no source has named: what he does is not known."""
    known = {"agent": name, "team": found[0].team, "state": "", "reason": ""}
    return {**known, **dict.fromkeys(_OF_KNOWN_PEOPLE)}


_OF_KNOWN_PEOPLE = (
    "since", "logged_in_since", "answered", "talk_mean_ms", "missed", "breaks", "break_ms",
    "break_since",
)  # fmt: skip


def _violations(state: State, found: Sequence[Violation]) -> list[dict[str, Any]]:
    return [
        {
            "episode": said.episode_id,
            "rule": said.code,
            "severity": said.severity,
            "acknowledged": state.docket.state_of(said) == "acknowledged",
            "since": said.fired_at,
        }
        for said in found
    ]
