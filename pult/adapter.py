"""`pult adapter`: one source into its journal, the journal into Kafka, in one process.

The source's threads only append to the journal; the publisher's thread follows it. Where Kafka
is away the first goes on undisturbed.
"""

import asyncio
import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from aiohttp import web
from confluent_kafka import KafkaError
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from producers.frame import Frame, Rejected
from producers.identity import CallerKeys
from producers.journal import Journal
from producers.place import Place
from producers.publish import Publisher, Target
from producers.source import LiveSource, Source
from pult import kafka, logs
from pult.adapter_topics import AdapterTopics
from pult.folder import DataFolder
from pult.health import health_routes
from pult.naming import naming
from pult.rejecting import RejectAlarm, limit
from pult.settings import Settings
from pult.sources import SourcesCollector, live_sources, troubles
from pult.stopping import on_stop
from pult.web import address, is_loopback, listen, only_loopback
from pult.webhooks import receiver
from schemas.errors import PultFailure, SettingsInvalid
from schemas.topics import EVENTS, REJECTED

GRACE_SECONDS = 10.0
"""How long an adapter that is told to stop goes on publishing what it has."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """What an adapter runs on."""

    settings: Settings
    environ: Mapping[str, str]
    folder: DataFolder
    out: Callable[[str], None]
    accept_loss: bool = False


class Adapter:
    """A journal that is written by a source and published to Kafka."""

    def __init__(self, options: Options) -> None:
        settings, folder = options.settings, options.folder
        self.options = options
        secret = folder.caller_secret(options.environ, settings.privacy.secret_env)
        self._keys = CallerKeys(secret, keep_numbers=settings.privacy.keep_numbers)
        # Before the journal is opened: what is wrong with a file or a variable ends it at once.
        client = kafka.librdkafka(settings.kafka, options.environ)
        self.journal = Journal.open(folder.journal, _today())
        place = Place(folder.path / "published")
        topics = AdapterTopics(
            settings.kafka, options.environ, place, accept_loss=options.accept_loss
        )
        self.rejects = RejectAlarm(limit(settings.processor))
        self.publisher = Publisher(
            self.journal,
            place,
            naming(settings, self._keys),
            client,
            Target(
                EVENTS.named(settings.kafka.prefix),
                REJECTED.named(settings.kafka.prefix),
                EVENTS.max_message_bytes,
            ),
            ready=topics.trouble,
            explain=self._explained,
            changed=topics.changed,
            translated=self.rejects.note,
        )
        self.failure: PultFailure | None = None
        self._live: list[LiveSource] = []
        self._stopped = threading.Event()

    def take(self, frames: Sequence[Frame | Rejected]) -> None:
        """Keep frames; once this returns, they will be published, whatever happens.

        Raises:
            JournalFailed: nothing of the batch was kept.
        """
        self.journal.rotate(_today())
        self.journal.append(frames)
        self.publisher.wake()

    def _explained(self, errors: Sequence[KafkaError]) -> str:
        return kafka.explained(errors, self.options.settings.kafka)

    def ready(self) -> str:
        """Return why events do not arrive in Kafka at present; empty if they do."""
        if self.failure or self.publisher.trouble:
            return str(self.failure or self.publisher.trouble)
        return "; ".join(filter(None, [troubles(self._live), self.rejects.trouble]))

    def run_live(self, name: str) -> None:
        """Read all feeds of a source of the settings and publish, until a signal or failure.

        Raises:
            SettingsInvalid: there is no such source, or not all that it needs is set.
            PultFailure: what made it impossible to go on.
        """
        named = self.options.settings.sources
        try:
            if name not in named:
                known = ", ".join(named) or "none"
                msg = (
                    f"no source {name} in the settings (known: {known}); add [sources.{name}], "
                    "or play a recording with --recording"
                )
                raise SettingsInvalid(msg)
            self._live = live_sources(
                name, named[name], self.options.environ, self.journal.last_frame,
                listening=(
                    receiver(self.options.settings, self._keys) if named[name].webhook else None
                ),
            )  # fmt: skip
        except PultFailure:
            self.journal.close()
            raise
        self.run(*self._live)

    def run(self, *sources: Source) -> None:
        """Read and publish until a signal, a failure, or the end of all sources.

        Sources that end by themselves have everything published first, however long that takes.

        Raises:
            PultFailure: what made it impossible to go on.
        """
        logs.configure("adapter")
        try:
            asyncio.run(self._serve(sources))
        finally:
            self.journal.close()
        if self.failure is not None:
            raise self.failure

    async def _serve(self, sources: Sequence[Source]) -> None:
        http = self.options.settings.http
        runner, port = await listen(
            self._application(), http.host, http.adapter_port, "the adapter", "--port"
        )
        ended = asyncio.Event()
        on_stop(ended.set)
        end = partial(asyncio.get_running_loop().call_soon_threadsafe, ended.set)

        def publish() -> None:
            self.publisher.run()
            end()

        self.options.out(f"Adapter  {address(http.host, port)}/metrics  (Ctrl-C stops)")
        readers = [self._started(partial(self._read, source), end) for source in sources]
        followers = [
            self._started(partial(self._finish, readers), end),
            self._started(publish, end),
        ]
        await ended.wait()
        self._stopped.set()
        for reader in readers:
            await asyncio.to_thread(reader.join)
        self.publisher.stop(GRACE_SECONDS)
        for follower in followers:
            await asyncio.to_thread(follower.join)
        await runner.cleanup()
        if self.failure is None:
            _LOG.info("stopped unpublished=%d", self.publisher.backlog_frames)

    def _application(self) -> web.Application:
        registry = CollectorRegistry()
        registry.register(PublisherCollector(self.publisher, self.options.folder.path))
        if self._live:
            registry.register(SourcesCollector(self._live))
        here_only = is_loopback(self.options.settings.http.host)
        application = web.Application(middlewares=[only_loopback] if here_only else [])
        application.add_routes(health_routes(self.ready, registry))
        return application

    def _started(self, work: Callable[[], None], end: Callable[[], object]) -> threading.Thread:
        """Do a part's work in a thread of its own; if it fails, note why and end the rest."""

        def guarded() -> None:
            try:
                work()
            except PultFailure as failure:
                self.failure = failure
                end()
            except BaseException as error:
                # A defect must not leave a process that looks alive and reads nothing.
                self.failure = PultFailure(f"the adapter has a defect: {error!r}")
                end()
                raise

        thread = threading.Thread(target=guarded)
        thread.start()
        return thread

    def _read(self, source: Source) -> None:
        source.run(self.take, self._stopped)

    def _finish(self, readers: Sequence[threading.Thread]) -> None:
        """Have everything published once all sources have come to their ends."""
        for reader in readers:
            reader.join()
        if not self._stopped.is_set() and self.failure is None:
            self.publisher.finish()


