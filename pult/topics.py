"""`pult topics`: the topics of an installation, created where missing, checked where not.

What is there is never changed: the state of a domain is bound to the number of partitions.
"""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewTopic

from pult.kafka import not_allowed
from pult.server_settings import KafkaSettings
from schemas.errors import KafkaUnusable
from schemas.topics import TOPICS, Topic

_ANSWER_SECONDS = 15.0
_FIRST_ASK_SECONDS = 2.0
_LOOK_AGAIN_SECONDS = 0.05

_REMEDY = "run pult topics, or mend kafka.prefix"


@dataclass(frozen=True, slots=True)
class TopicFinding:
    """What was found of one topic, by its name.

    `hinders`: nothing may be written to it as it is; `missing`: it is not there at all.
    """

    name: str
    good: bool
    text: str
    hinders: bool = False
    missing: bool = False

    @property
    def remedied(self) -> str:
        """The text with what to do; that of a topic which differs says it already."""
        return f"{self.text} ({_REMEDY})" if self.missing else self.text


def create(client: AdminClient, settings: KafkaSettings) -> list[TopicFinding]:
    """Create the topics that are missing, and tell which.

    Raises:
        KafkaUnusable: the brokers refuse to.
    """
    there = client.list_topics(timeout=_ANSWER_SECONDS).topics
    missing = [each for each in TOPICS if each.named(settings.prefix) not in there]
    if not missing:
        return []
    asked = client.create_topics(
        [_new(topic, settings) for topic in missing], operation_timeout=_ANSWER_SECONDS
    )
    findings = []
    for topic in missing:
        name = topic.named(settings.prefix)
        try:
            asked[name].result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise KafkaUnusable(_refusal(name, error.args[0], settings)) from error
        copies = f"{settings.replication} replica(s)"
        text = f"{name}: created with {topic.partitions} partitions, {copies}"
        findings.append(TopicFinding(name, good=True, text=text))
    _wait_until_known(client, {topic.named(settings.prefix) for topic in missing})
    return findings


def _wait_until_known(client: AdminClient, names: set[str]) -> None:
    """Wait until the broker we ask has heard of new topics; the controller tells it later."""
    give_up = time.monotonic() + _ANSWER_SECONDS
    while time.monotonic() < give_up:
        there = client.list_topics(timeout=_ANSWER_SECONDS).topics
        leaders = (
            partition.leader for name in names & set(there)
            for partition in there[name].partitions.values()
        )  # fmt: skip
        if names <= set(there) and all(leader >= 0 for leader in leaders):
            return
        time.sleep(_LOOK_AGAIN_SECONDS)


def _new(topic: Topic, settings: KafkaSettings) -> NewTopic:
    config = {
        "cleanup.policy": topic.cleanup,
        "max.message.bytes": str(topic.max_message_bytes),
        # One copy may be away without stopping anybody, two may not: an acknowledged event
        # must be in at least two places where there are three.
        "min.insync.replicas": str(max(1, settings.replication - 1)),
    }
    name = topic.named(settings.prefix)
    return NewTopic(name, topic.partitions, settings.replication, config=config)


def _refusal(name: str, error: KafkaError, settings: KafkaSettings) -> str:
    if error.code() == KafkaError.INVALID_REPLICATION_FACTOR:
        return (
            f"cannot create topic {name} with kafka.replication {settings.replication}: there "
            "are not as many brokers"
        )
    if error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
        return f"cannot create topic {name}: {settings.username or 'anybody'} may not (ACL)"
    return f"cannot create topic {name}: {error.str()} (check kafka.prefix and the brokers)"


