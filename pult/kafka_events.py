"""All events that Kafka holds into the store, at full speed: no Faust, no group, no commit."""

import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from pult.rebuild import Progress
from pult.storing import Storing
from schemas.errors import KafkaUnusable, MalformedEvent
from schemas.events import Event, decode
from sql.port import Store
from stream_processors.core.instants import to_ms

RECORDS_AT_ONCE = 50_000
_ASK_SECONDS = 0.5
_GIVE_UP_SECONDS = 60.0
_ANSWER_SECONDS = 10.0


@dataclass(slots=True)
class Read:
    """What was read.

    Attributes:
        events: how many were stored.
        unusable: how many records are no event of the domain that their key names; the
            processor keeps them in `rejected`.
        partitions: in which partition each domain is.
    """

    events: int = 0
    unusable: int = 0
    partitions: dict[str, int] = field(default_factory=dict)


def events_from_kafka(
    connection: Mapping[str, Any], topic: str, store: Store, tenant: str, progress: Progress
) -> Read:
    """Store all events that a topic holds now, of one tenant or of all (empty).

    Raises:
        KafkaUnusable: the topic cannot be read to its end.
        StoreFailed: some may be stored; do it again.
    """
    consumer = Consumer({
        **connection,
        # Asked for by the client; without a subscription it joins no group.
        "group.id": f"{topic}-rebuild",
        "enable.auto.commit": False,
        "queued.min.messages": 200_000,
        "fetch.wait.max.ms": 25,
    })  # fmt: skip
    with closing(consumer):
        try:
            return _read(consumer, topic, Storing(store), tenant, progress)
        except KafkaException as error:
            hidden = error.args[0].code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
            remedy = "check the ACL of the brokers" if hidden else "run pult topics"
            msg = f"cannot read {topic}: {error.args[0].str()}; {remedy}"
            raise KafkaUnusable(msg) from error


def _read(
    consumer: Consumer, topic: str, storing: Storing, tenant: str, progress: Progress
) -> Read:
    ends = _ends(consumer, topic)
    left = {partition: end for partition, (first, end) in ends.items() if first < end}
    total = sum(end - first for first, end in ends.values())
    read, seen = Read(), 0
    consumer.assign([TopicPartition(topic, each, ends[each][0]) for each in left])
    heard = time.monotonic()
    while left:
        messages = consumer.consume(RECORDS_AT_ONCE, _ASK_SECONDS)
        if messages:
            heard = time.monotonic()
            seen += len(messages)
            _store(messages, storing, tenant, read)
            progress("read", min(seen, total), total)
        elif time.monotonic() - heard > _GIVE_UP_SECONDS:
            msg = (
                f"cannot read {topic} to its end: nothing for {_GIVE_UP_SECONDS:g} s; "
                "check the brokers"
            )
            raise KafkaUnusable(msg)
        # Asked of the client: the last offsets of a partition may hold no records.
        for place in consumer.position([TopicPartition(topic, each) for each in left]):
            if place.offset >= left[place.partition]:
                del left[place.partition]
    return read


def _ends(consumer: Consumer, topic: str) -> dict[int, tuple[int, int]]:
    found = consumer.list_topics(topic, timeout=_ANSWER_SECONDS).topics[topic]
    if found.error is not None:
        raise KafkaException(found.error)
    return {
        partition: consumer.get_watermark_offsets(
            TopicPartition(topic, partition), timeout=_ANSWER_SECONDS
        )
        for partition in found.partitions
    }


def _store(messages: Iterable[Message], storing: Storing, tenant: str, read: Read) -> None:
    events: list[Event] = []
    positions: list[tuple[int, int]] = []
    for message in messages:
        error = message.error()
        if error is not None and error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
            continue  # The client looks for its group all the same.
        if error is not None:
            raise KafkaException(error)
        key, value = message.key(), message.value()
        event = _event(key, value)
        if event is None:
            read.unusable += 1
        elif not tenant or event.tenant == tenant:
            place = (message.partition() or 0, message.offset() or 0)
            read.partitions.setdefault(event.domain, place[0])
            events.append(event)
            positions.append(place)
    if events:
        first, last = positions[0], positions[-1]
        token = f"kafka:{first[0]}:{first[1]}-{last[0]}:{last[1]}:{len(events)}"
        storing.events(events, positions, token)
        read.events += len(events)


def _event(key: bytes | str | None, value: bytes | str | None) -> Event | None:
    if key is None or value is None:
        return None
    try:
        event = decode(value.encode() if isinstance(value, str) else value)
        for told in (event.time, event.recordedtime):
            to_ms(told)
    except MalformedEvent:
        return None
    domain = key if isinstance(key, str) else key.decode(errors="replace")
    of_its_key = event.domain == domain and event.tenant == domain.partition("/")[0]
    return event if of_its_key else None
