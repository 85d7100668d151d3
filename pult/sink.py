"""`pult sink`: events, facts and rejects of Kafka into ClickHouse, with metrics and health."""

import asyncio
import logging
import os
import secrets
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from aiohttp import web
from clickhouse_connect.driver.client import Client
from confluent_kafka import KafkaError
from prometheus_client import CollectorRegistry

from pult import clickhouse, kafka, logs, topics
from pult.durable import sync_filesystem
from pult.folder import DataFolder
from pult.health import health_routes
from pult.lean import reuse_memory
from pult.settings import Settings
from pult.sink_days import SinkDays, Topics
from pult.stopping import on_stop
from pult.web import address, is_loopback, listen, only_loopback
from schemas.errors import PultFailure, StoreFailed
from schemas.metrics import METRICS
from schemas.topics import EVENTS, FACTS, REJECTED, SNAPSHOTS, processors_of, sinks_of
from sql.embedded import EmbeddedStore
from sql.server import open_server
from sql.store import open_embedded
from stream_processors.shells.ranges import Range
from stream_processors.shells.rejects import RejectLimit
from stream_processors.shells.sink import GRACE_SECONDS, Sink
from stream_processors.shells.sink_plan import SinkPlan
from stream_processors.shells.storing import Stored

_LOG = logging.getLogger(__name__)
LAST_WORDS_SECONDS = 3.0
"""How long a sink that stopped for a reason still tells it at /readyz."""

LAST_ANSWER_SECONDS = 3.0
"""How long after its grace a sink that was told to stop waits for an answer."""


def plan(settings: Settings, name: str, *, accept_loss: bool) -> SinkPlan:
    """Return what a sink is told by the settings."""
    prefix, own = settings.kafka.prefix, settings.sink
    return SinkPlan(
        name=name,
        group=sinks_of(prefix),
        topics={
            EVENTS.named(prefix): "events",
            FACTS.named(prefix): "facts",
            REJECTED.named(prefix): "rejected",
        },
        limit=RejectLimit(
            own.reject_share,
            own.reject_least,
            own.reject_window,
            "records",
            "sink.reject_share",
        ),
        flush_seconds=own.flush_every.total_seconds(),
        flush_rows=own.flush_rows,
        writers=own.writers,
        accept_loss=accept_loss,
    )


def run(
    settings: Settings, environ: Mapping[str, str], told: SinkPlan, out: Callable[[str], None]
) -> None:
    """Check what is needed, then store in the server until a signal comes.

    Raises:
        PultFailure: something is missing, or it could not go on.
    """
    logs.configure("sink")
    reuse_memory()
    where = clickhouse.server(settings.clickhouse, environ)
    client = clickhouse.connect(settings.clickhouse, environ)
    try:
        clickhouse.check(client, settings.clickhouse)
    finally:
        client.close()
    topics.require(kafka.connect(settings.kafka, environ), settings.kafka)
    service = _Service(
        settings,
        environ,
        told,
        lambda: open_server(where),
        lambda failure: clickhouse.explained(failure, settings.clickhouse),
    )
    asyncio.run(service.serve(out))


def run_embedded(
    settings: Settings,
    environ: Mapping[str, str],
    told: SinkPlan,
    folder: DataFolder,
    out: Callable[[str], None],
) -> None:
    """Check what is needed, then store in a data folder until a signal comes.

    Raises:
        PultFailure: something is missing, or it could not go on.
    """
    logs.configure("sink")
    reuse_memory()
    topics.require(kafka.connect(settings.kafka, environ), settings.kafka)
    store = EmbeddedStore(folder.store, METRICS)
    try:
        service = _Service(
            settings,
            environ,
            # After a power cut the engine may know an insert whose rows it has lost.
            replace(
                told,
                session=f"{secrets.token_hex(4)}:",
                refill=f"(stopped) pult rebuild --from-kafka --data {folder.path}",
            ),
            lambda: open_embedded(folder.store),
            make_durable=lambda: _put_on_disk(folder.store),
        )
        asyncio.run(service.serve(out))
    finally:
        store.close()


