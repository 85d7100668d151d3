"""What the wall shows, read from the live state: one plain picture for a scope.

A scope narrows every tile to some queues or a team: a supervisor's own area. Figures are those
of the metric dictionary, at the instant the source's clock shows; None means unknown and is
shown as a dash, never as 0 or 100 percent.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from dashboards.wall.crm import of_crm
from dashboards.wall.scope import Scope, Setting
from dashboards.wall.violations import counts
from schemas.policies import Policies
from stream_processors.core import lasting
from stream_processors.core.agent import Agent
from stream_processors.core.instants import MINUTE_MS
from stream_processors.core.lasting import ENOUGH_CALLS, LEVEL_WINDOW_MS
from stream_processors.core.queues import Queue
from stream_processors.core.state import State

Picture: TypeAlias = dict[str, Any]

WINDOW_MS = LEVEL_WINDOW_MS
HISTORY_MINUTES = 30
CLOSE_TO_TARGET = 0.8
"""Share of the target after which a waiting caller is close to it."""

_ROUNDING = 1e-9

FAR_UNDER = 0.1
"""A level this far under its target needs somebody now."""


def picture(state: State, setting: Setting, scope: Scope) -> Picture:
    """Return the wall of a scope as plain data, ready for JSON."""
    policies = setting.terms.policies.current
    queues = [q for q in state.queues.values() if scope.has_queue(q.queue_id, policies)]
    agents = [a for a in state.agents.values() if scope.has_agent(a)]
    now = clock_of(state)
    rows = _worst_first([_queue_row(queue, now, policies) for queue in queues])
    unknown = unknown_names(state, scope, policies)
    exceptions = _exceptions(state, setting, queues, rows, unknown, now)
    exceptions = sorted([*exceptions, *counts(state, scope)], key=_order)
    # Nothing deviates where there is nothing to look at: that is no comfort.
    anybody = bool(queues or agents or not (scope.queues or scope.team))
    is_known = bool(state.sources) and (anybody or not unknown)
    figures = {
        "service_level": _level(queues, now, policies),
        "waiting": _waiting(queues, now),
        "longest": _longest(queues, now),
        "agents": _people(state, scope, agents, queues, now, policies),
        "abandoned": _abandoned(queues, now),
    }
    return {
        **heading(state, setting, scope, now),
        **(figures if is_known else _UNKNOWN),
        "crm": of_crm(state, setting, scope) if anybody or not unknown else None,
        "queues": rows,
        "exceptions": exceptions,
        "all_clear": bool(state.sources)
        and anybody
        and not exceptions
        and setting.mode != "ended",
    }


def clock_of(state: State) -> int:
    """Return the time [ms] of the newest event of any source; 0 before the first."""
    return max((source.clock for source in state.sources.values()), default=0)


def heading(state: State, setting: Setting, scope: Scope, now: int) -> Picture:
    """Return what every page tells: of whom and when it speaks, and who brings the data."""
    return {
        "version": setting.version,
        "title": setting.title,
        "timezone": setting.terms.policies.current.timezone,
        "mode": setting.mode,
        "speed": setting.speed,
        "as_of": now or None,
        "sources": [
            {
                "source": source.name,
                "last_at": source.clock or None,
                "silent": source.name in setting.silent,
            }
            for source in state.sources.values()
        ],
        "scope": {"queues": sorted(scope.queues), "team": scope.team},
        "tenants": list(setting.tenants),
    }


_UNKNOWN: Picture = {
    "service_level": {
        **dict.fromkeys(("ratio", "in_time", "counted", "target", "answer_within_ms")),
        "history": [],
    },
    "waiting": dict.fromkeys(("now", "past_target", "close")),
    "longest": {"wait_ms": None, "queue": "", "past_target": False},
    "agents": {"logged_in": None, "states": {}, "reasons": {}, "occupancy": None},
    "abandoned": dict.fromkeys(("ratio", "abandoned", "offered")),
}
"""The figures of nobody that is known: unknown, which is not zero."""


def unknown_names(state: State, scope: Scope, policies: Policies) -> list[tuple[str, str]]:
    """Return what a scope names and neither the settings nor any event does: a misspelling.

    Each with what it was taken for: `tenant`, whose queues and teams are as strange, `queue`
    or `team`.
    """
    if scope.domain not in ("", state.domain):
        return [("tenant", scope.domain)]
    teams = {queue.team for queue in policies.queues.values()} | teams_of(state, policies)
    queues = scope.queues - state.queues.keys() - policies.queues.keys()
    team = {scope.team} - {""} - teams
    return [*(("queue", each) for each in sorted(queues)), *(("team", each) for each in team)]


def teams_of(state: State, policies: Policies) -> set[str]:
    """Return the teams that somebody belongs to, or did."""
    named = {agent.team for agent in policies.agents.values()} | state.teams.keys()
    return set(named - {""})


def _queue_row(queue: Queue, now: int, policies: Policies) -> dict[str, Any]:
    start = now - WINDOW_MS
    return {
        "queue": queue.queue_id,
        "ratio": queue.service_level(start, now),
        "target": policies.queue(queue.queue_id).target,
        "in_time": queue.count("answered_in_time", start, now),
        "counted": queue.count("level_counted", start, now),
        "waiting": len(queue.waiting),
        "longest_ms": queue.longest_wait_ms(now),
        "past_target": queue.waiting_over_target(now),
    }


def _worst_first(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Order by how far a queue is under its target; queues without calls come last."""

    def badness(row: dict[str, Any]) -> tuple[Any, ...]:
        ratio = row["ratio"]
        distance = 2.0 if ratio is None else ratio - row["target"]
        return (distance, -row["past_target"], -row["waiting"], row["queue"])

    return sorted(rows, key=badness)


