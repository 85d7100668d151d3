"""An adapter does not take a topic that was made anew for the one that it published to."""

import signal
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from tests.integration.adapters import Adapter, killed_at_last
from tests.integration.reading import expected_ids, first_ids, make_topics, records
from tests.kafka import Cluster
from tests.pult.command import SECONDS, wait_for


def delete_topics(cluster: Cluster, prefix: str) -> None:
    """Delete all topics of a prefix, and wait until they are gone."""
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    names = [f"{prefix}.{each}" for each in ("events", "facts", "rejected", "snapshots")]
    for gone in admin.delete_topics(names).values():
        gone.result(20)
    wait_for(
        lambda: not {*names} & admin.list_topics(timeout=20).topics.keys(), 20, "their end"
    )


def began(cluster: Cluster, prefix: str, folder: Path, speed: int) -> Adapter:
    """Return an adapter that has published something and was told to stop."""
    make_topics(cluster.bootstrap, prefix)
    adapter = Adapter(folder, cluster.bootstrap, prefix, speed)
    process = adapter.start()
    with killed_at_last(process):
        wait_for(lambda: adapter.metric("pult_published_total") > 50, 20, "records")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    return adapter


def test_a_topic_made_anew_between_two_starts_is_not_gone_on_with(
    kafka: Cluster, prefix: str, tmp_path: Path
) -> None:
    adapter = began(kafka, prefix, tmp_path, speed=100)
    published = (tmp_path / "data" / "published").read_text().split()[0]
    delete_topics(kafka, prefix)
    make_topics(kafka.bootstrap, prefix)

    process = adapter.start()
    with killed_at_last(process):
        wait_for(lambda: adapter.get("/readyz")[0] == 503, 20, "not ready")
        why = adapter.get("/readyz")[1]
        wait_for(lambda: adapter.metric("pult_journal_backlog_frames") > 50, 20, "frames")
        assert adapter.metric("pult_published_total") == 0

    assert why.startswith(
        f"{prefix}.events is not the topic that the journal was published to up to message "
        f"{published}: it was made anew, or is of other brokers"
    )
    assert "see Restoring in docs/operations.md" in why
    (said,) = [line for line in adapter.said.splitlines() if "made anew" in line]
    assert " warning adapter: " in said
    assert records(kafka.bootstrap, f"{prefix}.events") == []


@pytest.mark.parametrize("accept", [False, True])
def test_the_whole_journal_or_what_comes_is_published_to_the_new_topic_as_a_person_says(
    kafka: Cluster, prefix: str, tmp_path: Path, accept: bool
) -> None:
    adapter = began(kafka, prefix, tmp_path, speed=800)
    before = expected_ids(adapter.data / "journal", adapter.names())
    delete_topics(kafka, prefix)
    make_topics(kafka.bootstrap, prefix)
    if not accept:
        (adapter.data / "published").unlink()

    process = adapter.start("--speed", "8000", *["--accept-loss"] if accept else [])
    with killed_at_last(process):
        assert process.wait(SECONDS) == 0, adapter.said

    everything = expected_ids(adapter.data / "journal", adapter.names())
    read = first_ids(records(kafka.bootstrap, f"{prefix}.events"))
    assert read == (everything[len(before) :] if accept else everything)
    accepted = f"{prefix}.events lacks what was published up to message "
    assert sum(accepted in line for line in adapter.said.splitlines()) == accept


def test_a_topic_made_anew_under_an_adapter_is_not_written_to_any_more(
    kafka: Cluster, prefix: str, tmp_path: Path
) -> None:
    make_topics(kafka.bootstrap, prefix)
    adapter = Adapter(tmp_path, kafka.bootstrap, prefix, speed=20)
    process = adapter.start()
    with killed_at_last(process):
        wait_for(lambda: adapter.metric("pult_published_total") > 0, 20, "a record")
        delete_topics(kafka, prefix)
        make_topics(kafka.bootstrap, prefix)
        wait_for(lambda: "made anew" in adapter.get("/readyz")[1], 20, "it")
        published = adapter.metric("pult_published_total")
        kept = adapter.metric("pult_journal_backlog_frames")
        wait_for(lambda: adapter.metric("pult_journal_backlog_frames") > kept, 20, "frames")
        assert adapter.metric("pult_published_total") == published

    assert "it was made anew, or is of other brokers" in adapter.said
    assert "no answer within" not in adapter.said
