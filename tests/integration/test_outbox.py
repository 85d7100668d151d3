"""What a worker writes: all of it acknowledged, or it hears of it and nothing goes on."""

import asyncio
import os
import uuid

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from schemas.errors import OutputFailed
from stream_processors.shells.outbox import Outbox
from tests.integration.reading import SECONDS, Read, records
from tests.kafka import Cluster

LARGEST_BYTES = 300_000


@pytest.fixture
def topic(kafka: Cluster) -> str:
    """A topic of this test alone, which takes no large records."""
    name = f"outbox-{uuid.uuid4().hex[:8]}"
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    made = NewTopic(name, 2, 1, config={"max.message.bytes": str(LARGEST_BYTES)})
    admin.create_topics([made])[name].result(SECONDS)
    return name


def numbers(read: list[Read]) -> list[int]:
    """Return the numbers that records hold."""
    return [each.value["n"] for each in read]


def numbered(*which: int) -> list[tuple[bytes | None, bytes | None]]:
    """Return records that hold numbers."""
    return [(b"acme", b'{"n":%d}' % n) for n in which]


async def test_what_stands_before_an_acknowledged_mark_is_in_the_topic(
    kafka: Cluster, topic: str
) -> None:
    failures: list[OutputFailed] = []
    outbox = Outbox({"bootstrap.servers": kafka.bootstrap}, failures.append)

    for partition in (0, 1):
        outbox.send(topic, partition, numbered(*range(5_000)))
        outbox.mark(topic, partition, *numbered(5_000)[0])
    await outbox.settled(1)
    found = [each for each in records(kafka.bootstrap, topic) if each.partition == 1]
    await outbox.room()
    await asyncio.to_thread(outbox.close, SECONDS)

    assert numbers(found) == list(range(5_001))
    assert failures == []


async def test_behind_a_record_that_is_refused_nothing_is_written(
    kafka: Cluster, topic: str
) -> None:
    failures: list[OutputFailed] = []
    heard = asyncio.Event()

    def failed(failure: OutputFailed) -> None:
        failures.append(failure)
        heard.set()

    outbox = Outbox({"bootstrap.servers": kafka.bootstrap}, failed)
    outbox.send(topic, 0, numbered(1))
    outbox.mark(topic, 0, *numbered(2)[0])
    await outbox.settled(0)

    # Nobody asks for the acknowledgement of this one, and it cannot be packed small.
    outbox.send(topic, 0, [(b"acme", os.urandom(2 * LARGEST_BYTES))])
    await asyncio.wait_for(heard.wait(), SECONDS)
    with pytest.raises(OutputFailed) as refused:
        outbox.send(topic, 0, numbered(3))
    with pytest.raises(OutputFailed):
        await outbox.settled(0)
    with pytest.raises(OutputFailed):
        await outbox.room()
    await asyncio.to_thread(outbox.close, 1)

    assert numbers(records(kafka.bootstrap, topic)) == [1, 2]
    assert len(failures) == 1
    assert "check the brokers and the topic" in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_a_mark_fails_with_what_stands_before_it(kafka: Cluster, topic: str) -> None:
    outbox = Outbox({"bootstrap.servers": kafka.bootstrap}, lambda _: None)

    outbox.send(topic, 0, [(b"acme", os.urandom(2 * LARGEST_BYTES))])
    outbox.mark(topic, 0, *numbered(1)[0])
    with pytest.raises(OutputFailed):
        await asyncio.wait_for(outbox.settled(0), SECONDS)
    await asyncio.to_thread(outbox.close, 1)
