"""A sink does not take a log that has lost its end for the one that it stored."""

import os
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions, NewTopic

from schemas.topics import EVENTS, FACTS, Topic
from stream_processors.shells.sink_offsets import firsts
from tests.integration.conftest import NewCluster
from tests.integration.half_hour import half_hour
from tests.integration.sinks import Pipe
from tests.integration.stores import Store
from tests.integration.workers import Site, eventually, site
from tests.kafka import Cluster
from tests.shells.records import of


@pytest.fixture(scope="module")
def fragile(new_cluster: NewCluster) -> Cluster:
    """One broker that tests may kill and start again."""
    cluster = new_cluster()
    cluster.start()
    return cluster


def filled(site: Site, store: Store) -> Pipe:
    """Return a pipe whose sink has stored 300 events, in three writes, and has ended."""
    pipe = Pipe(site, store)
    for begin in (0, 100, 200):
        write(pipe, begin, begin + 100)
    sink = pipe.sink()
    eventually("300 events are stored", 60, lambda: pipe.committed()["events"] == 300)
    assert sink.end() == 0
    return pipe


def write(pipe: Pipe, begin: int, end: int) -> None:
    tenant = pipe.tenant(0)
    told = half_hour(end)[begin:end]
    pipe.write("events", [(0, tenant, of(value, tenant)) for value in told])


def remove(site: Site, until: int) -> None:
    """Remove the first records of a partition, as retention does, up to an offset."""
    admin = AdminClient({"bootstrap.servers": site.bootstrap})
    place = TopicPartition(EVENTS.named(site.prefix), 0, until)
    for future in admin.delete_records([place]).values():
        future.result(20)