def _level(queues: Sequence[Queue], now: int, policies: Policies) -> dict[str, Any]:
    start = now - WINDOW_MS
    in_time = sum(queue.count("answered_in_time", start, now) for queue in queues)
    calls = sum(queue.count("level_counted", start, now) for queue in queues)
    wanted = [policies.queue(queue.queue_id) for queue in queues]
    within = {each.answer_within for each in wanted}
    return {
        "ratio": in_time / calls if calls else None,
        "in_time": in_time,
        "counted": calls,
        "target": max((each.target for each in wanted), default=0.8),
        "answer_within_ms": round(within.pop().total_seconds() * 1000)
        if len(within) == 1
        else None,
        "history": _history(queues, now),
    }


def _history(queues: Sequence[Queue], now: int) -> list[float | None]:
    """Return the level as it was shown at the end of each of the last minutes, and now."""
    points: list[float | None] = []
    for ago in range(HISTORY_MINUTES, -1, -1):
        end = now - ago * MINUTE_MS
        calls = sum(q.count("level_counted", end - WINDOW_MS, end) for q in queues)
        in_time = sum(q.count("answered_in_time", end - WINDOW_MS, end) for q in queues)
        points.append(in_time / calls if calls else None)
    return points


def _waiting(queues: Sequence[Queue], now: int) -> dict[str, int]:
    past = sum(queue.waiting_over_target(now) for queue in queues)
    close = sum(
        CLOSE_TO_TARGET * target < now - entered <= target
        for queue in queues
        for entered, target in queue.waiting.values()
    )
    return {
        "now": sum(len(queue.waiting) for queue in queues),
        "past_target": past,
        "close": close,
    }


def _longest(queues: Sequence[Queue], now: int) -> dict[str, Any]:
    waits = [
        (now - entered, queue.queue_id, now - entered > target)
        for queue in queues
        for entered, target in queue.waiting.values()
    ]
    if not waits:
        return {"wait_ms": None, "queue": "", "past_target": False}
    wait, queue_id, past = max(waits)
    return {"wait_ms": max(0, wait), "queue": queue_id, "past_target": past}


def _people(
    state: State,
    scope: Scope,
    agents: Sequence[Agent],
    queues: Sequence[Queue],
    now: int,
    policies: Policies,
) -> dict[str, Any]:
    states = dict.fromkeys(
        ("ready", "reserved", "talking", "holding", "wrapup", "not_ready"), 0
    )
    reasons: dict[str, int] = {}
    for agent in agents:
        if agent.now.state == "offline":
            continue
        states[agent.now.state] += 1
        if agent.now.state == "not_ready":
            reasons[agent.now.reason] = reasons.get(agent.now.reason, 0) + 1
    return {
        "logged_in": sum(states.values()),
        "states": states,
        "reasons": reasons,
        "occupancy": _occupancy(state, scope, queues, now, policies),
    }


