"""What senders tell under ids of theirs, for tests of which of it holds."""

import json
from datetime import date

from producers.frame import Frame, Naming
from producers.journal import Journal
from producers.once import translated_once
from producers.posted import Message, body_key, kept
from producers.webhooks.mapping import CrmMapping, mapping
from producers.webhooks.translate import Translator
from schemas.crm_events import CaseUpdated
from schemas.events import Event
from tests.producers.webhooks.reading import KEYS

DAYS = [date(2026, 3, day) for day in range(2, 6)]
A_DAY_US = 86_400_000_000


def names(meant: CrmMapping | None = None) -> Naming:
    """Return how one source is read."""
    return Naming("t", "t", KEYS, {"crm": Translator(meant or mapping("generic"), {})})


def item(name: str, text: str) -> dict[str, str]:
    """Return what is told under an id; of the text x it cannot be used."""
    if text == "x":
        return {"event": "case.updated", "id": name, "case_id": text}
    time = f"2026-03-02T07:15:3{text}Z"
    return {"event": "case.updated", "id": name, "time": time, "case_id": text}


def posted(told: object, at_us: int, key: str = "", attempt: str = "") -> Frame:
    """Return a message as a journal keeps it."""
    body = json.dumps(told).encode()
    headers = {"x-attempt": attempt} if attempt else {}
    message = Message(f"id {key}" if key else body_key(body, ()), "", headers, body)
    return kept("crm", message, at_us)


def said(events: list[tuple[int, Event]]) -> list[tuple[str, str]]:
    """Return ids and texts of events."""
    cases = [event for _, event in events if isinstance(event, CaseUpdated)]
    assert len(cases) == len(events)
    return [(event.id, event.data.case_id) for event in cases]


def read_through(journal: Journal, most: int) -> list[tuple[int, Event]]:
    """Return the events of a journal, read in portions."""
    after, events = 0, list[tuple[int, Event]]()
    while frames := journal.read(after, most):
        after = frames[-1][0]
        events += translated_once(journal, frames, names())[0]
    return events
