"""Whether the topics are still those that a sink began to read.

One that was deleted and made anew counts the terms of its leaders from zero again. A client
that knows a later term takes all it hears of the new topic for old news: it reads nothing any
more, and says nothing. What tells the two apart is the topic's id.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka.admin._topic import TopicDescription

from schemas.errors import LogTorn
from schemas.topics import EVENTS
from stream_processors.shells.topic_news import TopicNews


class TopicWatch:
    """Asks for ids and partitions of topics from time to time; waits for nothing.

    Args:
        connection: how to reach the brokers, in librdkafka's words.
        topics: their names.
    """

    def __init__(self, connection: Mapping[str, Any], topics: Iterable[str]) -> None:
        self._news = TopicNews(connection, topics)
        self._known: dict[str, str] = {}

    def look(self) -> None:
        """Take what was answered, and ask again if it is time.

        Raises:
            LogTorn: a topic is another than before, or was given more partitions.
        """
        for name, described in self._news.come():
            self._compare(name, described)

    def _compare(self, name: str, described: TopicDescription) -> None:
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