def lose_end(cluster: Cluster, prefix: str) -> None:
    """Let a broker lose its last 100 events, the third write, as in a power cut."""
    (broker,) = cluster.brokers
    broker.kill()
    log = broker.folder / "data" / f"{prefix}.events-0" / f"{0:020}.log"
    os.truncate(log, log.stat().st_size * 5 // 6)
    cluster.start()


def delete(site: Site, topic: Topic) -> None:
    """Delete a topic, and wait until it is gone."""
    admin = AdminClient({"bootstrap.servers": site.bootstrap})
    name = topic.named(site.prefix)
    admin.delete_topics([name])[name].result(20)
    eventually("it is gone", 20, lambda: name not in admin.list_topics(timeout=20).topics)


def rows(pipe: Pipe, *, final: str = "") -> int:
    return pipe.store.number(
        f"SELECT count() FROM pult.events {final} WHERE tenant = '{pipe.tenant(0)}'"
    )


def test_a_log_that_lost_its_end_and_has_outgrown_what_was_stored_is_not_read_from_there(
    fragile: Cluster, store: Store, prefix: str, tmp_path: Path
) -> None:
    with site(fragile.bootstrap, prefix, tmp_path) as made:
        pipe = filled(made, store)
        lose_end(fragile, prefix)
        write(pipe, 300, 900)

        refused = pipe.sink()
        code = refused.wait()
        before = rows(pipe), pipe.committed()["events"]
        accepting = pipe.sink("s1", "--accept-loss")
        eventually("the rest is stored", 60, lambda: pipe.committed()["events"] == 800)
        accepting.end()

        assert code == 1
        assert (
            f"{prefix}.events partition 0 is not what was stored up to offset 300"
            in refused.complaint
        )
        assert before == (300, 300)
        # Of 600 that came afterwards, 100 took the place of those that were lost.
        assert rows(pipe) == 300 + 500


def test_loss_is_accepted_of_a_log_that_ends_before_what_was_stored(
    fragile: Cluster, store: Store, prefix: str, tmp_path: Path
) -> None:
    with site(fragile.bootstrap, prefix, tmp_path) as made:
        pipe = filled(made, store)
        lose_end(fragile, prefix)

        refused = pipe.sink()
        code = refused.wait()
        accepting = pipe.sink("s1", "--accept-loss")
        eventually("what is there is stored", 60, lambda: pipe.committed()["events"] == 200)
        write(pipe, 300, 400)
        eventually("the rest is stored", 60, lambda: pipe.committed()["events"] == 300)
        accepting.end()

        assert code == 1
        assert "made anew, or has lost its end; see Restoring" in refused.complaint
        # What is there is stored again, in other ranges.
        assert rows(pipe, final="FINAL") == 300 + 100


def test_a_topic_that_is_made_anew_under_a_sink_ends_it_and_is_read_by_the_next(
    fragile: Cluster, store: Store, prefix: str, tmp_path: Path
) -> None:
    """Its client reads nothing of a topic whose leader's term is smaller than before."""
    (broker,) = fragile.brokers
    with site(fragile.bootstrap, prefix, tmp_path) as made:
        pipe = filled(made, store)
        broker.stop()
        fragile.start()
        sink = pipe.sink()
        eventually("ready", 60, lambda: sink.status("/readyz")[0] == 200)
        write(pipe, 300, 400)
        eventually("400 events are stored", 60, lambda: pipe.committed()["events"] == 400)
        delete(made, EVENTS)
        made.make(EVENTS)
        write(pipe, 400, 500)

        code = sink.wait()
        again = pipe.sink()
        eventually("the rest is stored", 60, lambda: pipe.committed()["events"] == 100)
        again.end()

        assert code == 1
        assert f"{prefix}.events was made anew while it was read" in sink.complaint
        assert rows(pipe) == 500


@pytest.mark.parametrize("topic", [EVENTS, FACTS])
def test_a_topic_that_is_given_more_partitions_under_a_sink_ends_it_as_no_start_takes_it(
    installation: Site, store: Store, topic: Topic
) -> None:
    name = topic.named(installation.prefix)
    pipe = filled(installation, store)
    sink = pipe.sink()
    eventually("ready", 60, lambda: sink.status("/readyz")[0] == 200)
    admin = AdminClient({"bootstrap.servers": installation.bootstrap})
    admin.create_partitions([NewPartitions(name, 40)])[name].result(20)

    code = sink.wait()
    complaint = sink.complaint
    again = pipe.sink("s2")

    assert (code, again.wait()) == (1, 1)
    assert complaint.startswith(f"{name} has 40 partitions now, must have 32: ")
    assert f"{name}: has 40 partitions, must have 32; " in again.complaint


def test_that_retention_has_removed_what_was_stored_is_no_other_log(
    installation: Site, store: Store
) -> None:
    pipe = filled(installation, store)
    remove(installation, 300)
    write(pipe, 300, 900)
    pipe.sink()

    eventually("the rest is stored", 60, lambda: pipe.committed()["events"] == 900)
    assert rows(pipe) == 900


def test_where_a_log_begins_whose_leader_is_away_is_not_guessed(
    kafka_cluster: Cluster, prefix: str
) -> None:
    """Else what was stored last would not be looked at, just after a broker had died."""
    admin = AdminClient({"bootstrap.servers": kafka_cluster.bootstrap})
    name = f"{prefix}.single"
    asked = [NewTopic(name, 6, 1, config={"min.insync.replicas": "1"})]
    admin.create_topics(asked)[name].result(20)
    producer = Producer({"bootstrap.servers": kafka_cluster.bootstrap})
    for number in range(60):
        producer.produce(name, b"x", partition=number % 6)
    assert producer.flush(20) == 0
    places = [TopicPartition(name, each, 4) for each in range(6)]
    for future in admin.delete_records(places).values():
        future.result(20)
    leaders = admin.list_topics(name, timeout=20).topics[name].partitions
    orphans = {each for each, told in leaders.items() if told.leader == 3}

    kafka_cluster.brokers[2].kill()
    with closing(
        Consumer({"bootstrap.servers": kafka_cluster.bootstrap, "group.id": name})
    ) as consumer:
        eventually("the cluster knows", 30, lambda: bool(_leaderless(admin, name)))
        found = firsts(consumer, places)
    kafka_cluster.start(kafka_cluster.brokers[2])

    assert orphans
    assert found == {(name, each): 0 if each in orphans else 4 for each in range(6)}


def _leaderless(admin: AdminClient, name: str) -> list[int]:
    told = admin.list_topics(name, timeout=20).topics[name].partitions
    return [number for number, each in told.items() if each.leader < 0]
