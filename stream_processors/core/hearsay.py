"""What CRMs tell, brought together with what is concluded of calls."""

from collections.abc import Iterable, Iterator
from typing import Any

from schemas.facts import Fact, Leg
from stream_processors.core.change import Change
from stream_processors.core.contacts import read
from stream_processors.core.crm.desk import Crm
from stream_processors.core.crm.readings import check, take
from stream_processors.core.state import State


def clock_of(state: State) -> int:
    """Return the latest [ms] that a PBX or a CRM told of."""
    return max((state.crm.clock, *(source.clock for source in state.sources.values())))


def hear(change: Change, event: Any, at: int) -> bool:
    """Take an event of a CRM; the first one makes the calls in reach remembered.

    Args:
        change: what is said at its end.
        event: one that `is_of_crm`.
        at: its time [ms].

    Returns:
        Whether it is time to forget what is out of reach.

    Raises:
        MalformedEvent: it says what cannot be; nothing was taken of it.
    """
    check(event)
    crm = change.state.crm
    if not crm.listens:
        for line in change.state.lines.values():
            _remember(crm, line.said_legs.values())
        for source in change.state.sources.values():
            for contact in source.contacts.values():
                _remember(crm, contact.said.values())
                if len(contact.ids) > 1:
                    crm.join(contact.ids, read(contact).interaction_id, contact.marks[-1].at)
    for key in take(crm, event, at):
        change.crm[key] = change.cause
    return crm.is_to_forget


def _remember(crm: Crm, legs: Iterable[Leg]) -> None:
    for leg in legs:
        crm.note(leg)


def hearsay_facts(change: Change, facts: Iterable[Fact]) -> Iterator[Fact]:
    """Return what is new about all that CRMs told, each with its contact.

    Args:
        change: what it tells is done then.
        facts: what has been said of calls meanwhile.
    """
    crm, refold_at = change.state.crm, change.terms.refold_at
    for each in facts:
        if isinstance(each, Leg):
            for key in crm.note(each):
                change.crm[key] = (each.revision, each.known_at)
    for key, (position, known_at) in change.crm.items():
        revision = position if refold_at is None else refold_at
        fact = crm.say(key, revision, known_at)
        if fact is not None:
            yield fact
    change.crm.clear()
