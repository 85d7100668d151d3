"""Kafka into ClickHouse: what is in the topics is in the store, once, whatever dies when.

A plain consumer whose thread does everything that concerns the group; only the inserts run in
threads of their own, and it waits for them. So no partition is taken away while its rows are
being written, and nothing is written of a partition that is not ours.

A range of records is stored in three steps: its bounds are committed beside the offset, its
rows are inserted under tokens made of the bounds, the offset behind it is committed. Whoever
comes after a death finds the bounds and does the same again, which the store recognises. On
revocation what is held is dropped: the next owner reads it from the log.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from clickhouse_connect.driver.client import Client
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.cimpl import OFFSET_BEGINNING, OFFSET_INVALID

from schemas.errors import LogTorn, OutputFailed, PultFailure, StoreFailed
from stream_processors.shells.ranges import Range, pending_in
from stream_processors.shells.rejects import RejectWatch
from stream_processors.shells.sink_measures import SinkMeasures
from stream_processors.shells.sink_parts import Part, named, place
from stream_processors.shells.sink_plan import CONSUMER, SinkPlan
from stream_processors.shells.spell import Spell
from stream_processors.shells.storing import RangeStore, Stored

_LOG = logging.getLogger(__name__)

GRACE_SECONDS = 10.0
"""How long a sink that is told to stop goes on storing what it holds."""

HELD_BYTES = 64 << 20
HELD_RECORDS = 200_000
"""At so much held the sink stops reading until something is stored."""

_CONSUME = 5_000
_POLL_SECONDS = 0.1
_ASK_SECONDS = 20.0
_LOOK_SECONDS = 1.0
_NOT_OURS = (
    KafkaError.ILLEGAL_GENERATION,
    KafkaError.UNKNOWN_MEMBER_ID,
    KafkaError.REBALANCE_IN_PROGRESS,
    KafkaError._STATE,
    KafkaError._NO_OFFSET,
)


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
        on_stored: Callable[[Range, Stored], None] = lambda told, stored: None,
        on_assigned: Callable[[], None] = lambda: None,
    ) -> None:
        self._plan = plan
        self._open_client = open_client
        self._explain = explain
        self._explain_store = explain_store
        self._on_stored = on_stored
        self._on_assigned = on_assigned
        self._consumer = Consumer(
            {
                **connection, **CONSUMER, "group.id": plan.group,
                "group.instance.id": plan.name, "client.id": plan.name,
                "error_cb": self._heard,
                **({"auto.offset.reset": "earliest"} if plan.accept_loss else {}),
            }
        )  # fmt: skip
        self._parts: dict[tuple[str, int], Part] = {}
        self._threads = ThreadPoolExecutor(plan.writers, thread_name_prefix="writer")
        self._of_thread = threading.local()
        self._clients: list[Client] = []
        self._watch = RejectWatch(plan.limit)
        self._stopping = threading.Event()
        self._errors: list[KafkaError] = []
        self._failure: PultFailure | None = None
        self._kafka, self._store_state = Spell(), Spell()
        self._retry_at = 0.0
        self._looked_at = 0.0
        self._full = False
        self.assigned = False
        self.measures = SinkMeasures()

    @property
    def trouble(self) -> str:
        """Why nothing is stored at present, in one line; empty if all is well."""
        return self._store_state.trouble or self._kafka.trouble

    @property
    def interruptions(self) -> int:
        """How often it could not store."""
        return self._store_state.times + self._kafka.times

    @property
    def parts(self) -> list[Part]:
        """The partitions that are ours at this moment; may be asked by any thread."""
        return list(self._parts.values())

    def stop(self) -> None:
        """Have `run` return soon, with what is held stored if that is possible."""
        self._stopping.set()

    def ready(self) -> str:
        """Return why nothing is stored at present; empty if all is well."""
        return self.trouble or ("" if self.assigned else "it has not joined its group yet")

    def run(self) -> None:
        """Store until stopped.

        Raises:
            PultFailure: what made it impossible to go on; nothing is lost by that.
        """
        self._consumer.subscribe(
            list(self._plan.topics),
            on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_revoke,
        )  # fmt: skip
        try:
            while not self._stopping.is_set():
                self._turn()
            self._drain()
        finally:
            self._threads.shutdown(wait=True, cancel_futures=True)
            self._parts.clear()
            self._consumer.close()
            for client in self._clients:
                client.close()
            _LOG.info("stopped")

    def _turn(self) -> None:
        self._collect()
        if self._failure is not None:
            raise self._failure
        now = time.monotonic()
        if now >= self._retry_at:
            ranges = self._chosen(now - self._plan.flush_seconds)
            if ranges:
                self._flush(ranges)
        if now - self._looked_at >= _LOOK_SECONDS:
            self._looked_at = now
            self._look()

    def _drain(self) -> None:
        give_up = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < give_up and self._parts:
            ranges = self._chosen(time.monotonic())
            if not ranges:
                return
            self._flush(ranges)
            if self.trouble:
                # Nobody waits for a store that is away: the log has everything.
                return

    def _collect(self) -> None:
        now = time.monotonic()
        self._hold_back()
        try:
            messages = self._consumer.consume(_CONSUME, self._patience(now))
        except KafkaException as error:
            msg = self._explain([error.args[0]])
            raise OutputFailed(msg) from error
        now = time.monotonic()
        for message in messages:
            wrong = message.error()
            if wrong is not None:
                self._note(message, wrong)
                continue
            part = self._parts.get((message.topic() or "", message.partition() or 0))
            if part is not None:
                part.take(message, now)

    def _patience(self, now: float) -> float:
        """Return how long to wait for records [s]: not beyond the next time to store."""
        due = min((each.since for each in self._parts.values() if each.held), default=now)
        until = max(due + self._plan.flush_seconds, self._retry_at) - now
        return min(_POLL_SECONDS, max(0.001, until))

    def _hold_back(self) -> None:
        """Stop reading while too much is held, and go on once it is not."""
        held = sum(len(each.held) for each in self._parts.values())
        size = sum(each.held_bytes for each in self._parts.values())
        full = held >= HELD_RECORDS or size >= HELD_BYTES
        if full == self._full:
            return
        self._full = full
        every = [TopicPartition(topic, number) for topic, number in self._parts]
        if full:
            self._consumer.pause(every)
        else:
            self._consumer.resume(every)

    def _note(self, message: Message, error: KafkaError) -> None:
        if error.code() == KafkaError._AUTO_OFFSET_RESET:
            told = f"{message.topic()} partition {message.partition()}"
            msg = (
                f"{told} does not hold the records that come next any more ({error.str()}): "
                "they were removed before they were stored, or the topic was made anew; "
                "--accept-loss goes on with what is there"
            )
            raise LogTorn(msg)
        if error.code() != KafkaError._PARTITION_EOF:
            self._heard(error)

    def _heard(self, error: KafkaError) -> None:
        """Note an error of the brokers; all but the fatal ones the client itself mends."""
        if error.fatal() or error.code() == KafkaError._FATAL:
            msg = (
                f"cannot go on as {self._plan.name} in group {self._plan.group}: "
                f"{error.str()}; no two sinks run under one --name"
            )
            self._failure = OutputFailed(msg)
        self._errors.append(error)
        del self._errors[:-20]
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            self._kafka.begins(self._explain(self._errors))

    def _chosen(self, before: float) -> list[tuple[Part, Range]]:
        """Return what is to be stored now."""
        rows = self._plan.flush_rows
        chosen = []
        for part in self._parts.values():
            if part.due(rows, before) or (part.pending is not None and part.held) or self._full:
                told = part.range(rows)
                if told is not None:
                    chosen.append((part, told))
        return chosen

    def _flush(self, ranges: list[tuple[Part, Range]]) -> None:
        """Store ranges: note their bounds, insert their rows, commit what is behind them."""
        fresh = [told for part, told in ranges if part.pending is None]
        if not self._commit([place(each, each.first, each.metadata) for each in fresh]):
            return
        for part, told in ranges:
            part.pending = told
        work = [(told, part.records(told)) for part, told in ranges]
        away = threading.Event()
        futures = [
            self._threads.submit(self._store, told, messages, away) for told, messages in work
        ]
        done: list[tuple[Part, Range, list[Message], Stored]] = []
        failures: list[PultFailure] = []
        for (part, told), (_, messages), future in zip(ranges, work, futures, strict=True):
            try:
                if stored := future.result():
                    done.append((part, told, messages, stored))
            except PultFailure as failure:
                failures.append(failure)
        self._finish(done)
        for each in failures:
            if not isinstance(each, StoreFailed):
                raise each
            self._retry_at = self._store_state.begins(self._explain_store(each))
        if done and not failures:
            self._store_state.ends()

    def _store(
        self, told: Range, messages: Sequence[Message], away: threading.Event
    ) -> Stored | None:
        """Insert the rows of one range; None if the store is known to be away."""
        if away.is_set():
            return None
        try:
            kind = self._plan.topics[told.topic]
            return RangeStore(self._client(), kind, self._plan.limit).store(told, messages)
        except StoreFailed:
            away.set()
            raise

    def _client(self) -> Client:
        client: Client | None = getattr(self._of_thread, "client", None)
        if client is None:
            client = self._of_thread.client = self._open_client()
            self._clients.append(client)
        return client

    def _finish(self, done: list[tuple[Part, Range, list[Message], Stored]]) -> None:
        """Commit what is stored; where that fails it stays pending and is stored again."""
        for _, _, _, stored in done:
            self._watch.note(stored.records, len(stored.rejected))
        if not self._commit([place(told, told.last + 1, "") for _, told, _, _ in done]):
            return
        now, clock = time.monotonic(), time.time()
        for part, told, messages, stored in done:
            oldest = messages[0].timestamp()[1] / 1000
            part.stored(told, len(messages), now)
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
        self._retry_at = time.monotonic() + _POLL_SECONDS
        # Partitions that were taken away are dropped as soon as the consumer is asked again.
        if error.code() not in _NOT_OURS:
            self._retry_at = self._kafka.begins(self._explain([error]))

    def _look(self) -> None:
        """Note how far the log is ahead of the store, and whether brokers are back."""
        if self._kafka.trouble:
            try:
                self._consumer.list_topics(timeout=_POLL_SECONDS)
            except KafkaException:
                return
            self._errors.clear()
            self._kafka.ends()
        for part in self.parts:
            try:
                low, high = self._consumer.get_watermark_offsets(
                    TopicPartition(part.topic, part.number), cached=True
                )
            except KafkaException:
                continue
            self.measures.backlog[part.topic, part.number] = max(
                0, high - max(part.next, low, 0)
            )

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        try:
            committed = _committed(consumer, partitions)
        except KafkaException as error:
            # Without the bounds nothing may be stored; after a restart they are asked again.
            self._failure = OutputFailed(self._explain([error.args[0]]))
            return
        begins, replayed = [], []
        for each in committed:
            known = each.offset != OFFSET_INVALID
            pending = pending_in(each.topic, each.partition, each.offset, each.metadata)
            if pending is not None:
                replayed.append(str(pending))
            self._parts[each.topic, each.partition] = Part(
                each.topic, each.partition, each.offset if known else -1, pending
            )
            begin = each.offset if known else OFFSET_BEGINNING
            begins.append(TopicPartition(each.topic, each.partition, begin))
        consumer.assign(begins)
        self._full = False
        self.assigned = True
        self.measures.rebalances += 1
        _LOG.info("assigned partitions=%s", named(partitions))
        if replayed:
            _LOG.info("stores again what was pending ranges=%s", ",".join(replayed))
        self._on_assigned()

    def _on_revoke(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        dropped = 0
        for each in partitions:
            part = self._parts.pop((each.topic, each.partition), None)
            self.measures.backlog.pop((each.topic, each.partition), None)
            dropped += len(part.held) if part is not None else 0
        _LOG.info("revoked partitions=%s dropped=%d", named(partitions), dropped)


def _committed(consumer: Consumer, partitions: list[TopicPartition]) -> list[TopicPartition]:
    """Return the group's offsets and what was noted beside them, however long brokers move."""
    give_up = time.monotonic() + _ASK_SECONDS
    while True:
        try:
            return consumer.committed(partitions, timeout=_ASK_SECONDS)
        except KafkaException as error:
            # Also of a coordinator that is moving, which the client does not call retriable.
            if error.args[0].fatal() or time.monotonic() > give_up:
                raise
            time.sleep(_POLL_SECONDS)
