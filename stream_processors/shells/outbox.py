"""What a worker writes: facts, rejects and snapshots, in order, each acknowledged or fatal.

librdkafka's idempotent producer keeps the order of each partition and sends again by itself. A
record that it gives up on ends the worker: what follows from the log is concluded once more
after a restart, so nothing is lost by that.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from schemas.errors import OutputFailed

_POLL_SECONDS = 0.1
_ROOM_SECONDS = 30.0
_FULL = 100_000
"""So many records may wait to be sent before a worker stops reading."""

PRODUCER: Mapping[str, Any] = {
    "enable.idempotence": True,
    "acks": "all",
    "compression.type": "lz4",
    "linger.ms": 5,
    "partitioner": "murmur2_random",
    "queue.buffering.max.messages": 1_000_000,
    "queue.buffering.max.kbytes": 256 * 1024,
    "batch.size": 256 * 1024,
    "message.timeout.ms": 60_000,
}


class Outbox:
    """A producer whose records count as sent when the broker has acknowledged them.

    Args:
        connection: how to reach the brokers, in librdkafka's words.
        failed: called in the event loop when a record was given up.
    """

    def __init__(
        self, connection: Mapping[str, Any], failed: Callable[[OutputFailed], None]
    ) -> None:
        self._producer = Producer({**connection, **PRODUCER})
        self._failed = failed
        self._failure: OutputFailed | None = None
        self._loop = asyncio.get_running_loop()
        self._unsettled: dict[int, set[asyncio.Future[None]]] = {}
        self._closing = threading.Event()
        self._poller = threading.Thread(target=self._poll, name="outbox", daemon=True)
        self._poller.start()

    def send(self, topic: str, partition: int, key: bytes | None, value: bytes | None) -> None:
        """Write a record to a partition.

        Raises:
            OutputFailed: the broker has taken nothing for too long.
        """
        self._produce(topic, partition, key, value, self._report)

    def mark(self, topic: str, partition: int, key: bytes | None, value: bytes | None) -> None:
        """Write a record whose acknowledgement is that of all before it in its partition."""
        settled = self._loop.create_future()
        waiting = self._unsettled.setdefault(partition, set())
        waiting.add(settled)
        settled.add_done_callback(waiting.discard)

        def report(error: KafkaError | None, message: Message) -> None:
            self._report(error, message)
            if error is None:
                self._loop.call_soon_threadsafe(_settle, settled)

        self._produce(topic, partition, key, value, report)

    async def settled(self, partition: int) -> None:
        """Wait until everything marked for a partition so far is acknowledged.

        Raises:
            OutputFailed: it never will be.
        """
        waiting = list(self._unsettled.get(partition, ()))
        if waiting:
            await asyncio.gather(*waiting)
        if self._failure is not None:
            raise self._failure

    async def room(self) -> None:
        """Wait while too much waits to be sent."""
        while len(self._producer) > _FULL and self._failure is None:
            await asyncio.sleep(0.01)
        if self._failure is not None:
            raise self._failure

    def close(self, seconds: float) -> None:
        """Send what waits, for so long at most; blocks."""
        self._producer.flush(seconds)
        self._closing.set()
        self._poller.join()

    def _produce(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        report: Callable[[KafkaError | None, Message], None],
    ) -> None:
        produce = self._producer.produce
        try:
            produce(topic, value, key, partition, report)
        except BufferError:
            # A batch may mean more than fits; the thread that polls makes room meanwhile.
            self._producer.flush(_ROOM_SECONDS)
            try:
                produce(topic, value, key, partition, report)
            except BufferError as error:
                msg = f"{topic} has taken nothing for {_ROOM_SECONDS:g} s; check the brokers"
                raise OutputFailed(msg) from error
        except KafkaException as error:
            msg = f"cannot write to {topic}: {error.args[0].str()}"
            raise OutputFailed(msg) from error

    def _report(self, error: KafkaError | None, message: Message) -> None:
        if error is None or self._failure is not None:
            return
        where = f"{message.topic()} partition {message.partition()}"
        failure = self._failure = OutputFailed(
            f"cannot write to {where}: {error.str()}; check the brokers and the topic"
        )
        self._loop.call_soon_threadsafe(self._fail, failure)

    def _fail(self, failure: OutputFailed) -> None:
        for waiting in self._unsettled.values():
            for each in list(waiting):
                if not each.done():
                    each.set_exception(failure)
        self._failed(failure)

    def _poll(self) -> None:
        while not self._closing.is_set():
            self._producer.poll(_POLL_SECONDS)


def _settle(settled: "asyncio.Future[None]") -> None:
    if not settled.done():
        settled.set_result(None)
