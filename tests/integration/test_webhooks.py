"""What is posted to `pult adapter` is in the history once, though Kafka was away meanwhile."""

import asyncio
import json
import logging
import signal
import subprocess
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition

from schemas.topics import EVENTS
from sql.embedded import EmbeddedStore
from tests.integration.conftest import NewCluster
from tests.kafka import Cluster, free_port
from tests.pult.command import PULT, dies_with_its_parent, environment, pult, wait_for
from tests.pult.hooked import SECRET
from tests.pult.test_webhooks_load import drips, memory_mb, pour

PREFIX = "hooks"
LEAST = 0.6
"""Of the rate that is wanted so much is reached though other tests share the machine."""

_LOG = logging.getLogger(__name__)


class Adapter:
    """A running adapter of a source `crm`, at one address however often it is started.

    Attributes:
        grown_mb: the most that one of its processes has taken beyond what it began with.
    """

    def __init__(self, folder: Path, bootstrap: str) -> None:
        port = free_port()
        self.address = f"http://127.0.0.1:{port}/hooks/crm"
        self.config = folder / "pult.toml"
        self.grown_mb = 0.0
        self._folder = folder
        self.config.write_text(
            f'[kafka]\nbootstrap = "{bootstrap}"\nprefix = "{PREFIX}"\nreplication = 1\n'
            f"[http]\nadapter_port = {free_port()}\nsink_port = {free_port()}\n"
            f"webhook_port = {port}\n"
            '[sources.crm]\nkind = "webhook"\n'
            'webhook = { mapping = "generic", secret_env = "CRM_SECRET", rate = 100000 }\n'
        )
        made = pult("topics", "--config", self.config)
        assert made.code == 0, made
        self.start()

    def start(self) -> None:
        """Start it, once more after a kill."""
        self.process = started(
            self._folder / "said", b"Adapter ", "adapter", "crm", "--config", self.config,
            "--data", self._folder / "data",
        )  # fmt: skip
        self._before = memory_mb(self.process)

    def stop(self, how: int) -> None:
        """Stop it, or kill it."""
        self.grown_mb = max(self.grown_mb, memory_mb(self.process) - self._before)
        self.process.send_signal(how)
        self.process.wait(60)


def started(said: Path, sign: bytes, *arguments: object) -> "subprocess.Popen[bytes]":
    """Start a command; wait until it says something."""
    with said.open("wb") as told:
        process = subprocess.Popen(
            list(map(str, [PULT, *arguments])), stdout=told, stderr=told,
            env={**environment(), "CRM_SECRET": SECRET}, preexec_fn=dies_with_its_parent,
        )  # fmt: skip
    wait_for(lambda: sign in said.read_bytes(), 60, str(arguments[0]))
    return process


def history(bootstrap: str, config: Path, folder: Path) -> Counter[str]:
    """Store what is in Kafka; return how often each case is in the history."""
    data = folder / "history"
    sink = started(folder / "stored", b"Sink ", "sink", "--embedded", "--config", config,
                   "--data", data)  # fmt: skip
    try:
        wait_for(lambda: not _behind(bootstrap), 60, "a sink that has caught up")
    finally:
        sink.send_signal(signal.SIGTERM)
        sink.wait(60)
    with closing(EmbeddedStore(data / "store")) as store:
        rows = store.query("SELECT data FROM events FINAL", "JSONEachRow").splitlines()
    return Counter(json.loads(json.loads(row)["data"])["case_id"] for row in rows)


def _behind(bootstrap: str) -> bool:
    """Tell whether there is something in Kafka that the sink has not stored yet."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": f"{PREFIX}-sink"})
    asked = [TopicPartition(EVENTS.named(PREFIX), each) for each in range(EVENTS.partitions)]
    with closing(consumer):
        try:
            stored = sum(max(0, each.offset) for each in consumer.committed(asked, timeout=20))
        except KafkaException:
            return (
                True  # a coordinator that has just been made does not know yet that it is one
            )
        ends = [consumer.get_watermark_offsets(each, timeout=20)[1] for each in asked]
    return stored < sum(ends)


class Sender:
    """Posts at a rate in several goes.

    Attributes:
        taken: what was answered with 2xx.
    """

    def __init__(self, adapter: Adapter, rate: float) -> None:
        self.taken: set[str] = set()
        self._adapter = adapter
        self._rate = rate
        self._posts = self._seconds = 0.0

    def go(self, seconds: float, name: str) -> int:
        """Post for so long; return how much was taken."""
        begun = time.monotonic()
        taken = asyncio.run(pour(self._adapter.address, seconds, self._rate, name))
        self._seconds += time.monotonic() - begun
        self._posts += len(taken)
        self.taken |= taken
        return len(taken)

    def go_on_until_killed(self) -> None:
        """Post until the adapter is killed, after a second."""

        async def killed() -> set[str]:
            pouring = asyncio.create_task(pour(self._adapter.address, 60, self._rate, "killed"))
            await asyncio.sleep(1)
            await asyncio.to_thread(self._adapter.stop, signal.SIGKILL)
            return await pouring

        self.taken |= asyncio.run(killed())

    @property
    def rate(self) -> float:
        """How many posts a second were taken, in whole goes."""
        return self._posts / self._seconds


def through_an_outage(
    cluster: Cluster, folder: Path, seconds: float, rate: float, kill: bool
) -> None:
    """Post all the while; Kafka is away for half of it, the adapter is killed meanwhile."""
    cluster.start()
    adapter = Adapter(folder, cluster.bootstrap)
    sender = Sender(adapter, rate)
    try:
        with drips(adapter.address):
            sender.go(seconds / 4, "before")
            cluster.kill()
            away = sender.go(seconds / 4, "away")
            if kill:
                sender.go_on_until_killed()
                adapter.start()
            away += sender.go(seconds / 4, "still away")
            assert away > 0.99 * rate * seconds / 2, "Kafka's absence is not the sender's"
            cluster.start()
            sender.go(seconds / 4, "after")
    finally:
        # It ends when all is published.
        adapter.stop(signal.SIGTERM)
    found = history(cluster.bootstrap, adapter.config, folder)
    _LOG.info(
        "%d posts, %.0f a second, %.0f MiB more", len(found), sender.rate, adapter.grown_mb
    )
    assert sender.taken <= set(found), "what was answered with 2xx is lost"
    assert set(found.values()) == {1}
    assert adapter.grown_mb < 200
    assert sender.rate > LEAST * rate


@pytest.mark.soak
@pytest.mark.parametrize("kill", [False, True])
def test_a_minute_of_posts_outlasts_half_a_minute_without_kafka(
    kill: bool, new_cluster: NewCluster, tmp_path: Path
) -> None:
    through_an_outage(new_cluster(), tmp_path, 60, 1_000, kill)


@pytest.mark.alone
def test_ten_seconds_of_posts_outlast_five_without_kafka_and_a_kill(
    new_cluster: NewCluster, tmp_path: Path
) -> None:
    through_an_outage(new_cluster(), tmp_path, 10, 1_000, kill=True)
