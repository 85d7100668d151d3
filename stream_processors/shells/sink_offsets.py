"""What the brokers say of a sink's places in the log."""

import time
from collections.abc import Callable, Mapping

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.cimpl import OFFSET_BEGINNING

from stream_processors.shells.sink_parts import Part

NOT_OURS = (
    KafkaError.ILLEGAL_GENERATION,
    KafkaError.UNKNOWN_MEMBER_ID,
    KafkaError.REBALANCE_IN_PROGRESS,
    KafkaError._STATE,
    KafkaError._NO_OFFSET,
)
"""Codes of a commit that is refused because the partition is being, or was, taken away."""

_ASK_SECONDS = 20.0
_AGAIN_SECONDS = 0.1


def committed(consumer: Consumer, partitions: list[TopicPartition]) -> list[TopicPartition]:
    """Return the group's offsets and what was noted beside them, however long brokers move.

    Raises:
        KafkaException: they do not say it.
    """
    return _asked(lambda: consumer.committed(partitions, timeout=_ASK_SECONDS))


def firsts(
    consumer: Consumer, partitions: list[TopicPartition]
) -> Mapping[tuple[str, int], int]:
    """Return where logs begin: the offset of the first record of each.

    0 where a leader is away and nobody knows: whoever reads from there is told if it is gone.

    Raises:
        KafkaException: the brokers do not say it.
    """
    asked = [
        TopicPartition(each.topic, each.partition, OFFSET_BEGINNING) for each in partitions
    ]
    found = _asked(lambda: consumer.offsets_for_times(asked, timeout=_ASK_SECONDS))
    return {
        (each.topic, each.partition): 0 if each.error else each.offset for each in found
    }  # fmt: skip


def _asked(ask: Callable[[], list[TopicPartition]]) -> list[TopicPartition]:
    give_up = time.monotonic() + _ASK_SECONDS
    while True:
        try:
            return ask()
        except KafkaException as error:
            # Also of a coordinator that is moving, which the client does not call retriable.
            if error.args[0].fatal() or time.monotonic() > give_up:
                raise
            time.sleep(_AGAIN_SECONDS)


def backlog(consumer: Consumer, part: Part) -> int | None:
    """Return how many records of a partition are not stored, None if that is not known yet."""
    where = TopicPartition(part.topic, part.number)
    try:
        low, high = consumer.get_watermark_offsets(where, cached=True)
        # What is read and not held is the mark of a transaction, or before what is ours.
        read = 0 if part.held else consumer.position([where])[0].offset
    except KafkaException:
        return None
    return max(0, high - max(part.next, low, read, 0))