def _occupancy(
    state: State, scope: Scope, queues: Sequence[Queue], now: int, policies: Policies
) -> float | None:
    """Return occupancy of whole teams: the scope's, or those that serve the scope's queues."""
    if scope.team:
        names = {scope.team}
    elif scope.queues:
        names = {policies.queue(queue.queue_id).team for queue in queues} - {""}
    else:
        names = set(state.teams)
    teams = [team for name, team in state.teams.items() if name in names]
    busy = sum(team.busy.between(now - WINDOW_MS, now) for team in teams)
    available = sum(team.available.between(now - WINDOW_MS, now) for team in teams)
    return busy / available if available else None


def _abandoned(queues: Sequence[Queue], now: int) -> dict[str, Any]:
    start = now - WINDOW_MS
    lost = sum(
        queue.count("abandoned", start, now) - queue.count("short_abandoned", start, now)
        for queue in queues
    )
    finished = lost + sum(queue.count("answered", start, now) for queue in queues)
    return {
        "ratio": lost / finished if finished else None,
        "abandoned": lost,
        "offered": finished,
    }


_Found: TypeAlias = tuple[dict[str, Any], int | None]
"""An exception and since when it holds [ms, on the source's time]; None where nothing tells."""


def _exceptions(
    state: State,
    setting: Setting,
    queues: Sequence[Queue],
    rows: Sequence[Mapping[str, Any]],
    unknown: Sequence[tuple[str, str]],
    now: int,
) -> list[dict[str, Any]]:
    found = _source_exceptions(state, setting)
    found += _strange(unknown)
    agents = list(state.agents.values())
    for queue in queues:
        found += _queue_exceptions(queue, agents, now)
    found += [low for row in rows for low in _low_level(row, state, now)]
    return [{**row, "since": since} for row, since in found]


def _order(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Urgent ones first; of those callers before people, and the oldest first.

    What has no beginning comes last.
    """
    since = row["since"]
    people = row["code"] == "violations"
    return (row["severity"] != "act", people, since is None, since or 0, row["code"])


def troubles(
    state: State, setting: Setting, unknown: Sequence[tuple[str, str]]
) -> list[dict[str, Any]]:
    """Return why a page may not be trusted: its sources, and names that nobody knows."""
    found = [*_source_exceptions(state, setting), *_strange(unknown)]
    return sorted(({**row, "since": since} for row, since in found), key=_order)


def _strange(unknown: Sequence[tuple[str, str]]) -> list[_Found]:
    return [
        ({"severity": "warn", "code": "unknown_scope", kind: name}, None)
        for kind, name in unknown
    ]


def _source_exceptions(state: State, setting: Setting) -> list[_Found]:
    found: list[_Found] = []
    failed = setting.failed
    for name in sorted(setting.silent):
        source = state.sources.get(name)
        row = {"severity": "act", "code": "source_silent", "source": name}
        found.append((row, source.clock if source else None))
    for name, code in sorted(failed.items()):
        source = state.sources.get(name)
        # Not its clock: another of its feeds may move it.
        row = {"severity": "act", "code": code, "source": name}
        found.append((row, source.gap_since if source else None))
    for source in state.sources.values():
        if source.gap_since is not None and source.name not in failed:
            row = {"severity": "act", "code": "source_gap", "source": source.name}
            found.append((row, source.gap_since))
    return found


def _queue_exceptions(queue: Queue, agents: Sequence[Agent], now: int) -> list[_Found]:
    found: list[_Found] = []
    named = {"severity": "act", "queue": queue.queue_id}
    since = lasting.past_target_since(queue, now)
    if since is not None:
        count = queue.waiting_over_target(now)
        found.append(({**named, "code": "queue_past_target", "count": count}, since))
    since = lasting.nobody_ready_since(queue, agents, now)
    if since is not None:
        found.append(({**named, "code": "nobody_ready"}, since))
    if queue.difference():
        # A defect: nothing in the state tells when it happened.
        row = {**named, "code": "numbers_differ", "count": abs(queue.difference())}
        found.append((row, None))
    return found


def _low_level(row: Mapping[str, Any], state: State, now: int) -> list[_Found]:
    ratio, target = row["ratio"], row["target"]
    if ratio is None or ratio >= target or row["counted"] < ENOUGH_CALLS:
        return []
    severity = "act" if target - ratio > FAR_UNDER + _ROUNDING else "warn"
    low = {
        "severity": severity, "code": "level_under_target", "queue": row["queue"],
        "ratio": ratio, "target": target,
    }  # fmt: skip
    return [(low, lasting.low_since(state.queues[row["queue"]], target, now))]
