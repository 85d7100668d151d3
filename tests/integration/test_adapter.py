"""`pult adapter` in a process of its own, killed and told to stop, on a real broker."""

import random
import signal
import subprocess
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions

from tests.integration.adapters import Adapter, killed_at_last
from tests.integration.conftest import NewCluster
from tests.integration.reading import (
    expected_ids,
    first_ids,
    frames,
    make_topics,
    records,
    unique,
)
from tests.kafka import Cluster
from tests.oracles.lab_numbers import LAB
from tests.pult.command import SECONDS, pult, wait_for


def kill_again_and_again(adapter: Adapter, seed: int, kills: int) -> None:
    """Kill it at seeded moments of its work, then let it come to the end."""
    chance = random.Random(seed)
    for _ in range(kills):
        process = adapter.start()
        with killed_at_last(process):
            wait_for(lambda: adapter.metric("pult_published_total") > 0, 20, "a record")
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(chance.uniform(0, 0.8))
    process = adapter.start()
    with killed_at_last(process):
        assert process.wait(SECONDS) == 0, adapter.said


@pytest.mark.parametrize(
    ("seed", "kills"), [(1, 3), pytest.param(2, 60, marks=pytest.mark.soak)]
)
def test_an_adapter_killed_at_any_moment_publishes_all_of_its_journal_in_order(
    kafka: Cluster, prefix: str, tmp_path: Path, seed: int, kills: int
) -> None:
    make_topics(kafka.bootstrap, prefix)
    adapter = Adapter(tmp_path, kafka.bootstrap, prefix)

    kill_again_and_again(adapter, seed, kills)

    read = records(kafka.bootstrap, f"{prefix}.events")
    expected = unique(expected_ids(adapter.data / "journal", adapter.names()))
    assert len(expected) > 3_000
    assert first_ids(read) == expected
    assert len(read) > len(expected), "no kill fell between a delivery and its place"
    last = len(frames(adapter.data / "journal"))
    assert (adapter.data / "published").read_text().split()[0] == str(last)


def test_an_adapter_without_kafka_keeps_everything_and_catches_up(
    new_cluster: NewCluster, tmp_path: Path
) -> None:
    cluster = new_cluster()
    adapter = Adapter(tmp_path, cluster.bootstrap, "late", speed=800)
    process = adapter.start()
    with killed_at_last(process):
        wait_for(lambda: adapter.metric("pult_journal_backlog_frames") > 3_000, 30, "frames")
        wait_for(lambda: adapter.get("/readyz")[0] == 503, 20, "not ready")
        status, why = adapter.get("/readyz")
        assert (status, adapter.get("/healthz")) == (503, (200, "alive\n"))
        assert "nobody listens there; start it, or check kafka.bootstrap" in why
        assert adapter.metric("pult_journal_backlog_seconds") > 0
        assert adapter.metric("pult_publish_errors_total") == 1
        # What the journal grows into: an alert looks at it.
        assert adapter.metric("pult_disk_free_bytes") > 0
        cluster.start()
        wait_for(lambda: "late.events: missing" in adapter.get("/readyz")[1], 20, "a topic")
        make_topics(cluster.bootstrap, "late")
        assert process.wait(30) == 0, adapter.said

    read = records(cluster.bootstrap, "late.events")
    expected = expected_ids(adapter.data / "journal", adapter.names())
    assert [each.value["id"] for each in read] == expected
    _, gone, *lacking, back, stopped = adapter.said.splitlines()
    assert " warning adapter: cannot use Kafka at " in gone
    assert gone.endswith("the journal keeps what comes until it is taken")
    # The new reason once; while topics are made one after the other, another may be the first.
    assert " warning adapter: late.events: missing (run pult topics" in lacking[0]
    assert all(": missing (run pult topics" in each for each in lacking)
    assert " info adapter: Kafka takes events again after " in back
    assert stopped.endswith(" info adapter: stopped unpublished=0")


def test_an_adapter_told_to_stop_publishes_what_it_has(
    kafka: Cluster, prefix: str, tmp_path: Path
) -> None:
    make_topics(kafka.bootstrap, prefix)
    adapter = Adapter(tmp_path, kafka.bootstrap, prefix, speed=50)
    process = adapter.start()
    with killed_at_last(process):
        wait_for(lambda: adapter.metric("pult_published_total") > 50, 20, "records")
        assert adapter.get("/readyz") == (200, "ready\n")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert adapter.said.rstrip().endswith("adapter: stopped unpublished=0")

    kept = expected_ids(adapter.data / "journal", adapter.names())
    assert 50 < len(kept) < 3_000
    assert [each.value["id"] for each in records(kafka.bootstrap, f"{prefix}.events")] == kept


def test_topics_with_another_number_of_partitions_are_not_written_to(
    kafka: Cluster, prefix: str, tmp_path: Path
) -> None:
    make_topics(kafka.bootstrap, prefix, partitions=8)
    adapter = Adapter(tmp_path, kafka.bootstrap, prefix)
    process = adapter.start()
    with killed_at_last(process):
        wait_for(
            lambda: "has 8 partitions, must have 32" in adapter.get("/readyz")[1], 20, "it"
        )
        assert adapter.metric("pult_published_total") == 0


def test_topics_that_are_given_more_partitions_are_not_written_to_any_more(
    kafka: Cluster, prefix: str, tmp_path: Path
) -> None:
    make_topics(kafka.bootstrap, prefix)
    adapter = Adapter(tmp_path, kafka.bootstrap, prefix, speed=20)
    process = adapter.start()
    with killed_at_last(process):
        wait_for(lambda: adapter.metric("pult_published_total") > 0, 20, "a record")
        admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
        for grown in admin.create_partitions([NewPartitions(f"{prefix}.events", 40)]).values():
            grown.result(20)
        wait_for(lambda: adapter.get("/readyz")[0] == 503, 20, "not ready")
        told = f"{prefix}.events: has 40 partitions, must have 32; "
        assert adapter.get("/readyz")[1].startswith(told)
        published = adapter.metric("pult_published_total")
        kept = adapter.metric("pult_journal_backlog_frames")
        wait_for(lambda: adapter.metric("pult_journal_backlog_frames") > kept, 20, "frames")
        assert adapter.metric("pult_published_total") == published

    (said,) = [line for line in adapter.said.splitlines() if "partitions" in line]
    assert " warning adapter: " in said
    assert told in said
    assert said.endswith("the journal keeps what comes until it is taken")
    read = records(kafka.bootstrap, f"{prefix}.events")
    assert len(read) == published
    assert len({each.partition for each in read}) == 1


def test_settings_that_cannot_work_end_it_at_once_with_the_name_of_the_setting(
    tmp_path: Path,
) -> None:
    config = tmp_path / "pult.toml"
    config.write_text(
        '[kafka]\nprotocol = "sasl_plaintext"\nusername = "a"\npassword_env = "NOT_SET"\n'
    )
    recording = ("--recording", LAB / "queue_log", "--kind", "asterisk-queue-log")

    done = pult("adapter", "pbx1", *recording, "--config", config, "--data", tmp_path / "data")

    assert done.code == 1
    assert "environment variable NOT_SET (kafka.password_env) is not set" in done.complaint
    assert not (tmp_path / "data" / "journal").exists()
