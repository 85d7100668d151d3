"""What a worker writes: facts, rejects and snapshots, in order, each acknowledged or fatal.

The idempotent producer keeps the order of each partition and sends again by itself, for ever;
the first record that a broker refuses ends it. So the acknowledgement of one record is that of
all before it in its partition, as long as no failure has been heard of, and only the last of
many is asked for: a call for each would make the polling thread fight with the fold for the
interpreter, five milliseconds each time. A refused record, and brokers that take nothing for a
minute, end the worker: what follows from the log is concluded once more after a restart, so
nothing is lost.
"""

import asyncio
import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from schemas.errors import OutputFailed

PATIENCE_SECONDS = 60.0
"""So long the brokers may take nothing."""

_POLL_SECONDS = 0.1
_FORBIDDEN = re.compile(r"ProduceRequest for (\S+) \[.* failed: .*uthorization failed")
_SILENT = logging.getLogger("pult.outbox")
_SILENT.disabled = True
"""The client would tell standard error what is told in one line by our failure."""

_FULL = 100_000
"""So many records may wait to be sent before a worker stops reading."""

PRODUCER: Mapping[str, Any] = {
    "enable.idempotence": True,
    "acks": "all",
    "enable.gapless.guarantee": True,
    # Never: the guarantee does not hold for what was too old. Patience is ours to lose.
    "message.timeout.ms": 0,
    "compression.type": "lz4",
    "linger.ms": 5,
    "partitioner": "murmur2_random",
    "queue.buffering.max.messages": 1_000_000,
    "queue.buffering.max.kbytes": 256 * 1024,
    "batch.size": 256 * 1024,
}


class Outbox:
    """A producer whose records count as sent when the broker has acknowledged them.

    Args:
        connection: how to reach the brokers, in librdkafka's words.
        failed: called in the event loop when nothing more can be written.
    """

    def __init__(
        self, connection: Mapping[str, Any], failed: Callable[[OutputFailed], None]
    ) -> None:
        own = {"error_cb": self._trouble, "logger": _SILENT}
        self._producer = Producer({**connection, **PRODUCER, **own})
        self._failed = failed
        self._failure: OutputFailed | None = None
        self._loop = asyncio.get_running_loop()
        self._unsettled: dict[int, set[asyncio.Future[None]]] = {}
        self._closing = threading.Event()
        self._poller = threading.Thread(target=self._poll, name="outbox", daemon=True)
        self._poller.start()

    def send(
        self, topic: str, partition: int, records: Iterable[tuple[bytes | None, bytes | None]]
    ) -> None:
        """Write records, key and value of each, to a partition.

        Raises:
            OutputFailed: the brokers have taken nothing for too long.
        """
        for key, value in records:
            self._produce(topic, partition, key, value)

    def mark(self, topic: str, partition: int, key: bytes | None, value: bytes | None) -> None:
        """Write a record whose acknowledgement is that of all before it in its partition.

        Raises:
            OutputFailed: the brokers have taken nothing for too long.
        """
        settled = self._loop.create_future()
        waiting = self._unsettled.setdefault(partition, set())
        waiting.add(settled)
        settled.add_done_callback(waiting.discard)
        # Nobody may wait for it when it fails; asyncio would tell of that in its own words.
        settled.add_done_callback(_heed)

        def report(error: KafkaError | None, message: Message) -> None:
            if error is None:
                # Brokers may take it behind a refused one, but that was told before this.
                if self._failure is None:
                    self._loop.call_soon_threadsafe(_settle, settled)
            else:
                where = f"{message.topic()} partition {message.partition()}"
                self._lose(f"cannot write to {where}: {error.str()}")

        self._produce(topic, partition, key, value, report)

    async def settled(self, partition: int) -> None:
        """Wait until everything marked for a partition so far is acknowledged.

        Raises:
            OutputFailed: it never will be.
        """
        waiting = list(self._unsettled.get(partition, ()))
        if waiting:
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await asyncio.gather(*waiting)
            except TimeoutError as error:
                raise OutputFailed(_TAKE_NOTHING) from error
        if self._failure is not None:
            raise self._failure

    async def room(self) -> None:
        """Wait while too much waits to be sent.

        Raises:
            OutputFailed: the brokers have taken nothing for too long, or refused a record.
        """
        least, since = len(self._producer), time.monotonic()
        while (waiting := len(self._producer)) > _FULL and self._failure is None:
            if waiting < least:
                least, since = waiting, time.monotonic()
            elif time.monotonic() - since > PATIENCE_SECONDS:
                raise OutputFailed(_TAKE_NOTHING)
            await asyncio.sleep(0.01)
        if self._failure is not None:
            raise self._failure

    def asked(self, topic: str, seconds: float) -> tuple[KafkaError | None, int]:
        """Ask the brokers of a topic; blocks, for so long at most.

        Returns:
            Why none tells of it, None if one does; how many partitions it has.
        """
        try:
            told = self._producer.list_topics(topic, timeout=seconds).topics[topic]
        except KafkaException as failure:
            return failure.args[0], 0
        return told.error, len(told.partitions)

    def close(self, seconds: float) -> None:
        """Send what waits, for so long at most; blocks."""
        with suppress(KafkaException):
            self._producer.flush(seconds)
        self._closing.set()
        self._poller.join()

    def _produce(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        report: Callable[[KafkaError | None, Message], None] | None = None,
    ) -> None:
        produce = self._producer.produce
        try:
            produce(topic, value, key, partition, report)
        except BufferError:
            # A batch may mean more than fits; the thread that polls makes room meanwhile.
            self._producer.flush(PATIENCE_SECONDS)
            try:
                produce(topic, value, key, partition, report)
            except BufferError as error:
                raise OutputFailed(_TAKE_NOTHING) from error
        except KafkaException as error:
            msg = f"cannot write to {topic}: {error.args[0].str()}"
            raise self._failure or OutputFailed(msg) from error

    def _trouble(self, error: KafkaError) -> None:
        """Hear of an error; all but fatal ones heal by themselves."""
        if not error.fatal():
            return
        forbidden = _FORBIDDEN.search(error.str())
        if forbidden is not None:
            self._lose(f"this worker may not write to {forbidden[1]} (ACL of the brokers)", "")
        else:
            self._lose(f"cannot write: {error.str()}")

    def _lose(self, what: str, remedy: str = "; check the brokers and the topic") -> None:
        if self._failure is None:
            failure = self._failure = OutputFailed(f"{what}{remedy}")
            self._loop.call_soon_threadsafe(self._fail, failure)

    def _fail(self, failure: OutputFailed) -> None:
        for waiting in self._unsettled.values():
            for each in list(waiting):
                if not each.done():
                    each.set_exception(failure)
        self._failed(failure)

    def _poll(self) -> None:
        try:
            while not self._closing.is_set():
                self._producer.poll(_POLL_SECONDS)
        except KafkaException as error:
            # It is raised for a fatal error, after which nothing is written any more.
            self._trouble(error.args[0])


_TAKE_NOTHING = (
    f"the brokers have taken nothing for {PATIENCE_SECONDS:g} s; check whether they run"
)


def _heed(settled: "asyncio.Future[None]") -> None:
    if not settled.cancelled():
        settled.exception()


def _settle(settled: "asyncio.Future[None]") -> None:
    if not settled.done():
        settled.set_result(None)