class PublisherCollector(Collector):
    """What Prometheus is told of a publisher, read at the moment of the scrape.

    Args:
        publisher: carries a journal into Kafka.
        folder: where the journal is.
    """

    def __init__(self, publisher: Publisher, folder: Path) -> None:
        self._publisher = publisher
        self._folder = folder

    def collect(self) -> Iterator[Metric]:
        """Return all metrics."""
        publisher = self._publisher
        for name, text, value in (
            ("frames", "Messages in the journal that are not in Kafka yet",
             float(publisher.backlog_frames)),
            ("seconds", "Age of the oldest of them",
             publisher.backlog_seconds(time.time())),
        ):  # fmt: skip
            yield GaugeMetricFamily(f"pult_journal_backlog_{name}", text, value=value)
        for name, text, count in (
            ("published", "Records that Kafka has acknowledged", publisher.delivered),
            ("published_rejected", "Of these, what cannot be used", publisher.rejected),
            ("publish_errors", "Interruptions of publishing", publisher.errors),
        ):  # fmt: skip
            yield CounterMetricFamily(f"pult_{name}", text, value=count)
        free = shutil.disk_usage(self._folder).free
        text = "Free space where the data folder is"
        yield GaugeMetricFamily("pult_disk_free_bytes", text, value=float(free))


def _today() -> date:
    return datetime.now(UTC).date()