def _put_on_disk(store: Path) -> None:
    """An offset that is committed stands for rows that survive a power cut."""
    try:
        sync_filesystem(store)
    except OSError as error:
        msg = f"cannot put {store} on the disk: {error.strerror} (check the disk)"
        raise StoreFailed(msg) from error


class _Service:
    """A sink in a thread of its own, and what it serves."""

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        told: SinkPlan,
        open_client: Callable[[], Client],
        explain_store: Callable[[StoreFailed], str] = str,
        make_durable: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._failure: PultFailure | None = None
        connection = kafka.librdkafka(settings.kafka, environ)
        prefix = settings.kafka.prefix
        self._sink = Sink(
            told,
            connection,
            open_client,
            explain=self._explained,
            explain_store=explain_store,
            make_durable=make_durable,
            on_stored=self._stored,
            on_assigned=lambda: self._late.wake(),
        )
        self._late = SinkDays(
            Topics(
                events=EVENTS.named(prefix),
                facts=FACTS.named(prefix),
                snapshots=SNAPSHOTS.named(prefix),
                processors=processors_of(prefix),
            ),
            connection,
            open_client,
            lambda: self._sink.parts,
            settings.policies,
            self._folded,
            explain_store,
        )
        self._registry = CollectorRegistry()
        self._sink.measures.register(
            self._registry,
            lambda: sum(len(each.held) for each in self._sink.parts),
            lambda: self._sink.interruptions,
        )

    def _explained(self, errors: Sequence[KafkaError]) -> str:
        return kafka.explained(errors, self._settings.kafka)

    def _stored(self, _: Range, stored: Stored) -> None:
        if any(each.table == "dirty_day_facts" for each in stored.written):
            self._late.wake()

    def _folded(self, days: int) -> None:
        self._sink.measures.refolds += days

    def _ready(self) -> str:
        return str(self._failure or self._sink.ready())

    def _stop(self) -> None:
        self._sink.stop()
        haste = threading.Timer(GRACE_SECONDS + LAST_ANSWER_SECONDS, self._leave)
        haste.daemon = True
        haste.start()

    def _leave(self) -> None:
        """End the process while an answer is still owed: a thread cannot be stopped."""
        # Commits wait for the brokers, and the thread of late days for either.
        who = "the store has" if self._sink.inserting else "the brokers or the store have"
        sys.stderr.write(
            f"pult: {who} not answered within {GRACE_SECONDS:g} s; nothing is lost, the next "
            "start stores what was under way\n"
        )
        sys.stderr.flush()
        os._exit(1)

    async def serve(self, out: Callable[[str], None]) -> None:
        """Store until a signal comes or it cannot go on.

        Raises:
            PultFailure: it could not go on.
        """
        http = self._settings.http
        app = web.Application(middlewares=[only_loopback] if is_loopback(http.host) else [])
        app.add_routes(health_routes(self._ready, self._registry))
        runner, port = await listen(app, http.host, http.sink_port, "the sink", "--port")
        loop, ended = asyncio.get_running_loop(), asyncio.Event()

        def guarded() -> None:
            try:
                self._sink.run()
            except PultFailure as failure:
                self._failure = failure
            finally:
                # Where the loop has ended before, there is nobody left to tell.
                with suppress(RuntimeError):
                    loop.call_soon_threadsafe(ended.set)

        threads = [
            threading.Thread(target=guarded, name="sink"),
            threading.Thread(target=self._late.run, name="late-days"),
        ]
        try:
            on_stop(self._stop)
            out(f"Sink     {address(http.host, port)}/metrics  (Ctrl-C stops)")
            for thread in threads:
                thread.start()
            await ended.wait()
            self._late.stop()
            for thread in threads:
                await asyncio.to_thread(thread.join)
            if self._failure is not None:
                # Whoever watches /readyz can read why before the address is gone.
                _LOG.error("stops: %s", self._failure)
                await asyncio.sleep(LAST_WORDS_SECONDS)
                raise self._failure
        finally:
            await runner.cleanup()
