"""Kafka into ClickHouse: what is in the topics is in the store, once, whatever dies when.

A plain consumer whose thread does everything that concerns the group; ranges are packed and
inserted by threads of their own, while it goes on reading. Before a partition is given away it
waits for what is being written of it, so nothing is written of a partition that is not ours.

A range of records is stored in three steps: its bounds are committed beside the offset, its
rows are inserted under tokens made of the bounds, the offset behind it is committed. Whoever
comes after a death finds the bounds and does the same again, which the store recognises. On
revocation what is held is dropped: the next owner reads it from the log.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from clickhouse_connect.driver.client import Client
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from schemas.errors import PultFailure, StoreFailed
from stream_processors.shells.continuity import UNMARKED
from stream_processors.shells.ranges import Note, Range
from stream_processors.shells.rejects import RejectWatch
from stream_processors.shells.sink_brokers import BrokerErrors
from stream_processors.shells.sink_measures import SinkMeasures
from stream_processors.shells.sink_offsets import NOT_OURS, backlog, committed, firsts
from stream_processors.shells.sink_parts import (
    Part,
    by_partition,
    due_ranges,
    named,
    part_of,
    place,
)
from stream_processors.shells.sink_plan import CONSUMER, SinkPlan
from stream_processors.shells.sink_records import Records
from stream_processors.shells.sink_writers import Work, Writers
from stream_processors.shells.spell import Spell
from stream_processors.shells.storing import Stored
from stream_processors.shells.topic_watch import TopicWatch

_LOG = logging.getLogger(__name__)

GRACE_SECONDS = 10.0
"""How long a sink that is told to stop goes on storing what it holds."""

STALLED_SECONDS = 15.0
"""An insert that takes so long is told of, though it may still succeed."""

HELD_BYTES = 64 << 20
HELD_RECORDS = 200_000
"""At so much held, what is being stored included, the sink reads no more until some is."""

_CONSUME = 5_000
_POLL_SECONDS = 0.1
_BUSY_POLL_SECONDS = 0.005
_LOOK_SECONDS = 1.0


class Sink:
    """Stores what comes until it is stopped; `run` is for a thread of its own.

    Attributes:
        assigned: whether the group has given it partitions, or none.
        measures: what it did.

    Args:
        plan: what it is told.
        connection: how to reach the brokers, in librdkafka's words.
        open_client: opens a client of the store; called in each thread that writes.
        explain: puts errors of the brokers into one line.
        explain_store: puts a failure of the store into one line.
        make_durable: puts on the disk what was inserted, where the store does not do so itself;
            raises StoreFailed if that is impossible.
        on_stored: told of each range after it was stored and committed; must not wait.
        on_assigned: told after partitions were assigned.
    """

    def __init__(
        self,
        plan: SinkPlan,
        connection: Mapping[str, Any],
        open_client: Callable[[], Client],
        *,
        explain: Callable[[Sequence[KafkaError]], str],
        explain_store: Callable[[StoreFailed], str] = str,
        make_durable: Callable[[], None] = lambda: None,
        on_stored: Callable[[Range, Stored], None] = lambda told, stored: None,
        on_assigned: Callable[[], None] = lambda: None,
    ) -> None:
        self._plan = plan
        self._errors = BrokerErrors(plan, explain)
        self._explain_store = explain_store
        self._make_durable = make_durable
        self._on_stored = on_stored
        self._on_assigned = on_assigned
        self._consumer = Consumer(
            {
                **connection, **CONSUMER, "group.id": plan.group,
                "group.instance.id": plan.name, "client.id": plan.name,
                "error_cb": self._errors.hear,
                **({"auto.offset.reset": "earliest"} if plan.accept_loss else {}),
            }
        )  # fmt: skip
        then = "a new start reads it from its beginning"
        self._topics = TopicWatch(connection, plan.topics, then)
        self._parts: dict[tuple[str, int], Part] = {}
        self._writers = Writers(plan, open_client)
        self._watch = RejectWatch(plan.limit)
        self._stopping = threading.Event()
        self._failure: PultFailure | None = None
        self._store_state = Spell()
        self._retry_at = 0.0
        self._looked_at = 0.0
        self._full = self._paused = False
        self.assigned = False
        self.measures = SinkMeasures()

    @property
    def trouble(self) -> str:
        """Why nothing is stored at present, in one line; empty if all is well."""
        return self._store_state.trouble or self._errors.spell.trouble

    @property
    def interruptions(self) -> int:
        """How often it could not store."""
        return self._store_state.times + self._errors.spell.times

    @property
    def parts(self) -> list[Part]:
        """The partitions that are ours at this moment; may be asked by any thread."""
        return list(self._parts.values())

    @property
    def inserting(self) -> bool:
        """Whether an answer of the store is waited for; may be asked by any thread."""
        return self._writers.longest > 0

    def stop(self) -> None:
        """Have `run` return soon, with what is held stored if that is possible."""
        self._stopping.set()

    def ready(self) -> str:
        """Return why nothing is stored at present; empty if all is well."""
        if self.trouble or not self.assigned:
            return self.trouble or "it has not joined its group yet"
        longest = self._writers.longest
        return f"an insert takes {longest:.0f} s already" if longest > STALLED_SECONDS else ""

    def run(self) -> None:
        """Store until stopped.

        Raises:
            PultFailure: what made it impossible to go on; nothing is lost by that.
        """
        self._consumer.subscribe(
            list(self._plan.topics),
            on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost,
        )  # fmt: skip
        try:
            while not self._stopping.is_set():
                self._turn()
            self._drain()
            self._check()
        finally:
            self._writers.close()
            self._parts.clear()
            self._consumer.close()
            _LOG.info("stopped")

    def _turn(self) -> None:
        self._collect()
        self._check()
        self._conclude(self._writers.ended())
        now = time.monotonic()
        if now >= self._retry_at:
            ranges = self._chosen(now - self._plan.flush_seconds)
            if ranges:
                self._begin(ranges)
        if now - self._looked_at >= _LOOK_SECONDS:
            self._looked_at = now
            self._look()

    def _drain(self) -> None:
        """Store what is held; but nobody waits for a store that is away: the log has it all."""
        give_up = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < give_up and not self.trouble:
            ranges = self._chosen(time.monotonic())
            if ranges and not self._begin(ranges):
                break
            if not self._writers.busy:
                break
            self._writers.wait(_POLL_SECONDS)
            self._conclude(self._writers.ended())
        self._settle(self.parts)

    def _check(self) -> None:
        """Raise what was noted where nothing can be raised: in calls of the client."""
        failure = self._failure or self._errors.failure
        if failure is not None:
            raise failure

    def _collect(self) -> None:
        """Take what has come."""
        self._hold_back()
        now = time.monotonic()
        count, patience = _CONSUME, self._patience(now)
        if self._full and self._writers.busy:
            # Room comes of itself. Meanwhile the group has to see that we live.
            self._writers.wait(_POLL_SECONDS)
            count, patience = 1, 0
        try:
            messages = self._consumer.consume(count, patience)
        except KafkaException as error:
            raise self._errors.fatal(error.args[0]) from error
        if any(map(Message.error, messages)):
            messages = [each for each in messages if not self._errors.is_error(each)]
        now = time.monotonic()
        for where, run in by_partition(messages):
            part = self._parts.get(where)
            if part is not None:
                part.take(run, now)

    def _patience(self, now: float) -> float:
        """Return how long to wait for records [s]: not beyond the next time to do something."""
        if self._writers.busy:
            return _BUSY_POLL_SECONDS
        due = min((each.since for each in self._parts.values() if each.held), default=now)
        until = max(due + self._plan.flush_seconds, self._retry_at) - now
        return min(_POLL_SECONDS, max(0.001, until))

    def _hold_back(self) -> None:
        """Note whether too much is held, and let go of the brokers while nothing is stored.

        Pausing throws away what the client has fetched ahead, so that is for long spells.
        """
        held = sum(len(each.held) for each in self._parts.values())
        size = sum(each.held_bytes for each in self._parts.values())
        self._full = held >= HELD_RECORDS or size >= HELD_BYTES
        pause = self._full and (self._paused or bool(self.trouble))
        if pause == self._paused:
            return
        self._paused = pause
        every = [TopicPartition(topic, number) for topic, number in self._parts]
        if pause:
            self._consumer.pause(every)
        else:
            self._consumer.resume(every)

    def _chosen(self, before: float) -> list[tuple[Part, Range]]:
        """Return what is to be stored now, one range of a partition."""
        busy, room = self._writers.busy, self._writers.room
        free = [each for each in self._parts.values() if each.held and each not in busy]
        return due_ranges(free, room, self._plan.flush_rows, before, self._full)

    def _begin(self, ranges: Sequence[tuple[Part, Range]]) -> bool:
        """Note the bounds of ranges, then begin to store them; False if that is impossible."""
        fresh = [
            place(told, told.first, Note(told, part.mark))
            for part, told in ranges
            if part.pending is None
        ]
        if not self._commit(fresh):
            return False
        for part, told in ranges:
            part.pending = told
        self._writers.begin(ranges)
        return True

    def _conclude(self, ended: Sequence[Work]) -> None:
        """Commit what is stored, and note what could not be; it stays pending."""
        done: list[tuple[Part, Range, Records, Stored]] = []
        failures: list[PultFailure] = []
        for work in ended:
            try:
                if stored := work.result():
                    done.append((work.part, work.told, work.records, stored))
            except PultFailure as failure:
                failures.append(failure)
        try:
            if done:
                self._finish(done)
        except StoreFailed as failure:
            failures.append(failure)
        for each in failures:
            if not isinstance(each, StoreFailed):
                raise each
            # Those that ran at once with the first one say nothing new.
            if time.monotonic() >= self._retry_at:
                self._retry_at = self._store_state.begins(self._explain_store(each))
        if done and time.monotonic() >= self._retry_at:
            self._store_state.ends()

    def _settle(self, parts: Sequence[Part]) -> None:
        """Wait for what is being stored of partitions, and commit it."""
        try:
            self._conclude(self._writers.settled(parts))
        except PultFailure as failure:
            self._failure = failure

    def _finish(self, done: list[tuple[Part, Range, Records, Stored]]) -> None:
        """Commit what is stored; where that fails it stays pending and is stored again.

        Raises:
            StoreFailed: it cannot be put on the disk.
        """
        self._make_durable()
        for _, _, _, stored in done:
            self._watch.note(stored.records, len(stored.rejected))
        places = [
            place(told, told.last + 1, Note(mark=records.mark)) for _, told, records, _ in done
        ]
        if not self._commit(places):
            return
        clock = time.time()
        for part, told, records, stored in done:
            # None: the log has lost them since their bounds were committed.
            oldest = records.times_ms[0] / 1000 if records else clock
            part.stored(told, len(records))
            self.measures.note(self._plan.topics[told.topic], stored, clock - oldest)
            self._on_stored(told, stored)

    def _commit(self, places: list[TopicPartition]) -> bool:
        """Commit offsets; False if that did not happen, which is tried again."""
        if not places:
            return True
        try:
            answers = self._consumer.commit(offsets=places, asynchronous=False) or []
        except KafkaException as error:
            self._not_committed(error.args[0])
            return False
        wrong = next((each.error for each in answers if each.error is not None), None)
        if wrong is not None:
            self._not_committed(wrong)
        return wrong is None

    def _not_committed(self, error: KafkaError) -> None:
        self._retry_at = max(self._retry_at, time.monotonic() + _POLL_SECONDS)
        # Partitions that were taken away are dropped as soon as the consumer is asked again.
        if error.code() not in NOT_OURS:
            self._retry_at = self._errors.refused(error)

    def _look(self) -> None:
        """Note how far the log is ahead of the store, and whether brokers are back.

        Raises:
            LogTorn: a topic is not the one that was read.
        """
        self._topics.look()
        if self._errors.spell.trouble:
            try:
                self._consumer.list_topics(timeout=_POLL_SECONDS)
            except KafkaException:
                return
            self._errors.are_back()
        for part in self.parts:
            left = backlog(self._consumer, part)
            if left is not None:
                self.measures.backlog[part.topic, part.number] = left

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        try:
            parts = [part_of(each) for each in committed(consumer, partitions)]
            first = firsts(consumer, partitions)
        except KafkaException as error:
            # Without the bounds nothing may be stored; after a restart they are asked again.
            self._failure = self._errors.fatal(error.args[0])
            return
        begins = []
        for part in parts:
            where = part.topic, part.number
            if self._plan.accept_loss:
                part.mark = UNMARKED
            begins.append(TopicPartition(*where, part.begin(first[where])))
            self._parts[where] = part
        consumer.assign(begins)
        self._paused = False
        self.assigned = True
        self.measures.rebalances += 1
        _LOG.info("assigned partitions=%s", named(partitions))
        if replayed := [str(part.pending) for part in parts if part.pending is not None]:
            _LOG.info("stores again what was pending ranges=%s", ",".join(replayed))
        self._on_assigned()

    def _on_revoke(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        """Give partitions away once nothing is written of them."""
        mine = self._ours(partitions)
        written = sum(each in self._writers.busy for each in mine)
        if written:
            _LOG.info("stores to its end before it gives away partitions=%d", written)
        self._settle(mine)
        _LOG.info("revoked partitions=%s dropped=%d", named(partitions), self._drop(partitions))

    def _on_lost(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        """Let go of partitions that others may have already; what was stored they find."""
        self._writers.settled(self._ours(partitions))
        dropped = self._drop(partitions)
        _LOG.info("taken away partitions=%s dropped=%d", named(partitions), dropped)

    def _ours(self, partitions: Sequence[TopicPartition]) -> list[Part]:
        found = [self._parts.get((each.topic, each.partition)) for each in partitions]
        return [each for each in found if each is not None]

    def _drop(self, partitions: list[TopicPartition]) -> int:
        """Forget partitions; return how many records of them were held."""
        dropped = 0
        for each in partitions:
            part = self._parts.pop((each.topic, each.partition), None)
            self.measures.backlog.pop((each.topic, each.partition), None)
            dropped += len(part.held) if part is not None else 0
        return dropped
