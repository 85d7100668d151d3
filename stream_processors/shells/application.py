"""The Faust application of a worker: its settings, its one agent, its life."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import faust
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
)
from confluent_kafka import KafkaError as KafkaClientError
from faust.auth import SASLCredentials, SSLCredentials
from faust.types.auth import CredentialsT
from faust.types.streams import StreamT
from prometheus_client import CollectorRegistry

from schemas.errors import LogTorn, OutputFailed, PultFailure
from stream_processors.shells.archive import ends, read
from stream_processors.shells.measures import Measures
from stream_processors.shells.membership import holder
from stream_processors.shells.outbox import Outbox
from stream_processors.shells.topic_watch import TopicWatch
from stream_processors.shells.transport import SCHEME, Batch, BatchApp, register
from stream_processors.shells.worker import Worker
from stream_processors.shells.worker_plan import Plan

SESSION_SECONDS = 10.0
HEARTBEAT_SECONDS = 2.0
REBALANCE_SECONDS = 10.0
RECORDS_AT_ONCE = 2_000
"""A batch of so many is applied in some 20 ms; longer would hold up everything else."""

DRAIN_SECONDS = 8.0
"""What a worker takes at most to save and commit when it is told to stop."""

WATCH_SECONDS = 4.0
"""So often the brokers are asked whether they are there, and so long an answer may take."""

_LOOK_SECONDS = 1.0
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach the brokers, in the words of both clients."""

    librdkafka: Mapping[str, Any]
    aiokafka: Mapping[str, Any] = field(repr=False)


def build(plan: Plan, group: str, connection: Connection) -> BatchApp:
    """Return the application; it starts nothing."""
    register()
    servers = connection.aiokafka["bootstrap_servers"]
    app = BatchApp(
        group,
        broker=[f"{SCHEME}://{server}" for server in servers],
        broker_credentials=_credentials(connection.aiokafka),
        consumer_group_instance_id=plan.name,
        broker_session_timeout=SESSION_SECONDS,
        broker_heartbeat_interval=HEARTBEAT_SECONDS,
        broker_rebalance_timeout=REBALANCE_SECONDS,
        broker_max_poll_records=RECORDS_AT_ONCE,
        broker_commit_interval=1.0,
        consumer_max_fetch_size=4 * 1024 * 1024,
        consumer_auto_offset_reset="earliest",
        processing_guarantee="at_least_once",
        store="memory://",
        key_serializer="raw",
        value_serializer="raw",
        table_standby_replicas=0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        stream_wait_empty=False,
        stream_buffer_maxsize=16,
        stream_recovery_delay=0.0,
        web_enabled=False,
        worker_redirect_stdouts=False,
    )
    app.events = plan.events
    return app


def _credentials(values: Mapping[str, Any]) -> CredentialsT | None:
    context = values.get("ssl_context")
    if "sasl_mechanism" in values:
        return SASLCredentials(
            username=values["sasl_plain_username"], password=values["sasl_plain_password"],
            mechanism=values["sasl_mechanism"], ssl_context=context,
        )  # fmt: skip
    return SSLCredentials(context) if context is not None else None


