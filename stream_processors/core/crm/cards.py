"""One agent's work on one card, and the fillings that follow from it.

The marks of a card are a set, kept in the order of time and read anew whenever one comes: late,
repeated and swapped events give the same fillings as punctual ones.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

import msgspec

from stream_processors.core.instants import HOUR_MS

OPENED, SAVED, CLOSED = 0, 1, 2
"""Order of marks at one instant."""

ECHO_MS = 2_000
"""What is told of a card so soon after its closing belongs to the filling that was closed."""

GIVEN_UP_MS = 12 * HOUR_MS
"""A card that nobody touched for longer was left open; what comes then is a new filling."""


class CardMark(msgspec.Struct, frozen=True, order=True, gc=False, array_like=True):
    """One thing that an agent did with a card. Sorts by time."""

    at: int
    phase: int
    event_id: str
    fields: int = -1  # how many were filled in; -1: not told
    interaction_id: str = ""
    case_id: str = ""
    caller_key: str = ""
    form: str = ""


class Filling(msgspec.Struct, gc=False):
    """From the opening of a card to its closing, or to the next opening. Instants in ms."""

    began: int
    last: int
    opened: int | None = None
    saved: int | None = None
    closed: int | None = None
    saves: int = 0
    fields: int | None = None
    interaction_id: str = ""
    case_id: str = ""
    caller_key: str = ""
    form: str = ""
    marks: int = 0
    was_left: bool = False

    @property
    def lasted(self) -> int | None:
        """How long [ms] it was filled in, as far as that is known."""
        end = self.closed if self.saved is None else self.saved
        return None if self.opened is None or end is None else end - self.opened

    @property
    def final_at(self) -> int:
        """From when on [ms] no punctual mark can belong to it any more."""
        is_over = self.closed is not None or self.was_left
        return self.last + (ECHO_MS if is_over else GIVEN_UP_MS)


def put(marks: list[CardMark], mark: CardMark) -> bool:
    """Put a mark into its place; return False if it was there already."""
    place = bisect_left(marks, mark)
    if place < len(marks) and marks[place] == mark:
        return False
    marks.insert(place, mark)
    return True


def fillings(marks: Sequence[CardMark]) -> Iterator[Filling]:
    """Return the fillings of a card in the order of time."""
    current: Filling | None = None
    for mark in marks:
        if current is None or not _continues(current, mark):
            if current is not None:
                current.was_left = True
                yield current
            current = Filling(mark.at, mark.at)
        _add(current, mark)
    if current is not None:
        yield current


def _continues(filling: Filling, mark: CardMark) -> bool:
    if mark.at > filling.last + GIVEN_UP_MS:
        return False
    if mark.phase == OPENED:
        return mark.at == filling.opened and filling.last == mark.at
    return filling.closed is None or mark.at <= filling.closed + ECHO_MS


def _add(filling: Filling, mark: CardMark) -> None:
    filling.marks += 1
    filling.last = mark.at
    if mark.phase == OPENED:
        filling.opened = mark.at
    elif mark.phase == SAVED:
        filling.saved = mark.at
        filling.saves += 1
    elif filling.closed is None:
        filling.closed = mark.at
    if mark.fields >= 0:
        filling.fields = mark.fields
    filling.interaction_id = mark.interaction_id or filling.interaction_id
    filling.case_id = mark.case_id or filling.case_id
    filling.caller_key = mark.caller_key or filling.caller_key
    filling.form = mark.form or filling.form
