"""Ranges of the log that are being stored, and how they outlive a death.

Before a range is stored, its end is noted beside the committed offset, where whoever comes
next finds it and stores exactly that range again: the same rows under the same tokens. The mark
of the record before that offset is noted, too: it tells whether the log is still the same.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from zlib import crc32

from stream_processors.shells.continuity import UNMARKED

_NOTE = re.compile(r"(?:pending (\d{1,19})-(\d{1,19}))? ?(?:after ([0-9a-f]{8}))?")

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Range:
    """Records of one partition of a topic, from `first` to `last`, both included."""

    topic: str
    partition: int
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}:{self.first}-{self.last}"

    def token(self, values: Sequence[bytes]) -> str:
        """Return what the store recognises a repetition by.

        A checksum of the records is in it for the case that a topic was deleted and made anew:
        its offsets begin again, and what they mean is other.
        """
        content = 0
        for begin in range(0, len(values), _AT_ONCE):
            content = crc32(b"".join(values[begin : begin + _AT_ONCE]), content)
        return f"{self}:{content:08x}"


class Note(NamedTuple):
    """What stands beside a committed offset.

    Attributes:
        pending: the range that was being stored, None if none was.
        mark: of the record before the offset, UNMARKED if that is not known.
    """

    pending: Range | None = None
    mark: int = UNMARKED

    def __str__(self) -> str:
        told = []
        if self.pending is not None:
            told.append(f"pending {self.pending.first}-{self.pending.last}")
        if self.mark != UNMARKED:
            told.append(f"after {self.mark:08x}")
        return " ".join(told)


def note_in(topic: str, partition: int, offset: int, metadata: str | None) -> Note:
    """Read what stands beside a committed offset, as far as it belongs to it."""
    found = _NOTE.fullmatch(metadata or "")
    if found is None:
        return Note()
    first, last, after = found.groups()
    mark = UNMARKED if after is None else int(after, 16)
    if first is None:
        return Note(None, mark)
    if int(first) != offset or int(last) < offset:
        return Note()
    return Note(Range(topic, partition, offset, int(last)), mark)
