"""Sinks in processes of their own, some of which kill themselves at a chosen moment."""

import re
import signal
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from schemas.facts import Fact
from schemas.facts import encode as encode_fact
from schemas.topics import TOPICS
from stream_processors.core.pipeline import Batch, Record, apply
from stream_processors.core.state import State
from tests.integration.stores import PASSWORD, Store
from tests.integration.workers import Site, Worker, eventually
from tests.pult.command import PULT
from tests.shells.records import of
from tests.timetable import terms

PIECES = 8
"""Into so many batches a log is cut, so that a visit has several revisions."""

_TABLES = {
    "Leg": "leg_history", "Offer": "offer_facts", "AgentSession": "agent_session_facts",
    "AgentInterval": "agent_state_facts", "Break": "break_facts",
    "WallSample": "wall_sample_facts", "TeamSample": "team_sample_facts",
    "Violation": "violation_history", "Review": "review_facts", "DayDirty": "dirty_day_facts",
}  # fmt: skip

_MOVING = (
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
)
_ROW_BY_ROW = ("events", "leg_history", "wall_sample_facts", "team_sample_facts")

# What is run instead of `pult`: the same program, with a moment at which it is killed or a
# defect that a check must find. A moment is a step of storing and how often it is let pass.
_DEFECTIVE = """
import os, random, signal, sys
import sql.ranges
import stream_processors.shells.sink_parts as parts
import stream_processors.shells.sink_steps as steps

kind, count = sys.argv.pop(1).split(":")

def replaced(owner, name, change):
    inner = getattr(owner, name)
    def outer(*arguments, **named):
        return change(inner, *arguments, **named)
    setattr(owner, name, outer)

def die():
    os.kill(os.getpid(), signal.SIGKILL)

calls = []
def countdown():
    calls.append(1)
    return len(calls) > int(count)

if kind == "before-insert":
    replaced(sql.ranges, "insert_arrow", lambda inner, *a: die() if countdown() else inner(*a))
elif kind == "after-insert":
    replaced(sql.ranges, "insert_arrow", lambda inner, *a: (inner(*a), countdown() and die()))
elif kind == "before-commit":
    # Of events, whose place in the log the store knows: the kill can be proved from outside.
    replaced(steps.Steps, "_finish", lambda inner, me, done: die()
        if any(told.topic.endswith(".events") for _, told, *_ in done) and countdown()
        else inner(me, done))
elif kind == "after-commit":
    replaced(steps.Steps, "_finish", lambda inner, *a: (inner(*a), countdown() and die()))
elif kind == "no-tokens":
    replaced(sql.ranges, "insert_arrow",
        lambda inner, c, i, b, token: inner(c, i, b, f"{token}:{random.random()}"))
elif kind == "no-sync":
    import pult.sink
    def refused(*_):
        raise OSError(int(count), os.strerror(int(count)))
    pult.sink.sync_filesystem = refused
elif kind == "no-bounds":
    parts.note_in = lambda *_: parts.Note()
import pult.cli
sys.exit(pult.cli.main())
"""


def spoiled(defect: str) -> Sequence[str | Path]:
    """Return the command of a sink with a defect."""
    return [sys.executable, "-c", _DEFECTIVE, defect, "sink"]


def concluded(values: Sequence[bytes], tenant: str) -> list[Fact]:
    """Fold a tenant's log in some batches; return what each of them concludes."""
    state, found = State(tenant, tenant, position=-1), list[Fact]()
    step = len(values) // PIECES + 1
    for begin in range(0, len(values), step):
        records = enumerate(values[begin : begin + step], begin)
        found += apply(state, Batch(tuple(Record(*each) for each in records)), terms())
    return found


