"""How far the groups of an installation have come, asked of the brokers."""

import time
from collections.abc import Callable
from functools import cache, partial
from typing import TypeVar

from aiokafka.partitioner import murmur2
from confluent_kafka import Consumer, KafkaException, TopicPartition

from schemas.topics import EVENTS
from tests.integration.whole.centre import Centre
from tests.integration.whole.parts import Part
from tests.oracles.told import lines_kept
from tests.pult.command import SECONDS, wait_for

_Answer = TypeVar("_Answer")
_ANSWER_SECONDS = 5.0
_NEWEST = 300
"""So many messages at most are under way while a PBX speaks at twenty times its pace."""


@cache
def partition_of(tenant: str) -> int:
    """Return the partition of a tenant's events."""
    hashed: int = murmur2(tenant.encode())
    return (hashed & 0x7FFFFFFF) % EVENTS.partitions


def committed(centre: Centre, group: str, topic: str) -> dict[int, int]:
    """Return the offsets that the group of all workers or sinks has committed."""
    told = _patiently(
        centre, f"{centre.prefix}-{group}",
        lambda consumer, seconds: consumer.committed(_places(centre, topic), timeout=seconds),
    )  # fmt: skip
    return {each.partition: max(0, each.offset) for each in told}


def ends(centre: Centre, topic: str) -> dict[int, int]:
    """Return where the partitions of a topic end."""
    return {each.partition: bounds(centre, each)[1] for each in _places(centre, topic)}


def bounds(centre: Centre, place: TopicPartition) -> tuple[int, int]:
    """Return where a partition begins and ends."""
    return _patiently(
        centre, "ends",
        lambda consumer, seconds: consumer.get_watermark_offsets(place, timeout=seconds),
    )  # fmt: skip


def _patiently(
    centre: Centre, group: str, ask: Callable[[Consumer, float], _Answer]
) -> _Answer:
    """Ask brokers of which one may have died just now, until they answer.

    By another client each time: one goes on asking whoever led a partition when it began. With
    more patience each time: a new client asks half a dozen times before it has its answer, and
    each of these may be delayed on purpose.
    """
    give_up, seconds = time.monotonic() + SECONDS, _ANSWER_SECONDS
    while True:
        consumer = Consumer({"bootstrap.servers": centre.bootstrap, "group.id": group})
        try:
            return ask(consumer, seconds)
        except KafkaException:
            if time.monotonic() > give_up:
                raise
            seconds *= 2
            time.sleep(0.2)
        finally:
            consumer.close()


def replicated(centre: Centre) -> bool:
    """Tell whether each partition has all of its replicas in step."""
    topics = _patiently(
        centre, "replicas", lambda consumer, seconds: consumer.list_topics(timeout=seconds)
    ).topics
    return all(
        len(each.isrs) == len(each.replicas)
        for topic in topics.values()
        for each in topic.partitions.values()
    )


def behind(centre: Centre, group: str, *topics: str) -> int:
    """Return how many records a group has not committed yet."""
    return sum(
        end - committed(centre, group, topic)[partition]
        for topic in topics
        for partition, end in ends(centre, topic).items()
    )


def _is_read(centre: Centre, tenant: str) -> bool:
    log = centre.queue_logs.get(tenant)
    if log is None:
        return True
    return len(lines_kept(centre.data(tenant) / "journal")) >= log.read_bytes().count(b"\n")


def _publishes(adapter: Part) -> bool:
    """Tell whether an adapter has published what it has kept, but for the newest."""
    return 0 <= adapter.metric("pult_journal_backlog_frames") < _NEWEST


def _places(centre: Centre, topic: str) -> list[TopicPartition]:
    partitions = sorted({partition_of(each) for each in centre.tenants})
    return [TopicPartition(f"{centre.prefix}.{topic}", each) for each in partitions]


def ended(centre: Centre) -> None:
    """Let the adapters stop, and wait until all they published is folded and stored."""
    fall_silent(centre)
    catch_up(centre)


def fall_silent(centre: Centre) -> None:
    """Let the adapters stop once they have read the queue logs to their ends, and published.

    One that stops while brokers are away leaves what it has to its next life.
    """
    centre.hush()
    for tenant, part in centre.adapters.items():
        part.wait_until_ready()
        wait_for(partial(_is_read, centre, tenant), SECONDS, f"the queue log of {tenant}")
        wait_for(partial(_publishes, part), SECONDS, f"what {tenant} has kept is published")
        assert part.stop() == 0, part.last


def catch_up(centre: Centre) -> None:
    """Wait until all that adapters published is folded and stored."""

    def caught_up(group: str, *topics: str) -> bool:
        for part in centre.parts:
            part.supervise()
        return behind(centre, group, *topics) == 0

    wait_for(lambda: caught_up("processor", "events"), 120, "the workers have caught up")
    wait_for(lambda: caught_up("sink", "events", "facts", "rejected"), 120, "the sink, too")
