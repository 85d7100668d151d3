"""Whether an adapter may publish: its topics are what they must be, and those of before.

A topic that was deleted and made anew has the same name and lacks all that was published. The
place in the journal says nothing of it, so the id that Kafka gives each topic stands beside it.
"""

import logging
from collections.abc import Mapping

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._topic import TopicDescription

from producers.place import Place
from pult import kafka, topics
from pult.server_settings import KafkaSettings
from schemas.errors import PultFailure
from schemas.topics import EVENTS, REJECTED
from stream_processors.shells.topic_news import TopicNews, id_of

_ANSWER_SECONDS = 5.0
_LOG = logging.getLogger(__name__)


class AdapterTopics:
    """What the brokers say of the topics that an adapter writes to.

    Args:
        settings: how to reach the brokers, and how topics are named.
        environ: where the password is.
        place: how far the journal was published, and to which topic.
        accept_loss: whether to go on in a topic that lacks what was published.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        environ: Mapping[str, str],
        place: Place,
        *,
        accept_loss: bool,
    ) -> None:
        self._settings = settings
        self._environ = environ
        self._place = place
        self._accept_loss = accept_loss
        self._written = {each.named(settings.prefix): each for each in (EVENTS, REJECTED)}
        self._events = EVENTS.named(settings.prefix)
        self._news: TopicNews | None = None
        self._faults: dict[str, str] = {}

    def trouble(self) -> str:
        """Return why nothing may be published: no broker, or topics that are other ones.

        Asks, which may take seconds.
        """
        try:
            client = kafka.connect(self._settings, self._environ)
            findings = topics.check(client, self._settings)
        except PultFailure as failure:
            return str(failure)
        if self._news is None:
            connection = kafka.librdkafka(self._settings, self._environ)
            self._news = TopicNews(connection, self._written)
        hindered = next((each.remedied for each in findings if each.hinders), "")
        return hindered or self._other_log(self._id(client))

    def changed(self) -> str:
        """Return why nothing may be published any more, as far as it is known; never waits."""
        for name, described in self._news.come() if self._news else ():
            self._faults[name] = self._fault(name, described)
        return next(filter(None, self._faults.values()), "")

    def _fault(self, name: str, described: TopicDescription) -> str:
        for fault in topics.wrong_partitions(self._written[name], len(described.partitions)):
            return f"{name}: {fault}"
        return self._other_log(id_of(described)) if name == self._events else ""

    def _id(self, client: AdminClient) -> str:
        asked = client.describe_topics(
            TopicCollection([self._events]), request_timeout=_ANSWER_SECONDS
        )
        try:
            return id_of(asked[self._events].result())
        except KafkaException:
            # It was there a moment ago; while it is written to, this is asked again.
            return ""

    def _other_log(self, found: str) -> str:
        """Return what is wrong if the events have another id than those published to."""
        place = self._place
        if found in ("", place.log):
            return ""
        made_anew = bool(place.log and place.position)
        if made_anew and not self._accept_loss:
            return (
                f"{self._events} is not the topic that the journal was published to up to "
                f"message {place.position}: it was made anew, or is of other brokers; see "
                "Restoring in docs/operations.md: stop the adapter and remove "
                f"{place.path} to publish the whole journal again, or start it with "
                "--accept-loss to publish only what follows"
            )
        if made_anew:
            _LOG.warning(
                "%s lacks what was published up to message %d; what follows goes into it "
                "(--accept-loss)", self._events, place.position,
            )  # fmt: skip
        place.log = found
        return ""
