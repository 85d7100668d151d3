"""A real broker for a benchmark, of its own, and what is in its topics."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import OFFSET_BEGINNING, NewTopic

from schemas.topics import TOPICS, Topic
from tests.kafka import Cluster, missing

SECONDS = 60


class Broker:
    """One broker; the benchmark and what it measures share the machine with it."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self._admin = AdminClient({"bootstrap.servers": bootstrap})

    def make(self, prefix: str, topics: Iterable[Topic] = TOPICS) -> None:
        """Create the topics of a prefix."""
        made = self._admin.create_topics(
            [
                NewTopic(
                    each.named(prefix), each.partitions, 1,
                    config={
                        "cleanup.policy": each.cleanup,
                        "max.message.bytes": str(each.max_message_bytes),
                    },
                )
                for each in topics
            ]
        )  # fmt: skip
        for future in made.values():
            future.result(SECONDS)

    def remove(self, names: Iterable[str]) -> None:
        """Delete topics, so that a long benchmark needs no large disk."""
        for future in self._admin.delete_topics(list(names)).values():
            future.result(SECONDS)

    def fill(self, topic: str, records: Iterable[tuple[str, bytes]]) -> None:
        """Write records, each in the partition of its key."""
        producer = Producer(
            {
                "bootstrap.servers": self.bootstrap, "enable.idempotence": True,
                "partitioner": "murmur2_random", "linger.ms": 50, "compression.type": "lz4",
            }
        )  # fmt: skip
        for number, (key, value) in enumerate(records):
            producer.produce(topic, value, key)
            if number % 10_000 == 0:
                producer.flush()
        assert producer.flush(SECONDS) == 0

    def values(self, topic: str) -> Mapping[str, list[bytes]]:
        """Return the values of each key, in order."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.bootstrap, "group.id": "reading",
                "enable.partition.eof": True, "enable.auto.commit": False,
            }
        )  # fmt: skip
        partitions = consumer.list_topics(topic, SECONDS).topics[topic].partitions
        consumer.assign([TopicPartition(topic, each, OFFSET_BEGINNING) for each in partitions])
        left = len(partitions)
        found: dict[str, list[bytes]] = {}
        while left:
            for message in consumer.consume(10_000, 0.2):
                if message.error():
                    left -= 1
                else:
                    found.setdefault(message.key().decode(), []).append(message.value())
        consumer.close()
        return found


@contextmanager
def broker() -> Iterator[Broker]:
    """Start a broker in a folder of its own; both are gone afterwards."""
    lacking = missing()
    if lacking:
        raise SystemExit(lacking)
    with tempfile.TemporaryDirectory(prefix="pult-bench-") as folder:
        cluster = Cluster(Path(folder))
        try:
            cluster.start()
            yield Broker(cluster.bootstrap)
        finally:
            cluster.kill()
