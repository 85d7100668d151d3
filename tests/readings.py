"""Short ways of reading facts in tests: what was said last of each leg, break, state."""

from collections.abc import Iterable
from typing import Any

import msgspec

from schemas.facts import (
    AgentInterval,
    AgentSession,
    Break,
    Card,
    CaseStep,
    Disposition,
    Fact,
    Leg,
    Offer,
    Planned,
    Rejected,
    Review,
    Survey,
    TeamSample,
    Violation,
    WallSample,
)

_KEYS: dict[type, tuple[str, ...]] = {
    Leg: ("leg_id",),
    Offer: ("offer_id",),
    AgentSession: ("agent_id", "logged_in_at"),
    AgentInterval: ("agent_id", "started_at"),
    Break: ("agent_id", "started_at"),
    Violation: ("episode_id",),
    Review: ("review_id",),
    Planned: ("agent_id", "started_at"),
    Card: ("card_id", "source", "agent_id", "began_at"),
    CaseStep: ("step_id",),
    Disposition: ("disposition_id",),
    Survey: ("answer_id",),
}
_NOT_COMPARED = {"revision", "known_at", "tenant", "domain", "caller_key", "voided", "evidence"}


def newest(facts: Iterable[Fact]) -> dict[tuple[Any, ...], Fact]:
    """Return the newest revision of each fact that still holds, by its key."""
    known: dict[tuple[Any, ...], Fact] = {}
    for fact in facts:
        names = _KEYS.get(type(fact))
        if names is None:
            continue
        key = (type(fact).__name__, *(getattr(fact, name) for name in names))
        if fact.voided:
            known.pop(key, None)
        else:
            known[key] = fact
    return known


def comparable(facts: Iterable[Fact]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return what must be equal between two ways of computing (the content of the digest)."""
    return {
        key: {
            name: value
            for name, value in msgspec.structs.asdict(fact).items()
            if name not in _NOT_COMPARED
        }
        for key, fact in newest(facts).items()
    }


def legs(facts: Iterable[Fact]) -> list[Leg]:
    """Return the legs by time of entry."""
    found = [fact for fact in newest(facts).values() if isinstance(fact, Leg)]
    return sorted(found, key=lambda leg: (leg.entered_at, leg.queue_id))


def offers(facts: Iterable[Fact]) -> list[Offer]:
    """Return the ringings by start."""
    found = [fact for fact in newest(facts).values() if isinstance(fact, Offer)]
    return sorted(found, key=lambda offer: (offer.started_at, offer.agent_id))


def breaks(facts: Iterable[Fact]) -> list[Break]:
    """Return the breaks by start."""
    found = [fact for fact in newest(facts).values() if isinstance(fact, Break)]
    return sorted(found, key=lambda one: (one.started_at, one.agent_id))


def sessions(facts: Iterable[Fact]) -> list[AgentSession]:
    """Return the sessions by log-in."""
    found = [fact for fact in newest(facts).values() if isinstance(fact, AgentSession)]
    return sorted(found, key=lambda one: (one.logged_in_at, one.agent_id))


def states(facts: Iterable[Fact], agent_id: str) -> list[AgentInterval]:
    """Return an agent's states in order."""
    found = [
        fact
        for fact in newest(facts).values()
        if isinstance(fact, AgentInterval) and fact.agent_id == agent_id
    ]
    return sorted(found, key=lambda one: one.started_at)


def walls(facts: Iterable[Fact], queue_id: str) -> dict[int, WallSample]:
    """Return what the wall showed of a queue, by instant."""
    return {
        fact.at: fact
        for fact in facts
        if isinstance(fact, WallSample) and fact.queue_id == queue_id
    }


def teams(facts: Iterable[Fact], team: str = "") -> dict[int, TeamSample]:
    """Return what the wall showed of a team, by instant."""
    return {
        fact.at: fact for fact in facts if isinstance(fact, TeamSample) and fact.team == team
    }


def rejected(facts: Iterable[Fact]) -> list[Rejected]:
    """Return what could not be used, in order."""
    return [fact for fact in facts if isinstance(fact, Rejected)]


def violations(facts: Iterable[Fact], code: str = "") -> list[Violation]:
    """Return the episodes of a rule, or of all, in the order in which they fired."""
    found = [
        fact
        for fact in newest(facts).values()
        if isinstance(fact, Violation) and code in ("", fact.code)
    ]
    return sorted(found, key=lambda one: (one.fired_at or 0, one.code, one.agent_id))


def reviews(facts: Iterable[Fact]) -> list[Review]:
    """Return what people decided, in order."""
    found = [fact for fact in newest(facts).values() if isinstance(fact, Review)]
    return sorted(found, key=lambda one: one.decided_at)
