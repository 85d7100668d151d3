"""What a sink holds of each partition that is its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from confluent_kafka import Message, TopicPartition

from stream_processors.shells.ranges import Range


@dataclass(slots=True)
class Part:
    """One partition of a topic that is ours.

    Attributes:
        next: offset of the first record that is not stored; negative before the first one.
        pending: the range whose bounds are committed, None if none is.
        held: records from `next` on.
        since: when the first of them came [monotonic s].
    """

    topic: str
    number: int
    next: int
    pending: Range | None = None
    held: list[Message] = field(default_factory=list)
    held_bytes: int = 0
    since: float = 0.0

    def take(self, message: Message, now: float) -> int:
        """Hold a record; return its size [bytes]."""
        if not self.held:
            self.since = now
        self.held.append(message)
        size = len(message)
        self.held_bytes += size
        return size

    def due(self, rows: int, before: float) -> bool:
        """Tell whether what is held should be stored: it is much, or older than `before`."""
        return bool(self.held) and (len(self.held) >= rows or self.since <= before)

    def range(self, rows: int) -> Range | None:
        """Return what to store next; None while a pending range has not come whole."""
        if self.pending is not None:
            whole = bool(self.held) and offset_of(self.held[-1]) >= self.pending.last
            return self.pending if whole else None
        if not self.held:
            return None
        last = self.held[min(rows, len(self.held)) - 1]
        return Range(self.topic, self.number, offset_of(self.held[0]), offset_of(last))

    def records(self, told: Range) -> list[Message]:
        """Return the held records of a range."""
        count = 0
        for message in self.held:
            if offset_of(message) > told.last:
                break
            count += 1
        return self.held[:count]

    def stored(self, told: Range, count: int, now: float) -> None:
        """Let go of the first records, which are in the store and committed."""
        self.held_bytes -= sum(map(len, self.held[:count]))
        del self.held[:count]
        self.next, self.pending, self.since = told.last + 1, None, now


def offset_of(message: Message) -> int:
    """Return the place of a record in its partition."""
    offset = message.offset()
    return -1 if offset is None else offset


def place(told: Range, offset: int, metadata: str) -> TopicPartition:
    """Return what to commit for the partition of a range."""
    return TopicPartition(told.topic, told.partition, offset, metadata)


def named(partitions: Sequence[TopicPartition]) -> str:
    """Return topics with their partitions, in as few words as possible."""
    topics: dict[str, list[int]] = {}
    for each in partitions:
        topics.setdefault(each.topic, []).append(each.partition)
    return " ".join(
        f"{topic}:{','.join(_spans(sorted(numbers)))}"
        for topic, numbers in sorted(topics.items())
    )


def _spans(numbers: Sequence[int]) -> Iterator[str]:
    begin = previous = numbers[0]
    for each in [*numbers[1:], -1]:
        if each != previous + 1:
            yield str(begin) if begin == previous else f"{begin}-{previous}"
            begin = each
        previous = each
