"""Kafka into ClickHouse: what is in the topics is in the store, once, whatever dies when.

A plain consumer whose thread does everything that concerns the group; ranges of records are
packed and inserted by threads of their own, while it goes on reading: `sink_steps` tells how,
`sink_group` how partitions come and go.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from clickhouse_connect.driver.client import Client
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from schemas.errors import StoreFailed
from stream_processors.shells.ranges import Range
from stream_processors.shells.sink_brokers import BrokerErrors
from stream_processors.shells.sink_group import Group
from stream_processors.shells.sink_measures import SinkMeasures
from stream_processors.shells.sink_offsets import backlog
from stream_processors.shells.sink_parts import Part, by_partition, due_ranges
from stream_processors.shells.sink_plan import CONSUMER, SinkPlan
from stream_processors.shells.sink_steps import Steps
from stream_processors.shells.sink_writers import Writers
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
        self.measures = SinkMeasures()
        self._writers = Writers(plan, open_client)
        self._steps = Steps(
            plan, self._consumer, self._errors, self._writers, self.measures,
            explain=explain_store, make_durable=make_durable, on_stored=on_stored,
        )  # fmt: skip
        self._group = Group(
            plan, self._errors, self._writers, self._steps, self.measures, self._assigned
        )
        self._stopping = threading.Event()
        self._looked_at = 0.0
        self._full = self._paused = False

    @property
    def trouble(self) -> str:
        """Why nothing is stored at present, in one line; empty if all is well."""
        return self._steps.spell.trouble or self._errors.spell.trouble

    @property
    def interruptions(self) -> int:
        """How often it could not store."""
        return self._steps.spell.times + self._errors.spell.times

    @property
    def parts(self) -> list[Part]:
        """The partitions that are ours at this moment; may be asked by any thread."""
        return list(self._group.parts.values())

    @property
    def inserting(self) -> bool:
        """Whether an answer of the store is waited for; may be asked by any thread."""
        return self._writers.longest > 0

    def stop(self) -> None:
        """Have `run` return soon, with what is held stored if that is possible."""
        self._stopping.set()

    def ready(self) -> str:
        """Return why nothing is stored at present; empty if all is well."""
        if self.trouble or not self._group.assigned:
            return self.trouble or "it has not joined its group yet"
        longest = self._writers.longest
        return f"an insert takes {longest:.0f} s already" if longest > STALLED_SECONDS else ""

    def run(self) -> None:
        """Store until stopped.

        Raises:
            PultFailure: what made it impossible to go on; nothing is lost by that.
        """
        self._group.join(self._consumer)
        try:
            while not self._stopping.is_set():
                self._turn()
            self._drain()
            self._check()
        finally:
            self._writers.close()
            self._group.parts.clear()
            self._consumer.close()
            _LOG.info("stopped")

    def _assigned(self) -> None:
        self._paused = False  # an assignment begins to read whatever was paused
        self._on_assigned()

    def _turn(self) -> None:
        self._collect()
        self._check()
        self._steps.conclude(self._writers.ended())
        now = time.monotonic()
        if now >= self._steps.retry_at:
            ranges = self._chosen(now - self._plan.flush_seconds)
            if ranges:
                self._steps.begin(ranges)
        if now - self._looked_at >= _LOOK_SECONDS:
            self._looked_at = now
            self._look()

    def _drain(self) -> None:
        """Store what is held; but nobody waits for a store that is away: the log has it all."""
        give_up = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < give_up and not self.trouble:
            ranges = self._chosen(time.monotonic())
            if ranges and not self._steps.begin(ranges):
                break
            if not self._writers.busy:
                break
            self._writers.wait(_POLL_SECONDS)
            self._steps.conclude(self._writers.ended())
        self._steps.settle(self.parts)

    def _check(self) -> None:
        """Raise what was noted where nothing can be raised: in calls of the client."""
        failure = self._steps.failure or self._errors.failure
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
            part = self._group.parts.get(where)
            if part is not None:
                part.take(run, now)

    def _patience(self, now: float) -> float:
        """Return how long to wait for records [s]: not beyond the next time to do something."""
        if self._writers.busy:
            return _BUSY_POLL_SECONDS
        due = min((each.since for each in self._group.parts.values() if each.held), default=now)
        until = max(due + self._plan.flush_seconds, self._steps.retry_at) - now
        return min(_POLL_SECONDS, max(0.001, until))

    def _hold_back(self) -> None:
        """Note whether too much is held, and let go of the brokers while nothing is stored.

        Pausing throws away what the client has fetched ahead, so that is for long spells.
        """
        held = sum(len(each.held) for each in self._group.parts.values())
        size = sum(each.held_bytes for each in self._group.parts.values())
        self._full = held >= HELD_RECORDS or size >= HELD_BYTES
        pause = self._full and (self._paused or bool(self.trouble))
        if pause == self._paused:
            return
        self._paused = pause
        every = [TopicPartition(topic, number) for topic, number in self._group.parts]
        if pause:
            self._consumer.pause(every)
        else:
            self._consumer.resume(every)

    def _chosen(self, before: float) -> list[tuple[Part, Range]]:
        """Return what is to be stored now, one range of a partition."""
        busy, room = self._writers.busy, self._writers.room
        free = [each for each in self._group.parts.values() if each.held and each not in busy]
        return due_ranges(free, room, self._plan.flush_rows, before, self._full)

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
