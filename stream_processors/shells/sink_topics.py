"""Whether the topics are still those that a sink began to read.

One that was deleted and made anew counts the terms of its leaders from zero again. A client
that knows a later term takes all it hears of the new topic for old news: it reads nothing any
more, and says nothing. What tells the two apart is the topic's id.
"""

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._topic import TopicDescription

from schemas.errors import LogTorn
from schemas.topics import EVENTS

_EVERY_SECONDS = 5.0
_ANSWER_SECONDS = 5.0


class TopicWatch:
    """Asks for ids and partitions of topics from time to time; waits for nothing.

    Args:
        connection: how to reach the brokers, in librdkafka's words.
        topics: their names.
    """

    def __init__(self, connection: Mapping[str, Any], topics: Iterable[str]) -> None:
        self._admin = AdminClient(dict(connection))
        self._topics = TopicCollection(list(topics))
        self._known: dict[str, str] = {}
        self._asked: Mapping[str, Future[TopicDescription]] = {}
        self._asked_at = -_EVERY_SECONDS

    def look(self) -> None:
        """Take what was answered, and ask again if it is time.

        Raises:
            LogTorn: a topic is another than before, or was given more partitions.
        """
        for name, answer in self._asked.items():
            if answer.done():
                self._compare(name, answer)
        now = time.monotonic()
        if now - self._asked_at >= _EVERY_SECONDS:
            self._asked_at = now
            self._asked = self._admin.describe_topics(
                self._topics, request_timeout=_ANSWER_SECONDS
            )

    def _compare(self, name: str, answer: Future[TopicDescription]) -> None:
        try:
            described = answer.result()
        except KafkaException:
            # Brokers that are away, or a topic that is missing, are told of by others.
            return
        found, partitions = str(described.topic_id), len(described.partitions)
        if self._known.setdefault(name, found) != found:
            msg = (
                f"{name} was made anew while it was read; a new start reads it from its "
                "beginning; see Restoring in docs/operations.md"
            )
            raise LogTorn(msg)
        if partitions > EVENTS.partitions:
            msg = (
                f"{name} has {partitions} partitions now, must have {EVENTS.partitions}: the "
                "order of its domains is not kept; make it anew: see Restoring in "
                "docs/operations.md"
            )
            raise LogTorn(msg)
