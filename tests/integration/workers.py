"""Workers in processes of their own, topics of their own, and what came out of them."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import msgspec
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import OFFSET_BEGINNING, NewTopic

from schemas import facts
from schemas.facts import Fact
from schemas.topics import TOPICS, Topic
from tests.pult.command import PULT, SECONDS, dies_with_its_parent, environment, wait_for

Records = dict[int, list[tuple[bytes | None, bytes | None]]]


@dataclass
class Site:
    """An installation: a prefix on a broker, settings, workers, and all they write."""

    bootstrap: str
    prefix: str
    folder: Path
    settings: str = ""
    kafka: str = ""
    workers: list["Worker"] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.make(*TOPICS)

    def make(self, *topics: Topic) -> None:
        """Create topics."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        made = admin.create_topics(
            [
                NewTopic(
                    each.named(self.prefix), each.partitions, 1,
                    config={
                        "cleanup.policy": each.cleanup,
                        "max.message.bytes": str(each.max_message_bytes),
                    },
                )
                for each in topics
            ]
        )  # fmt: skip
        for future in made.values():
            future.result(20)
        # The controller has them; the broker that is asked hears of it a moment later.
        wait_for(
            lambda: made.keys() <= admin.list_topics(timeout=20).topics.keys(), 20, "topics"
        )

    def publish(
        self, records: Iterable[tuple[str | bytes | None, bytes | None]], partition: int = -1
    ) -> None:
        """Write events, each with its key, to the partition of the key."""
        producer = Producer(
            {
                "bootstrap.servers": self.bootstrap, "enable.idempotence": True,
                "partitioner": "murmur2_random", "linger.ms": 5, "compression.type": "lz4",
            }
        )  # fmt: skip
        for key, value in records:
            producer.produce(f"{self.prefix}.events", value, key, partition)
            producer.poll(0)
        assert producer.flush(30) == 0

    def read(self, topic: str) -> Records:
        """Return all records of a topic, by partition."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.bootstrap, "group.id": "tests",
                "fetch.wait.max.ms": 10, "enable.partition.eof": True,
                "enable.auto.commit": False,
            }
        )  # fmt: skip
        name = f"{self.prefix}.{topic}"
        partitions = range(TOPICS[0].partitions)
        consumer.assign([TopicPartition(name, each, OFFSET_BEGINNING) for each in partitions])
        found: Records = {each: [] for each in partitions}
        unfinished = set(partitions)
        give_up = time.monotonic() + SECONDS
        while unfinished:
            assert time.monotonic() < give_up, f"{name} has no end"
            message = consumer.poll(1)
            if message is None:
                continue
            partition = message.partition()
            assert partition is not None
            if message.error():
                unfinished.discard(partition)
            else:
                key, value = message.key(), message.value()
                assert not isinstance(key, str)
                assert not isinstance(value, str)
                found[partition].append((key, value))
        consumer.close()
        return found

    def facts(self, topic: str = "facts") -> dict[str, list[Fact]]:
        """Return the facts of each key, as they were written."""
        found: dict[str, list[Fact]] = {}
        for records in self.read(topic).values():
            for key, value in records:
                found.setdefault((key or b"").decode(errors="replace"), []).append(
                    facts.decode(value or b"")
                )
        return found

    def committed(self) -> dict[int, int]:
        """Return the committed offsets of the group."""
        consumer = Consumer(
            {"bootstrap.servers": self.bootstrap, "group.id": f"{self.prefix}-processor"}
        )
        name = f"{self.prefix}.events"
        asked = [TopicPartition(name, each) for each in range(TOPICS[0].partitions)]
        told = consumer.committed(asked, timeout=20)
        consumer.close()
        return {each.partition: each.offset for each in told if each.offset >= 0}

    def members(self) -> dict[str, list[tuple[str, list[str]]]]:
        """Return the groups that read our topics: their members and what those read."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        groups = [each.group_id for each in admin.list_consumer_groups().result().valid]
        found: dict[str, list[tuple[str, list[str]]]] = {}
        for group, future in admin.describe_consumer_groups(groups).items():
            for member in future.result().members:
                topics = {each.topic for each in member.assignment.topic_partitions}
                mine = sorted(each for each in topics if each.startswith(f"{self.prefix}."))
                if mine or group.startswith(self.prefix):
                    name = member.group_instance_id or member.member_id
                    found.setdefault(group, []).append((name, mine))
        return {group: sorted(members) for group, members in found.items()}

    def worker(
        self, name: str, *options: str, env: Mapping[str, str] | None = None
    ) -> "Worker":
        """Start a worker; it may not be ready yet."""
        worker = Worker(self, name, options, env=env or {})
        self.workers.append(worker)
        worker.start()
        return worker

    def wait_until_ready(self, seconds: float = 60) -> None:
        """Wait until the workers that run own all partitions and have caught up."""

        def settled() -> bool:
            running = [each for each in self.workers if each.alive]
            owned = [each.partitions for each in running]
            return (
                all(each.caught_up for each in running)
                and sum(map(len, owned)) == TOPICS[0].partitions
            )

        wait_for(settled, seconds, "workers that have caught up")

    def wait_until_applied(self, events: int, seconds: float = 60) -> None:
        """Wait until the workers' backlogs are gone and states hold so many events."""
        wait_for(
            lambda: sum(each.applied for each in self.workers if each.alive) >= events,
            seconds,
            f"{events} applied events",
        )


