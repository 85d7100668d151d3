"""What brokers say of topics while they are used: asked again and again, without waiting."""

import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaException, TopicCollection, Uuid
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._topic import TopicDescription

_EVERY_SECONDS = 5.0
_NO_ID = str(Uuid(0, 0))
_ANSWER_SECONDS = 5.0


def id_of(described: TopicDescription) -> str:
    """Return the id of a topic, which one made anew does not have; empty of old brokers."""
    found = str(described.topic_id)
    return "" if found == _NO_ID else found


class TopicNews:
    """Asks for the descriptions of topics every few seconds.

    Args:
        connection: how to reach the brokers, in librdkafka's words.
        topics: their names.
    """

    def __init__(self, connection: Mapping[str, Any], topics: Iterable[str]) -> None:
        self._admin = AdminClient(dict(connection))
        self._topics = TopicCollection(list(topics))
        self._asked: dict[str, Future[TopicDescription]] = {}
        self._asked_at = -_EVERY_SECONDS

    def come(self) -> Iterator[tuple[str, TopicDescription]]:
        """Yield what was answered since the last time, by name; ask again if it is time."""
        for name in [name for name, answer in self._asked.items() if answer.done()]:
            try:
                yield name, self._asked.pop(name).result()
            except KafkaException:
                # Brokers that are away, or a topic that is missing, are told of by others.
                continue
        now = time.monotonic()
        if now - self._asked_at >= _EVERY_SECONDS:
            self._asked_at = now
            asked = self._admin.describe_topics(self._topics, request_timeout=_ANSWER_SECONDS)
            self._asked = dict(asked)
