"""A log of which retention has removed the beginning is told of before it is folded."""

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from schemas.topics import EVENTS, partition_of
from tests.integration.half_hour import recorded
from tests.integration.workers import Site, eventually
from tests.shells.records import of

KEY = "acme"
PARTITION = partition_of(KEY.encode())


def publish(site: Site, begin: int, end: int) -> None:
    site.publish([(KEY, of(value, KEY)) for value in recorded()[begin:end]])


def remove(site: Site, until: int) -> None:
    """Remove the first records of a partition, as retention does, up to an offset."""
    admin = AdminClient({"bootstrap.servers": site.bootstrap})
    place = TopicPartition(EVENTS.named(site.prefix), PARTITION, until)
    for future in admin.delete_records([place]).values():
        future.result(20)


def test_a_worker_without_a_snapshot_says_what_a_log_without_its_beginning_means(
    installation: Site,
) -> None:
    publish(installation, 0, 300)
    remove(installation, 200)

    worker = installation.worker("w1")
    installation.wait_until_applied(100)

    (said,) = [line for line in worker.said.splitlines() if " warning worker: " in line]
    assert f"log without its beginning partitions={PARTITION};" in said
    assert "pult rebuild --server" in said
    assert worker.metrics()["pult_ready"] == 1


def test_a_snapshot_that_retention_has_overtaken_ends_a_worker_unless_loss_is_accepted(
    installation: Site,
) -> None:
    publish(installation, 0, 300)
    worker = installation.worker("w1")
    installation.wait_until_applied(300)
    worker.end()
    publish(installation, 300, 900)
    remove(installation, 600)

    worker.start()
    eventually("not ready", 20, lambda: "are gone" in worker.status("/readyz")[1])
    ready = worker.metrics().get("pult_ready")
    code, complaint = worker.wait(), worker.complaint
    worker.options = ("--accept-loss",)
    worker.start()
    installation.wait_until_applied(600)

    assert (ready, code) == (0, 1)
    assert complaint.startswith(
        f"300 events of {installation.prefix}.events partition {PARTITION} are gone from the "
        "log before they were applied; "
    )
    assert complaint.endswith("start with --accept-loss, then run pult rebuild --server")
    assert "restored partition=" in worker.said
