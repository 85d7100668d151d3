"""What one sender tells under one id counts once: the first holds, wherever a journal is read.

A sender may post an item again in another message, with another text under the same id, alone
or in a list; or another message under the id of one. Which came first is a matter of the
journal and not of who reads it, so the pipeline, the publisher and a rebuild say the same. Of a
text that differs from the first one the message stands in `rejected`. A text that brings no
event holds no id: a sender may put right what could not be used.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from producers.frame import (
    WEBHOOK,
    Frame,
    Naming,
    Rejected,
    body_of,
    frame_of,
    has_id,
    number_of,
)
from producers.journal import Journal
from producers.journal_day import Told
from producers.translated import rejected_fact, translated
from schemas.events import Event
from schemas.facts import Rejected as RejectedFact

_DATA = msgspec.json.Encoder()
_AT_ONCE = 1_000
_OTHER = "its id came before with another text; the first one holds"


def translated_once(
    journal: Journal, frames: Sequence[tuple[int, Frame | Rejected]], names: Naming
) -> tuple[list[tuple[int, Event]], list[RejectedFact]]:
    """Return the events of a journal's frames, of each id the first, and what is rejected.

    Raises:
        JournalFailed: it cannot be noted what was told; none of it may be used yet.
    """
    if not any(_is_posted(told) for _, told in frames):
        return translated(frames, names)
    _note_of_before(journal, names)
    return _once(journal, frames, names)


def _note_of_before(journal: Journal, names: Naming) -> None:
    """Note what was told in files of versions that noted less."""
    for first, last in journal.untold():
        after = first - 1
        while frames := journal.read(after, _AT_ONCE, WEBHOOK):
            _once(journal, [each for each in frames if each[0] <= last], names)
            after = frames[-1][0]
            if after >= last:
                break
        journal.note_told(first)


def _once(
    journal: Journal, frames: Sequence[tuple[int, Frame | Rejected]], names: Naming
) -> tuple[list[tuple[int, Event]], list[RejectedFact]]:
    came = [(at, _as_it_came(told)) for at, told in frames]
    frame_of = {at: frame for at, frame in came if isinstance(frame, Frame)}
    events, rejected = translated(came, names)
    again = _messages_again(journal, frame_of, events)
    events, others = _items_once(
        journal, [(at, event) for at, event in events if at not in again], names
    )
    why = {at: _OTHER for at, is_other in again.items() if is_other}
    why |= {at: _why(count) for at, count in others.items() if count}
    return events, [
        *(each for each in rejected if each.revision not in again),
        *(
            rejected_fact(at, Rejected(frame_of[at], "duplicate", detail), names)
            for at, detail in why.items()
        ),
    ]


def _items_once(
    journal: Journal, events: Sequence[tuple[int, Event]], names: Naming
) -> tuple[list[tuple[int, Event]], Mapping[int, int]]:
    """Return the first event of each id, and how many with another text stand where."""
    posted = [(at, event) for at, event in events if event.feed == WEBHOOK]
    told = [_told(at, event, names) for at, event in posted]
    firsts = journal.first_told(told)
    repeated = Counter[tuple[int, str]]()
    others = Counter[int]()
    for (at, event), each, first in zip(posted, told, firsts, strict=True):
        if first is not None:
            repeated[at, event.id] += 1
            others[at] += first.digest != each.digest
    # In a message that says one id twice the first of it stays.
    kept: list[tuple[int, Event]] = []
    for at, event in reversed(events):
        if repeated[at, event.id]:
            repeated[at, event.id] -= 1
        else:
            kept.append((at, event))
    return kept[::-1], others


def _messages_again(
    journal: Journal, frame_of: Mapping[int, Frame], events: Sequence[tuple[int, Event]]
) -> dict[int, bool]:
    """Return where a message's id came before, and whether with another text.

    What brought no event is neither: it says for itself why.
    """
    bringing = [at for at in dict.fromkeys(at for at, _ in events) if has_id(frame_of[at])]
    told = [_message(at, frame_of[at]) for at in bringing]
    firsts = journal.first_told(told)
    return {
        each.position: first.digest != each.digest
        for each, first in zip(told, firsts, strict=True)
        if first is not None
    }


def _message(position: int, frame: Frame) -> Told:
    key = frame.content.partition(b"\n")[0]
    return Told(number_of(b"message", frame.source.encode(), key), number_of(body_of(frame)),
                position)  # fmt: skip


def _as_it_came(told: Frame | Rejected) -> Frame | Rejected:
    """Return a frame that a journal of format 3 or less refused for its id as one that came."""
    if isinstance(told, Rejected) and told.reason == "duplicate" and has_id(told.frame):
        return told.frame
    return told


def _is_posted(told: Frame | Rejected) -> bool:
    return frame_of(told).feed == WEBHOOK


def _told(position: int, event: Event, names: Naming) -> Told:
    # Where a mapping looks for ids elsewhere than before, those of before do not count.
    where = getattr(names.mappings.get(event.source), "identity", "")
    # A message that tells no time has that of its receipt, which is another each time.
    time = event.time if event.clock == "source" else ""
    data = _DATA.encode(event.data)
    return Told(number_of(where.encode(), event.id.encode()), number_of(time.encode(), data),
                position)  # fmt: skip


def _why(count: int) -> str:
    return f"{count} of its ids came before with another text; the first one holds"