@dataclass
class Worker:
    """One `pult processor`, or another verb that runs until it is stopped."""

    site: Site
    name: str
    options: Sequence[str] = ()
    address: str = ""
    command: Sequence[str | Path] = (PULT, "processor")
    env: Mapping[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[str]" = field(init=False)

    @property
    def log(self) -> Path:
        """What it says."""
        return self.site.folder / f"{self.name}.log"

    @property
    def cwd(self) -> Path:
        """Where it runs; in a container nothing can be written there."""
        return self.site.folder / f"{self.name}.cwd"

    def start(self) -> None:
        """Start it and wait for its address."""
        config = self.site.folder / "pult.toml"
        config.write_text(
            f"{self.site.settings}\n[kafka]\nbootstrap = '{self.site.bootstrap}'\n"
            f"prefix = '{self.site.prefix}'\n{self.site.kafka}"
        )
        self.address = ""
        self.cwd.mkdir(exist_ok=True)
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [
                    *self.command, "--config", config, "--name", self.name, "--port", "0",
                    *self.options,
                ],
                cwd=self.cwd, env=environment() | dict(self.env), text=True,
                stdout=subprocess.PIPE, stderr=log, preexec_fn=dies_with_its_parent,
            )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"http://[^\s/]+", line)
        if found is not None:
            self.address = found[0]

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it by a signal; return its exit code."""
        self.process.send_signal(how)
        code = self.process.wait(SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def wait(self) -> int:
        """Wait for its end; return the exit code."""
        return self.process.wait(SECONDS)

    @property
    def caught_up(self) -> bool:
        """Whether it is ready, or would be if a source that lives told of itself."""
        status, why = self.status("/readyz")
        return status == 200 or why.startswith("no source has said anything")

    @property
    def said(self) -> str:
        """All it has said."""
        return self.log.read_text()

    @property
    def complaint(self) -> str:
        """The one line of its failure."""
        lines = [line for line in self.said.splitlines() if line.startswith("pult: ")]
        assert len(lines) == 1, self.said
        return lines[0].removeprefix("pult: ")

    def status(self, path: str) -> tuple[int, str]:
        """Return status and text of a page, 0 where nobody answers."""
        try:
            with urlopen(f"{self.address}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except (URLError, ConnectionError, ValueError):
            return 0, ""

    def metrics(self) -> dict[str, float]:
        """Return the samples of its exporter, by name and labels as written."""
        text = self.status("/metrics")[1]
        samples = (line.rpartition(" ") for line in text.splitlines() if line[:1] != "#")
        return {name: float(value) for name, _, value in samples if name}

    @property
    def partitions(self) -> set[int]:
        """The partitions it owns, by its own account."""
        found = (
            re.search(r'pult_partition_backlog{partition="(\d+)"', n) for n in self.metrics()
        )
        return {int(each[1]) for each in found if each is not None}

    @property
    def applied(self) -> float:
        """How many events the states hold that it exports."""
        return sum(
            value
            for name, value in self.metrics().items()
            if name.startswith("pult_events_total")
        )

    def picture(self, query: str) -> dict[str, Any]:
        """Return what its wall shows of a scope."""
        with urlopen(f"{self.address}/live?{query}", timeout=10) as stream:
            for line in stream:
                if line.startswith(b"data: "):
                    picture: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
                    return picture
        msg = "the wall sent nothing"
        raise AssertionError(msg)


@contextmanager
def site(bootstrap: str, prefix: str, folder: Path, settings: str = "") -> Iterator[Site]:
    """Make an installation; its workers are gone afterwards, whatever happened."""
    made = Site(bootstrap, prefix, folder, settings)
    try:
        yield made
    finally:
        for each in made.workers:
            if each.alive:
                os.kill(each.process.pid, signal.SIGCONT)
                each.end(signal.SIGKILL)


_KEYS: Mapping[str, tuple[str, ...]] = {
    "Leg": ("leg_id",),
    "Offer": ("offer_id",),
    "AgentSession": ("agent_id", "logged_in_at"),
    "AgentInterval": ("agent_id", "started_at"),
    "Break": ("agent_id", "started_at"),
    "Violation": ("episode_id",),
    "Review": ("review_id",),
    "WallSample": ("at", "origin", "queue_id"),
    "TeamSample": ("at", "origin", "team"),
    "DayDirty": ("day",),
}

_NOT_COMPARED = {"revision", "known_at"}


def kept(written: Iterable[Fact]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return what a digest looks at: of each fact the newest revision, if it holds.

    Of equal revisions any counts, so they must be equal: that is asserted here.
    """
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for fact in written:
        row = msgspec.structs.asdict(fact)
        name = type(fact).__name__
        key = (name, *(row[each] for each in _KEYS[name]))
        del row["tenant"], row["domain"]
        known = found.get(key)
        if known is not None and known["revision"] == row["revision"]:
            assert known == row, (known, row)
        if known is None or known["revision"] <= row["revision"]:
            found[key] = row
    return {
        key: {name: value for name, value in row.items() if name not in _NOT_COMPARED}
        for key, row in found.items()
        if not row["voided"]
    }


def eventually(what: str, seconds: float, condition: Callable[[], bool]) -> float:
    """Wait until a condition holds; return how long that took."""
    started = time.monotonic()
    wait_for(condition, seconds, what)
    return time.monotonic() - started
