"""Where a simulation goes: lines of a file, or records of the topic of events."""

import gzip
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import IO, TypeAlias, TypeVar, cast

from confluent_kafka import KafkaError, Message, Producer

from producers.durable import taking_place
from producers.session import PRODUCER, SILENT
from producers.simulation.desk import Belongs, Note
from producers.simulation.simulation import Simulation
from producers.simulation.voice import Said
from pult import kafka, topics
from pult.server_settings import KafkaSettings
from schemas.errors import KafkaUnusable, OutputFailed
from schemas.topics import EVENTS, partition_of

T = TypeVar("T")

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


def noting(path: Path | None) -> AbstractContextManager[Note]:
    """Give what writes of which contact each thing is that a CRM tells, as JSON lines.

    Args:
        path: where to; packed if it ends in .gz; None: nowhere.

    Raises:
        OutputFailed: the file cannot be written.
    """

    def line(one: Belongs) -> str:
        return json.dumps(one._asdict())

    return _lines(path, "contacts", line)


def truth_at(path: Path | None) -> AbstractContextManager[Callable[[Simulation], None]]:
    """Give what writes the truth about a simulation whose events have been read, as JSON.

    Args:
        path: where to; packed if it ends in .gz; None: nowhere.

    Raises:
        OutputFailed: the file cannot be written.
    """

    def line(simulation: Simulation) -> str:
        return json.dumps(simulation.truth(), indent=1)

    return _lines(path, "the truth", line)


@contextmanager
def _lines(
    path: Path | None, what: str, line: Callable[[T], str]
) -> Iterator[Callable[[T], None]]:
    if path is None:
        yield lambda _: None
        return
    with _beside(path, what) as file:

        def write(each: T) -> None:
            with _told_of(path, what):
                file.write(line(each).encode() + b"\n")

        yield write


@contextmanager
def _beside(path: Path, what: str) -> Iterator[IO[bytes]]:
    """Open a file that is written beside the events; what cannot be is told at once."""
    # What fails where it is used is no failure of this file.
    with ExitStack() as files:
        with _told_of(path, what):
            file = files.enter_context(_opened(path))
        yield file
        with _told_of(path, what):
            files.close()


@contextmanager
def _told_of(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        msg = f"cannot write {what} to {path}: {error.strerror or error}"
        raise OutputFailed(msg) from error


@contextmanager
def _opened(path: Path | None) -> Iterator[IO[bytes]]:
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with _whole(path) as file:
        if path.suffix == ".gz":
            # Neither name nor time in the header: the same seed gives the same bytes.
            with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
                yield cast(IO[bytes], packed)
        else:
            yield file


@contextmanager
def _whole(path: Path) -> Iterator[IO[bytes]]:
    """Give a file that takes its place once it is whole; until then there is none, or the old.

    What is no plain file (a device, a pipe, a link) is written as it is.
    """
    if path.is_symlink() or (path.exists() and not path.is_file()):
        with path.open("wb") as file:
            yield file
        return
    with taking_place(path) as file:
        yield file


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
