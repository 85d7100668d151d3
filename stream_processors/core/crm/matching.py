"""Which contact something belongs to that a CRM told, and how sure that is.

The PBX's own id, where the CRM was given it, also that of a contact which was merged into
another; else the agent and the time; else the key of the caller within a window. The answer is
a function of all legs in reach, so it does not matter in which order they and the CRM were
heard. What may well be wrong has a confidence below `SURE`.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from schemas.facts import Card, CaseStep, CrmFact, Disposition, MatchedBy
from stream_processors.core.crm.kin import Kin
from stream_processors.core.crm.traces import Book, Reach, Trace
from stream_processors.core.instants import HOUR_MS, MINUTE_MS
from stream_processors.core.sources import HORIZON_MS

SURE = 0.8
"""From this confidence on, a match may be counted without looking at it."""

WINDOW_MS = 2 * HOUR_MS
"""So long before or after it a contact of the same caller is looked for."""

AFTER_MS = 5 * MINUTE_MS
"""An agent may go on with a contact for so long after the talk."""

BEFORE_MS = 30_000
"""A card may be shown while the phone rings, so long before the answer."""

CLOSE_MS = 15_000
"""Two talks so near to an instant: it may be of either."""

SLACK_MS = 2_000
"""Clocks of a CRM and a PBX agree within this."""

Bound: TypeAlias = Literal["work", "call", "loose"]
"""How near to the talk it is told: work on the contact itself; what may follow; whenever."""


class Match(NamedTuple):
    """The contact, the leg if known, by what it was found and how sure that is (0 to 1)."""

    interaction_id: str = ""
    leg_id: str = ""
    matched_by: MatchedBy = ""
    confidence: float | None = None


class Hint(NamedTuple):
    """What is told about the contact: when [ms], and whatever of the rest is not empty."""

    at: int
    bound: Bound
    interaction_id: str
    agent_id: str
    caller_key: str


def hint_of(fact: CrmFact) -> Hint:
    """Return what a fact tells about its contact."""
    return Hint(at_of(fact), _bound(fact), fact.interaction_id, fact.agent_id, fact.caller_key)


def at_of(fact: CrmFact) -> int:
    """Return when [ms] it was."""
    if isinstance(fact, Card):
        return fact.began_at
    if isinstance(fact, CaseStep):
        return fact.at
    return fact.set_at if isinstance(fact, Disposition) else fact.answered_at


def _bound(fact: CrmFact) -> Bound:
    if isinstance(fact, Card):
        # One whose opening was lost is known by its saving, which may be after the talk.
        return "call" if fact.opened_at is None else "work"
    if isinstance(fact, Disposition) or (isinstance(fact, CaseStep) and fact.step == "created"):
        return "call"
    return "loose"


def match(hint: Hint, book: Book, kin: Kin) -> Match:
    """Return the contact that something belongs to, empty if none is found."""
    since = max(hint.at - WINDOW_MS, (book.since or 0) - HORIZON_MS)
    reach = Reach(since, hint.at + WINDOW_MS)
    if hint.interaction_id:
        return _by_id(hint, kin.survivor(hint.interaction_id, since), book, reach)
    if hint.agent_id and hint.bound != "loose":
        found = _by_agent(hint, book, reach)
        if found is not None:
            return found
    if hint.caller_key:
        return _by_caller(hint, book, reach) or Match()
    return Match()


def _by_id(hint: Hint, contact: str, book: Book, reach: Reach) -> Match:
    """An id that no PBX told of may be one of another system, or of a call yet to be heard."""
    legs = list(book.found(book.by_interaction, contact, reach))
    if not legs:
        return Match(contact, "", "id", 0.5)
    own = [leg for leg in legs if hint.agent_id and leg.agent_id == hint.agent_id]
    among = own or legs
    # What a customer answers is of whoever talked to him, though he gave up elsewhere later.
    leg = _nearest(_talks(among) if hint.bound == "loose" else among, hint.at)
    return Match(contact, leg.leg_id, "id", 1.0)


def _by_agent(hint: Hint, book: Book, reach: Reach) -> Match | None:
    """Find the talk of the agent; None if the caller tells more than that."""
    his = [
        leg
        for leg in book.found(book.by_agent, hint.agent_id, reach)
        if leg.answered is not None and leg.answered <= hint.at + BEFORE_MS
    ]
    if hint.caller_key:
        same = [leg for leg in his if leg.caller_key == hint.caller_key]
        if same:
            leg = _nearest(same, hint.at)
            alone = len({each.interaction_id for each in same}) == 1
            near = _distance(leg, hint.at) <= AFTER_MS
            return _made(leg, "agent", 0.95 if near or alone else 0.7)
        if any(book.found(book.by_caller, hint.caller_key, reach)):
            return None
    near_by = sorted(
        (each for each in his if _distance(each, hint.at) <= AFTER_MS),
        key=lambda each: _order(each, hint.at),
    )
    if not near_by:
        return None
    sure = _sure_of(near_by, hint)
    known = near_by[0].caller_key
    if hint.caller_key and known:
        sure = min(sure, 0.4)  # he works on somebody whose call is not told of
    return _made(near_by[0], "agent", sure)


def _sure_of(near_by: Sequence[Trace], hint: Hint) -> float:
    """Say how sure it is that something is of the nearest of an agent's talks."""
    first, others = near_by[0], near_by[1:]
    distance = _distance(first, hint.at)
    begun = hint.at - (first.answered or first.entered)
    if hint.bound == "call":
        # What follows a talk may be told when the next one has begun.
        if others and begun < 2 * CLOSE_MS:
            return 0.5
        if any(_distance(each, hint.at) <= distance + 4 * CLOSE_MS for each in others):
            return SURE if distance <= SLACK_MS else 0.5
    elif any(_distance(each, hint.at) <= distance + CLOSE_MS for each in others):
        return 0.5
    if distance <= SLACK_MS:
        return 0.9
    return SURE if distance <= 4 * CLOSE_MS else 0.6


