"""What a sink holds of each partition that is its own."""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter

from confluent_kafka import Message, TopicPartition
from confluent_kafka.cimpl import OFFSET_BEGINNING, OFFSET_INVALID

from stream_processors.shells.continuity import UNMARKED, mark_of, other_log
from stream_processors.shells.numbering import spans
from stream_processors.shells.ranges import Note, Range, note_in
from stream_processors.shells.sink_records import Records, as_bytes
from stream_processors.shells.sink_store import Before


@dataclass(slots=True, eq=False)
class Part:
    """One partition of a topic that is ours.

    Attributes:
        next: offset of the first record that is not stored; negative before the first one.
        pending: the range whose bounds are committed, None if none is.
        mark: of the record before `next`, UNMARKED if it is not known.
        before: that record, None until it has been read.
        held: records from `next` on.
    """

    topic: str
    number: int
    next: int
    pending: Range | None = None
    mark: int = UNMARKED
    before: Before | None = None
    held: Records = field(default_factory=Records)
    held_bytes: int = 0
    _came: deque[tuple[int, float]] = field(default_factory=deque)

    def begin(self, first: int) -> int:
        """Return where to read on in a log that begins at an offset.

        One record earlier than is needed, if it is there: it shows whether this is still the
        same log.
        """
        if self.next < 0:
            return OFFSET_BEGINNING
        return self.next - 1 if self.mark != UNMARKED and first < self.next else self.next

    @property
    def since(self) -> float:
        """When the first of what is held came [monotonic s]."""
        return self._came[0][1] if self._came else 0.0

    def take(self, messages: Sequence[Message], now: float) -> None:
        """Hold records that follow upon those that are held.

        Raises:
            LogTorn: the first of all is the one before `next`, but not the one of before.
        """
        first = messages[0].offset()
        if first is not None and first < self.next:
            messages = self._new_of(messages, first)
        if not messages:
            return
        self.held_bytes += self.held.add(messages)
        self._came.append((self.held.offsets[-1], now))

    def _new_of(self, messages: Sequence[Message], first: int) -> Sequence[Message]:
        """Return what is new of records of which the first, at offset `first`, is not."""
        if self.mark == UNMARKED:
            # Only where loss is accepted: the log ends before `next`, and is read anew.
            self.next, self.pending = first, None
            return messages
        if mark_of(as_bytes(messages[0].value())) != self.mark:
            where = f"{self.topic} partition {self.number}"
            raise other_log(where, "stored", self.next)
        self.before = Before(first, as_bytes(messages[0].key()), as_bytes(messages[0].value()))
        return messages[1:]

    def due(self, rows: int, before: float) -> bool:
        """Tell whether what is held should be stored: it is much, or older than `before`."""
        return bool(self.held) and (len(self.held) >= rows or self.since <= before)

    def range(self, rows: int) -> Range | None:
        """Return what to store next; None while a pending range has not come whole."""
        if self.pending is not None:
            whole = bool(self.held) and self.held.offsets[-1] >= self.pending.last
            return self.pending if whole else None
        if not self.held:
            return None
        offsets = self.held.offsets
        last = offsets[min(rows, len(offsets)) - 1]
        return Range(self.topic, self.number, offsets[0], last)

    def records(self, told: Range) -> Records:
        """Return the held records of a range."""
        return self.held.part(0, bisect_right(self.held.offsets, told.last))

    def stored(self, told: Range, count: int) -> None:
        """Let go of the first records, which are in the store and committed."""
        self.mark, self.before = UNMARKED, None
        if count:
            last = self.held.part(count - 1, count)
            self.mark = last.mark
            self.before = Before(last.offsets[0], last.keys[0], last.values[0])
        self.held_bytes -= self.held.drop(count)
        while self._came and self._came[0][0] <= told.last:
            self._came.popleft()
        self.next, self.pending = told.last + 1, None


def part_of(committed: TopicPartition) -> Part:
    """Return a partition as a group's offset and what is noted beside it say."""
    where = committed.topic, committed.partition
    if committed.offset == OFFSET_INVALID:
        return Part(*where, next=-1)
    note = note_in(*where, committed.offset, committed.metadata)
    return Part(*where, committed.offset, note.pending, note.mark)


def by_partition(
    messages: Sequence[Message],
) -> Iterator[tuple[tuple[str, int], list[Message]]]:
    """Yield records in their order, those of one partition that follow one another together."""
    places = zip(map(Message.topic, messages), map(Message.partition, messages), strict=True)
    for place, run in groupby(zip(places, messages, strict=True), key=itemgetter(0)):
        yield place, [message for _, message in run]


def due_ranges(
    parts: Sequence[Part], room: int, rows: int, before: float, full: bool
) -> list[tuple[Part, Range]]:
    """Return what is to be stored now, the oldest first: one range of a partition.

    As many as there is room for, or more of small ones, whose bounds are then committed at
    once; the others grow meanwhile.

    Args:
        parts: those that hold something of which nothing is being stored.
        room: how many ranges may begin.
        rows: records of a range, at most.
        before: what came before that is due [monotonic s].
        full: so much is held that something has to be stored.
    """
    chosen: list[tuple[Part, Range]] = []
    if not room:
        return chosen
    due = [each for each in parts if each.pending is not None or each.due(rows, before)]
    if full and not due:
        due = sorted(parts, key=lambda each: len(each.held))[-room:]
    much = 0
    for part in sorted(due, key=lambda each: each.since):
        told = part.range(rows)
        if told is not None and (len(chosen) < room or much < rows):
            chosen.append((part, told))
            much += told.last - told.first + 1
    return chosen


def place(told: Range, offset: int, note: Note) -> TopicPartition:
    """Return what to commit for the partition of a range."""
    return TopicPartition(told.topic, told.partition, offset, str(note))


def named(partitions: Sequence[TopicPartition]) -> str:
    """Return topics with their partitions, in as few words as possible."""
    topics: dict[str, list[int]] = {}
    for each in partitions:
        topics.setdefault(each.topic, []).append(each.partition)
    return " ".join(f"{topic}:{spans(numbers)}" for topic, numbers in sorted(topics.items()))