class Pipe:
    """Topics, a store and sinks of one test."""

    def __init__(self, site: Site, store: Store) -> None:
        self.site = site
        self.store = store
        self.events = 0
        self.facts: dict[str, int] = {}
        site.settings = f"{store.settings}[sink]\nflush_every = '100ms'\n"

    def tenant(self, number: int) -> str:
        """Return the name of a tenant that no other test has."""
        return f"{self.site.prefix}-{number}"

    def publish(self, values: Sequence[bytes], tenants: int) -> None:
        """Write what tenants' PBX told, all the same, and what follows from it.

        Each tenant has a partition of its own, so that a record's place in the values is its
        offset.
        """
        events, facts = [], []
        for number in range(tenants):
            name = self.tenant(number)
            told = [of(value, name) for value in values]
            events += [(number, name, value) for value in told]
            for fact in concluded(told, name):
                facts.append((number, name, encode_fact(fact)))
                table = _TABLES[type(fact).__name__]
                self.facts[table] = self.facts.get(table, 0) + 1
        self.events += len(events)
        self.write("events", events)
        self.write("facts", facts)

    def write(self, topic: str, records: Iterable[tuple[int, str | bytes, bytes]]) -> None:
        """Write records (partition, key, value) to a topic."""
        producer = Producer({"bootstrap.servers": self.site.bootstrap, "linger.ms": 5})
        for partition, key, value in records:
            producer.produce(f"{self.site.prefix}.{topic}", value, key, partition)
            producer.poll(0)
        assert producer.flush(30) == 0

    def sink(self, name: str = "s1", *options: str, defect: str = "") -> Worker:
        """Start a sink; with a defect it kills itself at a moment, or does not do its work."""
        command: Sequence[str | Path] = spoiled(defect) if defect else [PULT, "sink"]
        sink = Worker(
            self.site, name, options, command=command, env={"SINK_PASSWORD": PASSWORD}
        )
        self.site.workers.append(sink)
        sink.start()
        return sink

    def _committed(self) -> list[TopicPartition]:
        """Return the offsets of the sinks' group and what stands beside them."""
        consumer = Consumer(
            {"bootstrap.servers": self.site.bootstrap, "group.id": f"{self.site.prefix}-sink"}
        )
        asked = [
            TopicPartition(topic.named(self.site.prefix), each)
            for topic in TOPICS[:3]
            for each in range(topic.partitions)
        ]
        with closing(consumer):
            while True:
                try:
                    return consumer.committed(asked, timeout=20)
                except KafkaException as error:
                    # A coordinator that has just been made does not know yet that it is one.
                    if error.args[0].code() not in _MOVING:
                        raise

    def pending(self) -> list[tuple[str, int, int, int]]:
        """Return the ranges whose bounds the group has left: topic, partition, first, last."""
        told = [
            (each, re.match(r"pending (\d+)-(\d+)", each.metadata or ""))
            for each in self._committed()
        ]
        return [
            (each.topic.rpartition(".")[2], each.partition, int(found[1]), int(found[2]))
            for each, found in told
            if found
        ]

    def fell_between(self) -> bool:
        """Tell whether a kill left rows in the store whose range is not committed."""
        return any(
            topic == "events"
            and self.store.number(
                f"SELECT count() FROM pult.events WHERE tenant = '{self.tenant(partition)}' "
                f"AND log_offset BETWEEN {first} AND {last}"
            )
            for topic, partition, first, last in self.pending()
        )

    def committed(self) -> dict[str, int]:
        """Return how many records of each topic the group has stored."""
        found: dict[str, int] = {}
        for each in self._committed():
            name = each.topic.rpartition(".")[2]
            found[name] = found.get(name, 0) + max(0, each.offset)
        return found

    def wait_until_stored(self, seconds: float = 60, rejected: int = 0) -> None:
        """Wait until the group has committed all that was published, and nothing pends."""
        wanted = {
            "events": self.events, "facts": sum(self.facts.values()), "rejected": rejected,
        }  # fmt: skip
        eventually("all is stored", seconds, lambda: self.committed() == wanted)
        assert self.pending() == []

    def doubled(self) -> dict[str, tuple[int, int]]:
        """Return the tables whose rows are not as many as were published: found, wanted.

        Counted without FINAL, of tables where each record is a row of its own; in the others
        an insert keeps of the rows of one key the last. The store must not merge meanwhile.
        """
        published = {"events": self.events, **self.facts}
        wanted = {name: rows for name, rows in published.items() if name in _ROW_BY_ROW}
        found = {
            name: self.store.number(
                f"SELECT count() FROM pult.{name} "
                f"WHERE startsWith(tenant, '{self.site.prefix}')"
            )
            for name in wanted
        }
        return {
            name: (found[name], wanted[name]) for name in wanted if found[name] != wanted[name]
        }


def killed(sink: Worker) -> bool:
    """Wait until a sink has killed itself."""
    return sink.wait() == -signal.SIGKILL
