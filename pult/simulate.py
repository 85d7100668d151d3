"""Where a simulation goes: lines of a file, or records of the topic of events."""

import gzip
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TypeAlias, cast

from confluent_kafka import KafkaError, Message, Producer

from producers.session import PRODUCER, SILENT
from producers.simulation.desk import Belongs, Note
from producers.simulation.simulation import Simulation
from producers.simulation.voice import Said
from pult import kafka, topics
from pult.server_settings import KafkaSettings
from schemas.errors import KafkaUnusable, OutputFailed
from schemas.topics import EVENTS, partition_of

Tell: TypeAlias = Callable[[str], None]
"""Takes a line about how far a simulation is."""

_SAY_EVERY_SECONDS = 5.0
_STUCK_SECONDS = 30.0


def to_file(simulation: Simulation, path: Path | None, tell: Tell) -> None:
    """Write events as JSON lines; to standard output without a path, packed if it ends in .gz.

    Raises:
        OutputFailed: the file cannot be written.
    """
    try:
        with _opened(path) as file:
            for said in _with_progress(simulation, tell):
                file.write(said.value + b"\n")
    except BrokenPipeError:
        raise
    except OSError as error:
        msg = f"cannot write events to {path or 'standard output'}: {error.strerror or error}"
        raise OutputFailed(msg) from error


@contextmanager
def noting(path: Path | None) -> Iterator[Note]:
    """Give what writes of which contact each thing is that a CRM tells, as JSON lines.

    Args:
        path: where to; packed if it ends in .gz; None: nowhere.

    Raises:
        OutputFailed: the file cannot be written.
    """
    if path is None:
        yield lambda _: None
        return
    # What fails where the notes are taken is no failure of their file.
    with ExitStack() as files:
        with _told_of(path):
            file = files.enter_context(_opened(path))

        def note(one: Belongs) -> None:
            with _told_of(path):
                file.write(json.dumps(one._asdict()).encode() + b"\n")

        yield note
        with _told_of(path):
            files.close()


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        msg = f"cannot write contacts to {path}: {error.strerror or error}"
        raise OutputFailed(msg) from error


@contextmanager
def _opened(path: Path | None) -> Iterator[IO[bytes]]:
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    elif path.suffix == ".gz":
        # Neither name nor time in the header: the same seed gives the same bytes.
        with path.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
            yield cast(IO[bytes], packed)
    else:
        with path.open("wb") as file:
            yield file


def write_truth(simulation: Simulation, path: Path) -> None:
    """Write the truth about a simulation whose events have been read.

    Raises:
        OutputFailed: the file cannot be written.
    """
    try:
        path.write_text(json.dumps(simulation.truth(), indent=1) + "\n", "utf-8")
    except OSError as error:
        msg = f"cannot write the truth to {path}: {error.strerror or error}"
        raise OutputFailed(msg) from error


def to_kafka(
    simulation: Simulation, settings: KafkaSettings, environ: Mapping[str, str], tell: Tell
) -> None:
    """Publish events under their domain, in order, each at least once.

    Raises:
        KafkaUnusable: no broker, no topic, or a record was refused or not taken in time.
    """
    client = kafka.connect(settings, environ)
    for finding in topics.check(client, settings):
        if finding.hinders:
            msg = f"cannot publish a simulation: {finding.remedied}"
            raise KafkaUnusable(msg)
    publishing = _Publishing(settings, environ)
    for said in _with_progress(simulation, tell):
        publishing.send(said)
    publishing.settle()


class _Publishing:
    """A producer that gives up when nothing is taken for half a minute."""

    def __init__(self, settings: KafkaSettings, environ: Mapping[str, str]) -> None:
        self._settings = settings
        self._topic = EVENTS.named(settings.prefix)
        self._failures: list[KafkaError] = []
        values = {**kafka.librdkafka(settings, environ), **PRODUCER}
        values["on_delivery"] = self._undelivered
        values["error_cb"] = lambda error: None  # what lasts shows as a record not taken
        values["logger"] = SILENT
        self._producer = Producer(values)

    def _undelivered(self, error: KafkaError | None, _: Message) -> None:
        if error is not None:
            self._failures.append(error)

    def send(self, said: Said) -> None:
        """Hand over one event; waits while too many are on their way."""
        since, key = time.monotonic(), said.domain.encode()
        while True:
            try:
                self._producer.produce(self._topic, said.value, key, partition_of(key))
            except BufferError:
                self._producer.poll(0.1)
                self._look(since)
            else:
                return

    def settle(self) -> None:
        """Wait until everything has been delivered."""
        since, left = time.monotonic(), len(self._producer)
        while self._producer.flush(0.2) > 0:
            now_left = len(self._producer)
            since, left = (time.monotonic(), now_left) if now_left < left else (since, left)
            self._look(since)
        self._look(time.monotonic())

    def _look(self, since: float) -> None:
        if self._failures:
            raise KafkaUnusable(kafka.explained(self._failures, self._settings))
        if time.monotonic() - since > _STUCK_SECONDS:
            msg = (
                f"cannot publish a simulation to {self._settings.bootstrap}: nothing was taken "
                f"for {_STUCK_SECONDS:g} s; check the brokers and begin anew"
            )
            raise KafkaUnusable(msg)


def _with_progress(simulation: Simulation, tell: Tell) -> Iterator[Said]:
    """Pass events on and tell now and then how far they are."""
    plan = simulation.plan
    said_at = started = time.monotonic()
    for count, said in enumerate(simulation.events(), 1):
        if not count % 1024:
            now = time.monotonic()
            if now - said_at >= _SAY_EVERY_SECONDS:
                said_at = now
                share = min(1.0, (said.received_ms - plan.begin_ms) / plan.length_ms)
                rate = count / (now - started)
                tell(f"simulating: {count} events, {share:.0%}, {rate:,.0f}/s")
        yield said