def check(
    client: AdminClient, settings: KafkaSettings, created: Collection[str] = ()
) -> list[TopicFinding]:
    """Compare the topics with what they have to be; nothing is changed.

    Args:
        client: asks any of the brokers, each time perhaps another one.
        settings: how the topics have to be.
        created: names that are known to be there, if not yet to every broker.

    Raises:
        KafkaUnusable: the brokers stopped answering.
    """
    give_up, patience = time.monotonic() + _ANSWER_SECONDS, _FIRST_ASK_SECONDS
    while True:
        try:
            findings = list(_compared(client, settings, patience))
            unheard = any(each.missing and each.name in created for each in findings)
            if not unheard or time.monotonic() > give_up:
                return findings
        except KafkaException as error:
            # The broker we asked may have died just now, or not have heard of a new topic yet.
            # Of one that has died the client hears only when it asks anew.
            patience = min(2 * patience, _ANSWER_SECONDS)
            if time.monotonic() > give_up:
                said = error.args[0].str()
                if error.args[0].code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
                    said = not_allowed("describe their configuration", settings)
                msg = f"cannot ask Kafka at {settings.bootstrap} for its topics: {said}"
                raise KafkaUnusable(msg) from error
        time.sleep(_LOOK_AGAIN_SECONDS)


def require(client: AdminClient, settings: KafkaSettings) -> None:
    """Look whether the topics are what they must be, for who cannot start otherwise.

    Raises:
        KafkaUnusable: they are not; the message names the setting or the remedy.
    """
    wrong = [each for each in check(client, settings) if not each.good]
    if wrong:
        # What is missing comes last: one remedy is that of all of it.
        *others, last = sorted(wrong, key=attrgetter("missing"))
        told = "; ".join([*(each.text for each in others), last.remedied])
        msg = f"cannot start on these topics: {told}"
        raise KafkaUnusable(msg)


def _compared(
    client: AdminClient, settings: KafkaSettings, patience: float
) -> Iterator[TopicFinding]:
    cluster = client.list_topics(timeout=patience)
    names = {topic.named(settings.prefix): topic for topic in TOPICS}
    there = [name for name in names if name in cluster.topics]
    configs = _configs(client, there, patience)
    for name, topic in names.items():
        if name not in cluster.topics:
            text = f"{name}: missing{_or_hidden(settings)}"
            yield TopicFinding(name, good=False, text=text, hinders=True, missing=True)
            continue
        partitions = cluster.topics[name].partitions
        replicas = min((len(each.replicas) for each in partitions.values()), default=0)
        faults = [
            *wrong_partitions(topic, len(partitions)),
            *_wrong_configs(topic, configs[name]),
            *_wrong_replicas(replicas, settings.replication),
        ]
        for fault in faults:
            hinders = len(partitions) != topic.partitions
            yield TopicFinding(name, good=False, text=f"{name}: {fault}", hinders=hinders)
        if not faults:
            text = f"{name}: {len(partitions)} partitions, {replicas} replica(s)"
            yield TopicFinding(name, good=True, text=text)


def _or_hidden(settings: KafkaSettings) -> str:
    """What a broker does not let us see it says not to have."""
    return f", or hidden from {settings.username} (ACL)" if settings.sasl else ""


def _configs(
    client: AdminClient, names: Sequence[str], patience: float
) -> dict[str, Mapping[str, str]]:
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    if not resources:
        return {}
    asked = client.describe_configs(resources, request_timeout=patience)
    return {
        resource.name: {entry.name: entry.value or "" for entry in future.result().values()}
        for resource, future in asked.items()
    }


def wrong_partitions(topic: Topic, count: int) -> Iterator[str]:
    """Yield what is wrong with a topic of so many partitions, if anything is."""
    if count != topic.partitions:
        yield (
            f"has {count} partitions, must have {topic.partitions}; they cannot be changed "
            "without losing the order of a domain: make it anew under another kafka.prefix"
        )


def _wrong_configs(topic: Topic, config: Mapping[str, str]) -> Iterator[str]:
    for key, wanted in (
        ("cleanup.policy", topic.cleanup),
        ("max.message.bytes", str(topic.max_message_bytes)),
    ):
        found = config.get(key, "")
        if found != wanted:
            yield f"{key} is {found}, must be {wanted}; set it with kafka-configs.sh"


def _wrong_replicas(count: int, wanted: int) -> Iterator[str]:
    if count < wanted:
        yield (
            f"has {count} replica(s), kafka.replication asks for {wanted}; reassign it with "
            "kafka-reassign-partitions.sh"
        )
