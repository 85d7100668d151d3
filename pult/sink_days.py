"""Days that an event reached too late, folded again from the store by the sink that owns them.

Such a day is marked in `dirty_days` by a fact, so a sink that died finds it again. It is folded
once everything is stored that follows from the log up to a position: the processor has
committed that position after its facts were acknowledged, and the sink has stored all facts
that were in the topic then. That position is the revision of what the fold says.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from clickhouse_connect.driver.client import Client
from confluent_kafka import Consumer, KafkaException, TopicPartition

from pult.refold import refold_days
from schemas.errors import OutputFailed, PultFailure, StoreFailed
from schemas.policies import Policies, PolicyHistory
from sql.store import store_errors
from sql.writer import Writer
from stream_processors.core.state import Terms
from stream_processors.shells import archive, policy_log
from stream_processors.shells.sink_parts import Part

_LOG = logging.getLogger(__name__)

LOOK_SECONDS = 30.0
"""How often the store is asked for marked days when nobody says that there are new ones."""

AGAIN_SECONDS = 1.0
_ASK_SECONDS = 10.0
_DIRTY = (
    "SELECT tenant, domain, max(revision), groupArray(toString(day)) FROM pult.dirty_days "
    "GROUP BY tenant, domain ORDER BY tenant, domain"
)
_PARTITION = (
    "SELECT log_partition FROM pult.events WHERE tenant = {tenant:String} "
    "AND domain = {domain:String} ORDER BY tenant DESC, domain DESC, occurred_at DESC LIMIT 1"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """Where events, what follows from them and the history of targets are."""

    events: str
    facts: str
    snapshots: str
    processors: str
    """The group whose committed offsets say how far events are folded."""


@dataclass(frozen=True, slots=True)
class _Late:
    """Days of a domain that wait to be folded again."""

    tenant: str
    domain: str
    revision: int
    days: Sequence[str]
    partition: int | None
    """Of the log; None while no event of the domain is stored."""


@dataclass(slots=True)
class _Server:
    """A store as those who fold again want it."""

    client: Client
    writer: Writer


class SinkDays:
    """Folds marked days again until stopped; `run` is for a thread of its own.

    Args:
        topics: names of the topics and of the processors' group.
        connection: how to reach the brokers, in librdkafka's words.
        open_client: opens a client of the store.
        parts: returns the partitions that are ours at this moment.
        policies_of: the targets of a tenant by the settings, where no history of them is kept.
        folded: told after each domain's days are folded, how many.
        explain_store: puts a failure of the store into one line.
    """

    def __init__(
        self,
        topics: Topics,
        connection: Mapping[str, Any],
        open_client: Callable[[], Client],
        parts: Callable[[], Sequence[Part]],
        policies_of: Callable[[str], Policies],
        folded: Callable[[int], None],
        explain_store: Callable[[StoreFailed], str] = str,
    ) -> None:
        self._topics = topics
        self._connection = connection
        self._open_client = open_client
        self._parts = parts
        self._policies_of = policies_of
        self._folded = folded
        self._explain_store = explain_store
        self._news = threading.Event()
        self._stopping = threading.Event()

    def wake(self) -> None:
        """Tell that days were marked or partitions have come; may be called from any thread."""
        self._news.set()

    def stop(self) -> None:
        """Have `run` return soon; a fold that is not finished is done again by another."""
        self._stopping.set()
        self._news.set()

    def run(self) -> None:
        """Fold what is marked, now and whenever something is."""
        while not self._stopping.is_set():
            self._news.clear()
            try:
                waiting = self._round()
            except _Interrupted:
                continue
            except PultFailure as failure:
                told = str(failure)
                if isinstance(failure, StoreFailed):
                    told = self._explain_store(failure)
                _LOG.warning("late days wait: %s", told)
                waiting = False
            seconds = AGAIN_SECONDS if waiting else LOOK_SECONDS
            if waiting:
                self._stopping.wait(seconds)
            else:
                self._news.wait(seconds)

    def _round(self) -> bool:
        """Fold what can be; tell whether something waits for the processor or the sink."""
        waiting = False
        client = self._open_client()
        try:
            for late in _marked(client):
                if late.partition is None:
                    waiting = True
                elif late.partition in self._owned():
                    position = self._position(late, late.partition)
                    if position is None:
                        waiting = True
                    else:
                        self._fold(client, late, late.partition, position)
        finally:
            client.close()
        return waiting

    def _owned(self) -> set[int]:
        """Return the partitions whose events and facts are both ours."""
        mine: dict[int, set[str]] = {}
        for each in self._parts():
            mine.setdefault(each.number, set()).add(each.topic)
        wanted = {self._topics.events, self._topics.facts}
        return {number for number, topics in mine.items() if wanted <= topics}

    def _position(self, late: _Late, partition: int) -> int | None:
        """Return the position to fold at; None while not all is stored that is needed."""
        events = TopicPartition(self._topics.events, partition)
        facts = TopicPartition(self._topics.facts, partition)
        asked = {**self._connection, "group.id": self._topics.processors}
        try:
            with closing(Consumer(asked)) as consumer:
                folded = consumer.committed([events], timeout=_ASK_SECONDS)[0].offset
                # Asked after the commit: what it stands for is in the topic by then.
                _, end = consumer.get_watermark_offsets(facts, timeout=_ASK_SECONDS)
        except KafkaException as error:
            msg = f"cannot ask how far events are folded: {error.args[0].str()}"
            raise OutputFailed(msg) from error
        stored = {(each.topic, each.number): each.next for each in self._parts()}
        known = stored.get((facts.topic, partition), -1)
        seen = stored.get((events.topic, partition), -1)
        ready = folded > late.revision and seen >= folded and known >= end
        return folded - 1 if ready else None

    def _fold(self, client: Client, late: _Late, partition: int, position: int) -> None:
        terms = Terms(self._history(late.tenant, partition), refold_at=position)

        def go_on(_: int, __: int) -> None:
            if self._stopping.is_set() or partition not in self._owned():
                raise _Interrupted

        store = _Server(client, Writer(client))
        refolded = refold_days(store, late.tenant, late.domain, terms, late.days, go_on)
        self._folded(len(late.days))
        _LOG.info(
            "folded again domain=%s days=%s offset=%d events=%d",
            late.domain, ",".join(late.days), position, refolded.events,
        )  # fmt: skip

    def _history(self, tenant: str, partition: int) -> PolicyHistory:
        shelf = archive.read(self._connection, self._topics.snapshots, [partition])
        kept = shelf[partition].policies
        if kept is None:
            return PolicyHistory([(0, self._policies_of(tenant))])
        where = f"{self._topics.snapshots} partition {partition}"
        return policy_log.history(policy_log.decode(kept, where), tenant)


class _Interrupted(Exception):
    """The partition is not ours any more, or it is time to stop."""


def _marked(client: Client) -> list[_Late]:
    """Return what waits to be folded again.

    Raises:
        StoreFailed: the store cannot be read.
    """
    found = []
    with store_errors("look for days that events reached too late"):
        for tenant, domain, revision, days in client.query(_DIRTY).result_rows:
            whose = {"tenant": tenant, "domain": domain}
            rows = client.query(_PARTITION, parameters=whose).result_rows
            partition = rows[0][0] if rows else None
            found.append(_Late(tenant, domain, revision, sorted(days), partition))
    return found
