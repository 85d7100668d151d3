"""Ranges of the log that are being stored, and how they outlive a death.

Before a range is stored, its end is written beside the committed offset, where whoever comes
next finds it and stores exactly that range again: the same rows under the same tokens.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

_PENDING = re.compile(r"pending (\d{1,19})-(\d{1,19})")

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

    @property
    def metadata(self) -> str:
        """What is committed beside the offset `first` before the range is stored."""
        return f"pending {self.first}-{self.last}"

    def token(self, values: Sequence[bytes]) -> str:
        """Return what the store recognises a repetition by.

        A checksum of the records is in it for the case that a topic was deleted and made anew:
        its offsets begin again, and what they mean is other.
        """
        content = 0
        for begin in range(0, len(values), _AT_ONCE):
            content = crc32(b"".join(values[begin : begin + _AT_ONCE]), content)
        return f"{self}:{content:08x}"


def pending_in(topic: str, partition: int, offset: int, metadata: str | None) -> Range | None:
    """Return the range that was being stored when this was committed, None if none was."""
    found = _PENDING.fullmatch(metadata or "")
    if found is None or int(found[1]) != offset or int(found[2]) < offset:
        return None
    return Range(topic, partition, offset, int(found[2]))