class Processor:
    """One worker from its start to its end; make it inside the event loop.

    Args:
        plan: what it is told.
        group: the consumer group.
        connection: how to reach the brokers.
        registry: takes what it measures.
        explain: puts errors of the brokers into one line; may take a second.
    """

    def __init__(
        self,
        plan: Plan,
        group: str,
        connection: Connection,
        registry: CollectorRegistry,
        explain: Callable[[Sequence[KafkaClientError]], str],
    ) -> None:
        self._explain = explain
        self._ended = asyncio.Event()
        self._group = group
        self._outbox = Outbox(connection.librdkafka, self._give_up)
        self.worker = Worker(
            plan,
            self._outbox,
            lambda partitions: read(connection.librdkafka, plan.snapshots, partitions),
            lambda topic, partitions: ends(connection.librdkafka, topic, partitions),
            Measures(registry),
            lambda _: self._ended.set(),
        )
        self._topic = TopicWatch(connection.librdkafka, [plan.events])
        self._app = build(plan, group, connection)
        self._app.keeper = self.worker
        self._app.holder = lambda: holder(connection.librdkafka, group, plan.name)
        topic = self._app.topic(plan.events, value_type=None, value_serializer="raw")
        self._app.agent(topic, name="fold")(self._fold)

    async def _fold(self, stream: StreamT[Any]) -> None:
        # Not acknowledged to Faust: only the ledger moves offsets.
        async for batch in cast(faust.Stream[Any], stream).noack():
            try:
                self.worker.take(cast(Batch, batch))
                await self._outbox.room()
            except PultFailure as failure:
                self.worker.fail(failure)
            except Exception as error:
                # Faust would start the agent anew behind the batch that it failed at.
                _LOG.exception("a batch could not be applied")
                msg = f"a batch could not be applied: {error!r}"
                self.worker.fail(LogTorn(msg))

    def _give_up(self, failure: OutputFailed) -> None:
        self.worker.fail(failure)

    def stop(self) -> None:
        """Ask it to drain and end."""
        self._ended.set()

    async def run(self, started: Callable[[], None] = lambda: None) -> None:
        """Work until `stop` is called or something fails.

        Raises:
            PultFailure: it could not go on.
        """
        beside: list[asyncio.Task[None]] = []
        try:
            tasks = self._save(), self._watch(), self._watch_topic()
            beside = [asyncio.create_task(each) for each in tasks]
            joined = await self._joined()
            if joined:
                started()
                await self._app.wait(self._ended.wait())
            self._notice_crash()
            if joined and self.worker.failure is None:
                await self._drain()
        finally:
            for each in beside:
                each.cancel()
            await self._app.stop()
            await asyncio.to_thread(self._outbox.close, 1.0)
        if self.worker.failure is not None:
            raise self.worker.failure
        _LOG.info("stopped")

    async def _joined(self) -> bool:
        """Start the application; False if it is to end before it has joined its group."""
        starting = asyncio.create_task(self._app.start())
        ended = asyncio.create_task(self._ended.wait())
        await asyncio.wait((starting, ended), return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if not starting.done():
            # Faust waits for its partitions, for ever where the group does not let it in.
            starting.cancel()
            return False
        await starting
        return True

    async def _save(self) -> None:
        try:
            await self.worker.keep_saving()
        except PultFailure as failure:
            self.worker.fail(failure)

    async def _watch(self) -> None:
        """Ask the brokers now and then: Faust tries again for ever, and says nothing."""
        worker = self.worker
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            unreachable, partitions = await asyncio.to_thread(self._asked)
            worker.note_brokers(unreachable, partitions)

    def _asked(self) -> tuple[str, int]:
        error, partitions = self._outbox.asked(self.worker.plan.events, WATCH_SECONDS)
        return self._explain([error]) if error is not None else "", partitions

    async def _watch_topic(self) -> None:
        """See whether the topic stays the one that was there at the start."""
        try:
            while True:
                self._topic.look()
                await asyncio.sleep(_LOOK_SECONDS)
        except LogTorn as failure:
            self.worker.fail(failure)

    def _notice_crash(self) -> None:
        reason = self._app.crash_reason
        if isinstance(reason, PultFailure):
            self.worker.fail(reason)
        elif isinstance(reason, (TopicAuthorizationFailedError, GroupAuthorizationFailedError)):
            self.worker.fail(OutputFailed(self._forbidden(reason)))
        elif reason is not None or not self._ended.is_set():
            msg = f"the consumer of {self.worker.plan.events} ended: {reason!r}"
            self.worker.fail(OutputFailed(msg))

    def _forbidden(self, reason: KafkaError) -> str:
        group = isinstance(reason, GroupAuthorizationFailedError)
        what = f"be in group {self._group}" if group else f"read {self.worker.plan.events}"
        return f"this worker may not {what} any more (ACL of the brokers)"

    async def _drain(self) -> None:
        consumer = self._app.consumer
        consumer.stop_flow()
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await self.worker.drain(consumer.commit)
        except TimeoutError:
            msg = (
                f"could not save within {DRAIN_SECONDS:g} s; nothing is lost, the next start "
                "takes longer"
            )
            self.worker.fail(OutputFailed(msg))
