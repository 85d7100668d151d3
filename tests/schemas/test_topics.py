"""What the fold relies on when its log is Kafka."""

from aiokafka.partitioner import murmur2
from hypothesis import given
from hypothesis import strategies as st

from schemas.topics import EVENTS, FACTS, SNAPSHOTS, TOPICS, partition_of


def test_a_fact_stands_in_the_partition_of_its_events() -> None:
    assert FACTS.partitions == EVENTS.partitions


def test_only_snapshots_may_be_compacted_away() -> None:
    assert [topic for topic in TOPICS if topic.cleanup == "compact"] == [SNAPSHOTS]


def test_topics_have_names_of_their_own() -> None:
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)


@given(st.binary())
def test_a_domain_is_where_clients_of_kafka_put_it(domain: bytes) -> None:
    assert partition_of(domain) == (murmur2(domain) & 0x7FFFFFFF) % EVENTS.partitions
