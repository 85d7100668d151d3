"""Whether the topics are still those that a worker or a sink began to read.

One that was deleted and made anew counts the terms of its leaders from zero again. A client
that knows a later term takes all it hears of the new topic for old news: it reads nothing any
more, and says nothing. What tells the two apart is the topic's id.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka.admin._topic import TopicDescription

from schemas.errors import LogTorn
from schemas.topics import EVENTS
from stream_processors.shells.continuity import RESTORING
from stream_processors.shells.topic_news import TopicNews, id_of


class TopicWatch:
    """Asks for ids and partitions of topics from time to time; waits for nothing.

    Args:
        connection: how to reach the brokers, in librdkafka's words.
        topics: their names.
        then: what comes of it if one was made anew, in words.
    """

    def __init__(
        self, connection: Mapping[str, Any], topics: Iterable[str], then: str = ""
    ) -> None:
        self._news = TopicNews(connection, topics)
        self._then = then
        self._known: dict[str, str] = {}

    def look(self) -> None:
        """Take what was answered, and ask again if it is time.

        Raises:
            LogTorn: a topic is another than before, or was given more partitions.
        """
        for name, described in self._news.come():
            self._compare(name, described)

    def _compare(self, name: str, described: TopicDescription) -> None:
        found, partitions = id_of(described), len(described.partitions)
        # Brokers that give no ids may come to do so: they are upgraded one after another.
        if found and self._known.setdefault(name, found) != found:
            told = f"{name} was made anew while it was read"
            msg = "; ".join(filter(None, [told, self._then, RESTORING]))
            raise LogTorn(msg)
        if partitions > EVENTS.partitions:
            msg = (
                f"{name} has {partitions} partitions now, must have {EVENTS.partitions}: the "
                f"order of its domains is not kept; make it anew: {RESTORING}"
            )
            raise LogTorn(msg)
