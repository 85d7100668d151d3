"""What a journal holds of what was said: lines of a queue log, messages about queues, and gaps.

A reading of its own with nothing of ours: a journal is asked as any SQLite file is. A message
of a PBX may be missing only where a note of the journal stands between its neighbours.
"""

import sqlite3
from bisect import bisect
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

_NOTE = b"Event: PultDisconnected\r\n"
_STAMP = b"\nTimestamp: "
_OF_QUEUES = tuple(
    b"Event: %s\r\n" % name
    for name in (
        b"QueueCallerJoin", b"QueueCallerLeave", b"QueueCallerAbandon", b"QueueMemberPause",
        b"AgentCalled", b"AgentConnect", b"AgentComplete", b"AgentRingNoAnswer",
    )
)  # fmt: skip


class Heard(NamedTuple):
    """How many messages about queues are kept, and where the others were said."""

    kept: int
    in_gaps: int
    unexplained: int


def lines_kept(journal: Path) -> list[bytes]:
    """Return the lines of the queue log in a journal, in its order."""
    return [content for _, content in _contents(journal, "queue-log")]


def ami_since(journal: Path, position: int) -> list[tuple[int, bytes]]:
    """Return position and text of what a PBX said behind a position."""
    return _contents(journal, "ami", position)


def timed_lately(journal: Path, most: int) -> list[bytes]:
    """Return the last events that tell their own time, in the order in which they were said."""
    timed = [
        text
        for _, text in _contents(journal, "ami")
        if text.startswith(b"Event: ") and _STAMP in text and not text.startswith(_NOTE)
    ]
    return timed[-most:]


def said_twice(journal: Path) -> int:
    """Return how many events that tell their own time a journal holds once more."""
    timed = Counter(timed_lately(journal, 1 << 30))
    return timed.total() - len(timed)


def ami_heard(journal: Path, tape: Sequence[bytes]) -> Heard:
    """Compare what a PBX said about queues with what its journal holds and with its gaps.

    What was said before the first message kept and behind the last one counts as not said.
    """
    places: dict[bytes, int] = {}
    for place, text in enumerate(tape):
        if text.startswith(_OF_QUEUES):
            places.setdefault(text, place)
    notes = 0
    notes_before: dict[int, int] = {}
    for _, text in _contents(journal, "ami"):
        if text.startswith(_NOTE):
            notes += 1
        elif text in places:
            notes_before.setdefault(places[text], notes)
    kept = sorted(notes_before)
    missing: Counter[bool] = Counter()
    for place in places.values():
        behind = bisect(kept, place)
        if place not in notes_before and 0 < behind < len(kept):
            before, after = (notes_before[kept[n]] for n in (behind - 1, behind))
            missing[after > before] += 1
    return Heard(len(kept), in_gaps=missing[True], unexplained=missing[False])


def _contents(journal: Path, feed: str, behind: int = 0) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    query = (
        "SELECT position, content FROM frames WHERE feed = ? AND position > ? ORDER BY position"
    )
    for day in sorted(journal.glob("*.sqlite")):
        with closing(sqlite3.connect(f"file:{day}?mode=ro", uri=True)) as frames:
            found += frames.execute(query, (feed, behind)).fetchall()
    return found
