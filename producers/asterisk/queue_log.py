"""Bytes of a queue log into lines, without IO.

The log tells whole seconds only, so a line carries its place among the lines of its second, and
its place among the equal lines of that second. Both are counted from the text alone, never from
a file's name or offset, so a rotated or copied file gives the same lines.

Source: asterisk/asterisk main/logger.c (`ast_queue_log`): `epoch|callid|queue|agent|verb|data`.
"""

from typing import NamedTuple

from producers.frame import Refused
from producers.instants import whole_second
from schemas.facts import RejectReason

LONGEST_LINE = 64 * 1024
"""Bytes; Asterisk writes lines below 8 kB."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
LEAST_FIELDS = 5
"""Up to the verb; what is missing behind it is unknown, no error."""

_SECONDS_KEPT = 4
"""Asterisk's threads write as they come: a line may stand behind one of the second after it."""


class Line(NamedTuple):
    """One line without its line end."""

    text: bytes
    second: int
    ordinal: int
    repeat: int


class _Place:
    """How far a second has been told."""

    __slots__ = ("lines", "repeats")

    def __init__(self, lines: int = 0) -> None:
        self.lines = lines
        self.repeats: dict[bytes, int] = {}


class QueueLogLines:
    """Cuts a queue log into lines; only a line with its line end is complete.

    Attributes:
        refused: lines that are too long or no line of a queue log; the reader takes them away.

    Args:
        first_second: the second in which the log was left, where it goes on.
        first_ordinal: the place that the next line of that second gets.
        longest: bytes of a line; of a longer one only that much is kept, in `refused`.
    """

    def __init__(
        self, first_second: int = 0, first_ordinal: int = 0, *, longest: int = LONGEST_LINE
    ) -> None:
        self._places = {first_second: _Place(first_ordinal)}
        self._longest = longest
        self._latest: int | None = None  # second of the line before, in the same file
        self._tail = b""
        self._skipping = False
        self.refused: list[Refused] = []

    def feed(self, chunk: bytes) -> list[Line]:
        """Take bytes in any portions and return the lines that are now complete."""
        texts = (self._tail + chunk).split(b"\n")
        self._tail = texts.pop()
        if self._skipping and texts:
            del texts[0]
            self._skipping = False
        lines = self._lines(texts)
        self._bound_tail()
        return lines

    def close(self, *, finished: bool) -> list[Line]:
        """Forget the last line if it has no line end; of a finished recording, return it.

        Args:
            finished: nobody writes to the log any more. Otherwise the line may be half written.
        """
        texts = [self._tail] if finished and self._tail and not self._skipping else []
        self._tail, self._skipping = b"", False
        lines = self._lines(texts)
        if self._latest is not None:
            # The next file goes on in this second; if it goes back, it is a copy of this one.
            self._places = {self._latest: self._places[self._latest]}
            self._latest = None
        return lines

    def _lines(self, texts: list[bytes]) -> list[Line]:
        found = (self._line(text.removesuffix(b"\r")) for text in texts)
        return [line for line in found if line is not None]

    def _line(self, text: bytes) -> Line | None:
        text = text.removeprefix(_BYTE_ORDER_MARK)
        if len(text) > self._longest:
            self._refuse(text, f"line longer than {self._longest} bytes", oversized=True)
            return None
        if not text.strip():
            return None
        second = second_of(text)
        if second is None:
            self._refuse(text, "not a line of a queue log: epoch|callid|queue|agent|verb")
            return None
        return self._counted(text, second)

    def _counted(self, text: bytes, second: int) -> Line:
        self._latest = second
        place = self._places.get(second)
        if place is None:
            if len(self._places) == _SECONDS_KEPT:
                del self._places[next(iter(self._places))]
            place = self._places[second] = _Place()
        ordinal, repeat = place.lines, place.repeats.get(text, 0)
        place.lines += 1
        place.repeats[text] = repeat + 1
        return Line(text, second, ordinal, repeat)

    def _bound_tail(self) -> None:
        if self._skipping:
            self._tail = b""
        elif len(self._tail) > self._longest + len(_BYTE_ORDER_MARK + b"\r"):
            self._lines([self._tail])
            self._tail, self._skipping = b"", True

    def _refuse(self, text: bytes, detail: str, *, oversized: bool = False) -> None:
        reason: RejectReason = "oversized" if oversized else "malformed"
        self.refused.append(
            Refused(text[: self._longest], reason, f"queue log: {detail}", self._latest)
        )


def second_of(text: bytes) -> int | None:
    """Return the second of a line of a queue log, or None if the text is no such line."""
    if text.count(b"|") < LEAST_FIELDS - 1:
        return None
    return whole_second(text[: text.index(b"|")].decode("ascii", "replace"))
