"""What one sender tells under one id counts once: the first holds, wherever a journal is read.

A sender may post an item again in another message, with another text under the same id, alone
or in a list. Which came first is a matter of the journal and not of who reads it, so the
pipeline, the publisher and a rebuild say the same. Of a text that differs from the first one
the message stands in `rejected`.
"""

from collections import Counter
from collections.abc import Sequence

import msgspec

from producers.frame import WEBHOOK, Frame, Naming, Rejected, number_of
from producers.journal import Journal
from producers.journal_day import Told
from producers.translated import rejected_fact, translated
from schemas.events import Event
from schemas.facts import Rejected as RejectedFact

_DATA = msgspec.json.Encoder()
_AT_ONCE = 1_000


def translated_once(
    journal: Journal, frames: Sequence[tuple[int, Frame | Rejected]], names: Naming
) -> tuple[list[tuple[int, Event]], list[RejectedFact]]:
    """Return the events of a journal's frames, of each id the first, and what is rejected.

    Raises:
        JournalFailed: it cannot be noted what was told; none of it may be used yet.
    """
    received = [_frame(told).received_at_us for _, told in frames if _is_posted(told)]
    if received:
        _note_of_before(journal, received, names)
    return _once(journal, frames, names)


def _note_of_before(journal: Journal, received_at_us: Sequence[int], names: Naming) -> None:
    """Note what was told in files of versions that noted less, as far as it may come again."""
    for first, last in journal.untold(received_at_us):
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
    events, rejected = translated(frames, names)
    posted = [(at, event) for at, event in events if event.feed == WEBHOOK]
    if not posted:
        return events, rejected
    frame_of = {at: frame for at, frame in frames if isinstance(frame, Frame)}
    told = [_told(at, event, names) for at, event in posted]
    firsts = journal.first_told(told, [frame_of[at].received_at_us for at, _ in posted])
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
    rejected += [
        rejected_fact(at, Rejected(frame_of[at], "duplicate", _why(count)), names)
        for at, count in others.items()
        if count
    ]
    return kept[::-1], rejected


def _frame(told: Frame | Rejected) -> Frame:
    return told.frame if isinstance(told, Rejected) else told


def _is_posted(told: Frame | Rejected) -> bool:
    return _frame(told).feed == WEBHOOK


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
