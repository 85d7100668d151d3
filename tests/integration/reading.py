"""What is in topics, and what has to be there: a journal read without our journal."""

import json
import sqlite3
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from producers.frame import Frame, Naming
from producers.kinds import TRANSLATIONS
from schemas.errors import UntranslatableFrame

SECONDS = 30
_QUERY = (
    "SELECT source, feed, received_at_us, content, ordinal, repeat, reason FROM frames "
    "ORDER BY position"
)


class Read(NamedTuple):
    """One record of a topic."""

    partition: int
    key: bytes
    value: dict[str, Any]


def make_topics(
    bootstrap: str, prefix: str, partitions: int = 32, config: dict[str, str] | None = None
) -> None:
    """Make the topics of a prefix, as they are to be except for what is given."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    names = [f"{prefix}.{each}" for each in ("events", "facts", "rejected", "snapshots")]
    for future in admin.create_topics(
        [NewTopic(name, partitions, -1, config=config or {}) for name in names]
    ).values():
        future.result(SECONDS)


def records(bootstrap: str, topic: str) -> list[Read]:
    """Return all records of a topic, partition by partition, in order."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "reading"})
    found: list[Read] = []
    partitions = consumer.list_topics(topic, timeout=SECONDS).topics[topic].partitions
    ends = {number: _end(consumer, TopicPartition(topic, number)) for number in partitions}
    left = {number for number, end in ends.items() if end}
    consumer.assign([TopicPartition(topic, number, 0) for number in left])
    give_up = time.monotonic() + SECONDS
    while left and time.monotonic() < give_up:
        for message in consumer.consume(5_000, 0.2):
            assert message.error() is None, message.error()
            key, value, number = message.key(), message.value(), message.partition()
            assert isinstance(key, bytes)
            assert isinstance(value, bytes)
            assert number is not None
            found.append(Read(number, key, json.loads(value)))
            offset = message.offset()
            assert offset is not None
            if offset + 1 >= ends[number]:
                left.discard(number)
    consumer.close()
    assert not left, "not everything could be read"
    return sorted(found, key=lambda each: each.partition)


def _end(consumer: Consumer, partition: TopicPartition) -> int:
    """Return where a partition ends; one just made may not have arrived at its broker."""
    give_up = time.monotonic() + SECONDS
    while True:
        try:
            return consumer.get_watermark_offsets(partition, SECONDS)[1]
        except KafkaException:
            assert time.monotonic() < give_up, partition
            time.sleep(0.05)


def frames(journal: Path) -> list[tuple[Frame, str]]:
    """Return what the files of a journal hold, in order, each with why it was refused."""
    found: list[tuple[Frame, str]] = []
    for day in sorted(journal.glob("*.sqlite")):
        connection = sqlite3.connect(f"file:{day}?mode=ro", uri=True)
        found += [(Frame(*row[:6]), row[6]) for row in connection.execute(_QUERY)]
        connection.close()
    return found


def expected_ids(journal: Path, names: Naming) -> list[str]:
    """Return the ids of all events that follow from a journal, in order."""
    ids: list[str] = []
    for frame, refused in frames(journal):
        if refused:
            continue
        try:
            ids += [event.id for event in TRANSLATIONS[frame.feed](frame, names)]
        except UntranslatableFrame:
            continue
    return ids


def first_ids(read: Sequence[Read]) -> list[str]:
    """Return ids in the order of their first appearance."""
    return unique(each.value["id"] for each in read)


def unique(ids: Iterable[str]) -> list[str]:
    """Return ids without repetition, in the order of their first appearance."""
    return list(dict.fromkeys(ids))
