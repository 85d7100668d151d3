"""The journal into Kafka: everything, in order, at least once, however long Kafka is away.

Frames are read behind a place, translated, and handed to an idempotent producer in stretches.
The place moves when all of a stretch has been delivered and is made durable soon after, so a
crash publishes the last moments again with the same ids. One stretch is in flight while the
next is translated: that, and not the length of the journal, bounds the memory.

At the first failure the producer is thrown away and another begins at the place. What a broker
finds too large is then found by sending one record at a time, and goes into `rejected` instead.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import msgspec
from confluent_kafka import KafkaError

from producers.frame import Frame, Naming, Rejected, frame_of
from producers.journal import Journal
from producers.once import translated_once
from producers.outage import Outage
from producers.place import Place
from producers.session import Entry, Session, Undelivered
from producers.translated import rejected_fact
from schemas.errors import JournalFailed
from schemas.events import Event, encode
from schemas.facts import Rejected as RejectedFact
from schemas.facts import encode as encode_fact

FRAMES_AT_ONCE = 4_000
"""The longest stretch; two of them are in memory."""

SAVE_SECONDS = 0.25
"""How often the place is made durable at most, hence how much a crash publishes again."""

AWAY_SECONDS = 5.0
"""After which a stretch that is not delivered means that Kafka is away."""

RETRY_SECONDS = 2.0
_HEADROOM_BYTES = 1_024
"""What Kafka adds to a record, and more."""

_SMALLEST_BYTES = 4_096
_ERRORS_KEPT = 20


Translated: TypeAlias = Callable[[Sequence[Event], Sequence[RejectedFact]], None]
"""Is told which events frames stand for, and what of them could not be read."""


class Target(NamedTuple):
    """Where to publish: topics, and the most that a record of theirs may hold [bytes]."""

    events: str
    rejected: str
    largest_bytes: int


class _Abandoned(Exception):
    """The time to stop has come before everything was delivered."""


class Publisher:
    """Publishes a journal from its place on; `run` is for a thread of its own.

    Attributes:
        delivered: records acknowledged since the start.
        rejected: of these, records of `rejected`.

    Args:
        journal: what to publish.
        place: how far it has been published.
        names: whose events they are; the domain is the key.
        client: how to reach the brokers, in librdkafka's words.
        target: where to publish.
        ready: returns why the brokers cannot be published to, or an empty string; asked
            before the first record and after a failure; it may take seconds.
        explain: puts errors of the producer into one line.
        changed: returns why the brokers may not be published to any more, or an empty string;
            asked again and again while they are, must not wait.
        translated: is told of events, and of what is none, before they are sent; after an
            interruption of the same ones again.

    Raises:
        JournalFailed: the place lies behind the end of the journal.
    """

    def __init__(
        self,
        journal: Journal,
        place: Place,
        names: Naming,
        client: Mapping[str, Any],
        target: Target,
        *,
        ready: Callable[[], str],
        explain: Callable[[Sequence[KafkaError]], str],
        changed: Callable[[], str] = lambda: "",
        translated: Translated = lambda _events, _rejected: None,
    ) -> None:
        if place.position > journal.last_position:
            msg = (
                f"the journal ends at {journal.last_position}, but was published up to "
                f"{place.position}: it is not the same one; put it back, or remove {place.path}"
            )
            raise JournalFailed(msg)
        self._journal = journal
        self._place = place
        self._names = names
        self._key = names.domain.encode()
        self._client = client
        self._target = target
        self._ready = ready
        self._explain = explain
        self._changed = changed
        self._translated = translated
        self._news = threading.Event()
        self._stopping = threading.Event()
        self._stop_at = 0.0
        self._finishing = False
        self._saved_at = 0.0
        self._outage = Outage()
        self._split = 0
        self._sent_to = 0
        # Up to here records go one by one, because a broker found one of them too large.
        self._careful_to = 0
        # What a record may hold that was found too large, by position and place.
        self._limits: dict[tuple[int, int], int] = {}
        self._heard: deque[KafkaError] = deque(maxlen=_ERRORS_KEPT)
        self.delivered = 0
        self.rejected = 0

    @property
    def trouble(self) -> str:
        """Why nothing is delivered at present, in one line; empty if all is well."""
        return self._outage.trouble

    @property
    def errors(self) -> int:
        """How often publishing was interrupted since the start."""
        return self._outage.times + self._split

    @property
    def backlog_frames(self) -> int:
        """Frames in the journal that have not been published."""
        return self._journal.last_position - self._place.position

    def backlog_seconds(self, now: float) -> float:
        """Return the age of the oldest frame that has not been published [s]; 0 if none is."""
        oldest = self._journal.read(self._place.position, 1)
        return max(0.0, now - frame_of(oldest[0][1]).received_at_us / 1e6) if oldest else 0.0

    def wake(self) -> None:
        """Tell that the journal has grown; may be called from any thread."""
        self._news.set()

    def stop(self, grace_seconds: float) -> None:
        """Have `run` return once everything is published, or after a time anyhow."""
        self._stop_at = time.monotonic() + grace_seconds
        self._stopping.set()
        self._news.set()

    def finish(self) -> None:
        """Have `run` return once everything is published, however long that takes."""
        self._finishing = True
        self._news.set()

    def run(self) -> None:
        """Publish until stopped or finished.

        Raises:
            JournalFailed: the journal or the place cannot be used any more.
        """
        try:
            while not self._done():
                trouble = self._ready()
                if trouble:
                    self._interrupted(trouble)
                else:
                    self._publish()
        except _Abandoned:
            pass
        finally:
            self._place.save()

    def _done(self) -> bool:
        return (self._finishing or self._stopping.is_set()) and self.backlog_frames == 0

    def _publish(self) -> None:
        """Publish with one producer until it fails or everything is done."""
        session = Session(self._client, self._heard.append)
        try:
            self._go_through(session)
        except Undelivered as failure:
            if failure.too_large and self._careful_to < self._sent_to:
                self._split += 1
                self._careful_to = self._sent_to
            elif not failure.too_large:
                self._interrupted(self._explain(failure.errors))
        finally:
            session.close()

    def _go_through(self, session: Session) -> None:
        last, sent = self._place.position, list[Entry]()
        while True:
            self._waiting(0.0)
            careful = last < self._careful_to
            frames = self._journal.read(last, 1 if careful else FRAMES_AT_ONCE)
            entries = self.entries(frames)
            session.settle(self._waiting)
            self._settled(last, sent)
            if trouble := self._changed():
                self._interrupted(trouble)
                return
            if sent or not frames:
                self._healed()
            if frames:
                last, sent = frames[-1][0], entries
                self._sent_to = max(self._sent_to, last)
                if careful:
                    self._send_one_by_one(session, entries)
                else:
                    session.send(entries)
                continue
            sent = []
            if self._done():
                return
            # Not longer, for the place is made durable by the next round.
            self._news.wait(SAVE_SECONDS)
            self._news.clear()

    def _send_one_by_one(self, session: Session, entries: Sequence[Entry]) -> None:
        for entry in entries:
            try:
                session.send([entry])
                session.settle(self._waiting)
            except Undelivered as failure:
                if failure.too_large:
                    self._found_too_large(entry)
                raise

    def _found_too_large(self, entry: Entry) -> None:
        if len(entry.value) < _SMALLEST_BYTES:
            # No cutting helps; somebody has to look at the topic.
            self._interrupted(f"{entry.topic} takes no record of {len(entry.value)} bytes")
        self._limits[entry.position, entry.place] = len(entry.value) // 2

    def entries(self, frames: Sequence[tuple[int, Frame | Rejected]]) -> list[Entry]:
        """Return the records that frames stand for."""
        found: list[Entry] = []
        all_events: list[Event] = []
        all_rejected: list[RejectedFact] = []
        for position, told in frames:
            events, rejected = translated_once(self._journal, [(position, told)], self._names)
            all_events += [event for _, event in events]
            all_rejected += rejected
            records = [(self._target.events, encode(event)) for _, event in events]
            records += [(self._target.rejected, encode_fact(fact)) for fact in rejected]
            for place, (topic, value) in enumerate(records):
                limit = self._limits.get((position, place), self._target.largest_bytes)
                entry = Entry(topic, self._key, value, position, place, frame_of(told))
                fits = len(value) <= limit - _HEADROOM_BYTES
                found.append(entry if fits else self._oversized(entry, limit))
        self._translated(all_events, all_rejected)
        return found

    def _oversized(self, entry: Entry, limit: int) -> Entry:
        """Return what stands in `rejected` for a record that is too large."""
        detail = (
            f"a record of {len(entry.value)} bytes is more than {entry.topic} takes; the "
            f"message had {len(entry.frame.content)} bytes"
        )
        refused = Rejected(entry.frame, "oversized", detail)
        fact = rejected_fact(entry.position, refused, self._names)
        return entry._replace(topic=self._target.rejected, value=_fitting(fact, limit))

    def _settled(self, position: int, entries: Sequence[Entry]) -> None:
        self.delivered += len(entries)
        self.rejected += [each.topic for each in entries].count(self._target.rejected)
        self._place.position = position
        if position >= self._careful_to:
            self._limits.clear()
        now = time.monotonic()
        if now - self._saved_at >= SAVE_SECONDS:
            self._saved_at = now
            self._place.save()

    def _waiting(self, seconds: float) -> None:
        if seconds > AWAY_SECONDS and not self.trouble:
            self._outage.goes_on(self._explain(self._heard))
        if self._stopping.is_set() and (self.trouble or time.monotonic() > self._stop_at):
            raise _Abandoned

    def _interrupted(self, trouble: str) -> None:
        """Wait before another attempt; who is to stop makes none, for the journal has it."""
        self._outage.goes_on(trouble)
        if self._stopping.wait(RETRY_SECONDS):
            raise _Abandoned

    def _healed(self) -> None:
        self._heard.clear()
        self._outage.ends(self.backlog_frames)


def _fitting(fact: RejectedFact, limit: int) -> bytes:
    """Encode a fact with as much of its content as fits."""
    value = encode_fact(fact)
    if len(value) <= limit - _HEADROOM_BYTES:
        return value
    empty = len(encode_fact(msgspec.structs.replace(fact, content=b"")))
    # Bytes travel as base64: four characters for three of them.
    room = max(0, limit - _HEADROOM_BYTES - empty) // 4 * 3
    return encode_fact(msgspec.structs.replace(fact, content=fact.content[:room]))
