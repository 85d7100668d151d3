"""One idempotent producer, of use until its first failure."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from producers.frame import Frame
from schemas.topics import partition_of

PRODUCER: Mapping[str, Any] = {
    "enable.idempotence": True,
    "acks": "all",
    # Nothing behind a lost record is delivered, which would put events out of order.
    "enable.gapless.guarantee": True,
    # Never: the journal waits, not the record.
    "message.timeout.ms": 0,
    "partitioner": "murmur2_random",
    "compression.codec": "lz4",
    "linger.ms": 5,
    # Far below what topics take, so that only a single record can be too large.
    "batch.size": 262_144,
    "reconnect.backoff.max.ms": 1_000,
    "delivery.report.only.error": True,
}
_TOO_LARGE = (KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG_SIZE)
SILENT = logging.getLogger("pult.kafka")
SILENT.disabled = True
"""For the client, which would write to stderr of a fatal error; it is raised, too."""

_LOOK_SECONDS = 0.2
_PURGE_SECONDS = 1.0


class Entry(NamedTuple):
    """One record, and where in the journal it comes from: a frame's position, and a place."""

    topic: str
    key: bytes
    value: bytes
    position: int
    place: int
    frame: Frame


class Undelivered(Exception):
    """At least one record was not delivered, and none behind it; never shown to anybody."""

    def __init__(self, errors: Sequence[KafkaError]) -> None:
        super().__init__(errors[0].str())
        self.errors = errors

    @property
    def too_large(self) -> bool:
        """Whether a record was too large for the broker."""
        return any(error.code() in _TOO_LARGE for error in self.errors)


class Session:
    """Sends records in order, each at least once, to the partition of its domain.

    Args:
        client: how to reach the brokers, in librdkafka's words.
        trouble: told of every error, those included that heal by themselves.
    """

    def __init__(
        self, client: Mapping[str, Any], trouble: Callable[[KafkaError], None]
    ) -> None:
        self._failures: list[KafkaError] = []
        settings = {**client, **PRODUCER}
        settings["on_delivery"] = self._undelivered
        settings["error_cb"] = trouble
        settings["logger"] = SILENT
        self._producer = Producer(settings)

    def _undelivered(self, error: KafkaError | None, message: Message) -> None:
        if error is None:
            return
        if error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
            error = KafkaError(error.code(), f"write to {message.topic()}")
        self._failures.append(error)

    def send(self, entries: Sequence[Entry]) -> None:
        """Hand records over, in order.

        Raises:
            Undelivered: one was refused at once.
        """
        produce = self._producer.produce
        try:
            for entry in entries:
                produce(entry.topic, entry.value, entry.key, partition_of(entry.key))
        except KafkaException as error:
            raise Undelivered([error.args[0]]) from error

    def settle(self, waiting: Callable[[float], None]) -> None:
        """Return when all records handed over have been delivered.

        Args:
            waiting: told again and again for how long it has waited [s]; may raise.

        Raises:
            Undelivered: at least one was not.
        """
        started = time.monotonic()
        while self._flush(_LOOK_SECONDS) > 0 and not self._failures:
            waiting(time.monotonic() - started)
        if self._failures:
            # The others fail because of the first; the cause may be told by any of them.
            self.close()
            raise Undelivered(self._failures)

    def close(self) -> None:
        """Give up what is still on its way."""
        self._producer.purge()
        self._flush(_PURGE_SECONDS)

    def _flush(self, seconds: float) -> int:
        """Return how many records are still on their way; a fatal error is a failure."""
        try:
            return self._producer.flush(seconds)
        except KafkaException as error:
            fatal = error
        except SystemError as error:
            # The client reports what has been purged with its exception already pending: both
            # come out of that, or nothing that says why.
            cause = error.__cause__ or KafkaException(KafkaError(KafkaError._FATAL, str(error)))
            if not isinstance(cause, KafkaException):
                raise
            fatal = cause
        self._failures.append(fatal.args[0])
        return 0