def _by_caller(hint: Hint, book: Book, reach: Reach) -> Match | None:
    of_him = list(book.found(book.by_caller, hint.caller_key, reach))
    before = [leg for leg in of_him if leg.entered <= hint.at + SLACK_MS]
    if before:
        own = [leg for leg in before if hint.agent_id and leg.agent_id == hint.agent_id]
        among = own or before
        leg = _nearest(among if hint.bound == "call" else _talks(among), hint.at)
        contacts = {each.interaction_id for each in among}
        sure = 0.9 if own else 0.85
        return _made(leg, "caller", sure if len(contacts) == 1 else 0.5)
    return _made(_nearest(of_him, hint.at), "caller", 0.3) if of_him else None


def _made(leg: Trace, by: MatchedBy, confidence: float) -> Match:
    return Match(leg.interaction_id, leg.leg_id, by, confidence)


def _talks(legs: Sequence[Trace]) -> Sequence[Trace]:
    """Return the legs that an agent answered; all of them if nobody did."""
    return [leg for leg in legs if leg.answered is not None] or legs


def _nearest(legs: Sequence[Trace], at: int) -> Trace:
    return min(legs, key=lambda leg: _order(leg, at))


def _order(leg: Trace, at: int) -> tuple[int, int, int, str]:
    """Sort by distance; of talks at once the later; answered before not answered."""
    return _distance(leg, at), leg.answered is None, -(leg.answered or leg.entered), leg.leg_id


def _distance(leg: Trace, at: int) -> int:
    """Return how far [ms] an instant is from a talk, or from the wait of one without."""
    start = leg.entered if leg.answered is None else leg.answered
    if at < start:
        return start - at
    return 0 if leg.ended is None else max(0, at - leg.ended)
