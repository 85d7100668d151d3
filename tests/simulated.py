"""What a fold says of a simulated centre, in the words of the simulation's truth.

The figures are read from the facts alone and added up by day of entry and by agent; nothing of
the simulation's own counting is used.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, TypeAlias

from producers.simulation.simulation import Simulation
from schemas.facts import AgentSession, Break, Fact, Leg, Offer
from schemas.policies import Policies, PolicyHistory
from stream_processors.core.pipeline import Batch, Record, apply
from stream_processors.core.state import State, Terms
from tests.readings import newest

OUTCOMES = ("answered", "abandoned", "timeout", "key", "empty", "system")


Folded: TypeAlias = dict[str, tuple[State, list[Fact]]]
"""State and facts of each tenant."""


def folded(simulation: Simulation, size: int = 500) -> Folded:
    """Fold a simulation in batches of `size`; return state and facts of each tenant."""
    terms = Terms(PolicyHistory([(0, Policies())]))
    states: Folded = {}
    waiting: dict[str, list[Record]] = {}
    for position, said in enumerate(simulation.events(), 1):
        records = waiting.setdefault(said.domain, [])
        records.append(Record(position, said.value))
        if len(records) >= size:
            _apply(states, said.domain, waiting.pop(said.domain), terms)
    for domain, records in waiting.items():
        _apply(states, domain, records, terms)
    return states


def _apply(states: Folded, domain: str, records: list[Record], terms: Terms) -> None:
    if domain not in states:
        states[domain] = State(domain, domain), []
    state, facts = states[domain]
    facts += apply(state, Batch(tuple(records)), terms)


def queues(facts: Iterable[Fact]) -> dict[tuple[str, str], dict[str, int]]:
    """Return by queue and day of entry what the truth tells of them, without what is zero."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for leg in _of(Leg, facts):
        day = datetime.fromtimestamp(leg.entered_at / 1000, UTC).date().isoformat()
        count = found.setdefault((leg.queue_id, day), Counter())
        count.update(_of_leg(leg))
        count["longest_wait_ms"] = max(count["longest_wait_ms"], leg.wait_ms or 0)
    return {key: {name: n for name, n in count.items() if n} for key, count in found.items()}


def _of_leg(leg: Leg) -> dict[str, int]:
    wait = leg.wait_ms
    assert wait is not None, f"{leg} still waits"
    answered, abandoned = leg.outcome == "answered", leg.outcome == "abandoned"
    in_time, is_short = wait <= leg.answer_within_ms, wait <= leg.short_abandon_ms
    counts = answered or (abandoned and not is_short) or not in_time
    return {
        "offered": 1,
        leg.outcome: 1,
        "answered_in_time": answered and in_time,
        "short_abandoned": abandoned and is_short,
        "level_counted": counts,
        "level_in_time": answered and in_time,
        "transferred": leg.transfer_kind == "queue",
        "wait_ms": wait,
        "answered_wait_ms": wait if answered else 0,
        "talk_ms": leg.talk_ms or 0,
        "wrapup_ms": leg.wrapup_ms or 0,
    }


def agents(facts: list[Fact]) -> dict[str, dict[str, Any]]:
    """Return by agent what the truth tells of them."""
    found: dict[str, dict[str, Any]] = {}
    for session in _of(AgentSession, facts):
        assert session.logged_out_at is not None, f"{session} is open"
        agent = found.setdefault(session.agent_id, {**_NOTHING, "breaks": {}})
        agent["sessions"] += 1
        agent["logged_in_ms"] += session.logged_out_at - session.logged_in_at
    for one in _of(Break, facts):
        by_reason = found[one.agent_id]["breaks"]
        total = by_reason.setdefault(one.reason, {"count": 0, "total_ms": 0})
        total["count"] += 1
        total["total_ms"] += one.duration_ms
    for leg in _of(Leg, facts):
        if leg.outcome == "answered":
            found[leg.agent_id]["answered"] += 1
            found[leg.agent_id]["talk_ms"] += leg.talk_ms
            found[leg.agent_id]["wrapup_ms"] += leg.wrapup_ms or 0
    for offer in _of(Offer, facts):
        if offer.result in ("no_answer", "rejected"):
            found[offer.agent_id]["missed" if offer.result == "no_answer" else "rejected"] += 1
    return found


_NOTHING = {
    "answered": 0, "talk_ms": 0, "wrapup_ms": 0, "missed": 0, "rejected": 0, "sessions": 0,
    "logged_in_ms": 0,
}  # fmt: skip


def true_queues(truth: dict[str, Any]) -> dict[tuple[str, str], dict[str, int]]:
    """Return the truth of one tenant's queues in the same shape."""
    return {
        (queue_id, day): {name: n for name, n in figures.items() if name in _COMPARED and n}
        for queue_id, days in truth["queues"].items()
        for day, figures in days.items()
    }


_COMPARED = {
    "offered", *OUTCOMES, "answered_in_time", "short_abandoned", "level_counted",
    "level_in_time", "transferred", "wait_ms", "answered_wait_ms", "longest_wait_ms", "talk_ms",
    "wrapup_ms",
}  # fmt: skip


def true_agents(truth: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the truth of one tenant's agents in the same shape: those who came to work."""
    return {
        name: {key: value for key, value in figures.items() if key != "queues"}
        for name, figures in truth["agents"].items()
        if figures["sessions"]
    }


def _of(kind: type[Any], facts: Iterable[Fact]) -> Iterator[Any]:
    return (fact for fact in newest(facts).values() if isinstance(fact, kind))
