"""Records of one partition, held as columns.

As objects of the client's they would be four times as much memory, which the garbage collector
would walk through again and again while they wait.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from confluent_kafka import Message

from stream_processors.shells.continuity import UNMARKED, mark_of


@dataclass(slots=True)
class Records:
    """Records in the order of the log, none missing that there are.

    Attributes:
        offsets: place of each in the partition.
        keys: domains, in UTF-8.
        values: events or facts.
        times_ms: when each was written [ms since 1970].
    """

    offsets: list[int] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)
    values: list[bytes] = field(default_factory=list)
    times_ms: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.offsets)

    @property
    def mark(self) -> int:
        """What the last one is recognised by when it is read again."""
        return mark_of(self.values[-1]) if self.values else UNMARKED

    def add(self, messages: Sequence[Message]) -> int:
        """Take over what follows upon these; return how much it is [bytes]."""
        values = [as_bytes(each) for each in map(Message.value, messages)]
        self.offsets += [-1 if each is None else each for each in map(Message.offset, messages)]
        self.keys += [as_bytes(each) for each in map(Message.key, messages)]
        self.values += values
        self.times_ms += map(itemgetter(1), map(Message.timestamp, messages))
        return sum(map(len, values))

    def part(self, begin: int, end: int) -> "Records":
        """Return some of them; `begin` and `end` are places in the columns."""
        which = slice(begin, end)
        return Records(
            self.offsets[which], self.keys[which], self.values[which], self.times_ms[which]
        )

    def drop(self, count: int) -> int:
        """Let go of the first ones; return how much they were [bytes]."""
        size = sum(map(len, self.values[:count]))
        for column in (self.offsets, self.keys, self.values, self.times_ms):
            del column[:count]
        return size


def as_bytes(value: bytes | str | None) -> bytes:
    """Return what a record holds; the client may give text."""
    return value.encode() if isinstance(value, str) else value or b""
