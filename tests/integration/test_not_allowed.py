"""Brokers that let us in and do not let us do everything: told in one line, for whom."""

import os
import signal
import time
from pathlib import Path

import pytest
from confluent_kafka import KafkaError
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
)
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType

from producers.frame import Frame
from producers.session import Entry, Session, Undelivered
from pult import kafka as connecting
from pult.server_settings import KafkaSettings
from tests.integration.conftest import NewCluster
from tests.integration.half_hour import recorded
from tests.integration.test_topics import NAMES, PLAIN, pult
from tests.integration.workers import Site, Worker, site
from tests.kafka import GUEST, PASSWORD, USER, Cluster
from tests.pult.command import PULT, wait_for
from tests.shells.records import of

AS_GUEST = f'protocol = "sasl_plaintext"\n{PLAIN.replace(USER, GUEST)}'


def allow(kafka: Cluster, what: ResourceType, name: str, *operations: AclOperation) -> None:
    """Let the guest do something, in addition to what he may already."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    made = admin.create_acls([
        AclBinding(
            what, name, ResourcePatternType.LITERAL, f"User:{GUEST}", "*", each,
            AclPermissionType.ALLOW,
        )
        for each in operations
    ])  # fmt: skip
    for future in made.values():
        future.result(20)


def forbid(kafka: Cluster, topic: str, operation: AclOperation) -> None:
    """Take a right to a topic away again."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    given = AclBindingFilter(
        ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, f"User:{GUEST}", "*",
        operation, AclPermissionType.ALLOW,
    )  # fmt: skip
    for future in admin.delete_acls([given]).values():
        assert future.result(20)


def allow_looking(kafka: Cluster, prefix: str) -> None:
    """Let the guest see the topics; what was allowed before holds when this returns."""
    names = {f"{prefix}.{name}" for name in NAMES}
    for name in names:
        looking = (AclOperation.DESCRIBE_CONFIGS, AclOperation.DESCRIBE)
        allow(kafka, ResourceType.TOPIC, name, *looking)
    guest = AdminClient(connecting.librdkafka(known(kafka), {"KAFKA_PASSWORD": PASSWORD}))
    # Brokers apply what the controller has accepted one after the other, a moment later.
    wait_for(lambda: names <= guest.list_topics(timeout=20).topics.keys(), 20, "rights")


def known(kafka: Cluster) -> KafkaSettings:
    """Return the settings of the guest."""
    return KafkaSettings(
        bootstrap=kafka.sasl_plaintext, protocol="sasl_plaintext", mechanism="PLAIN",
        username=GUEST, password_env="KAFKA_PASSWORD",
    )  # fmt: skip


def as_guest(installation: Site, kafka: Cluster) -> None:
    installation.bootstrap, installation.kafka = kafka.sasl_plaintext, AS_GUEST


def test_a_topic_that_is_hidden_is_not_simply_missing(
    installation: Site, kafka: Cluster, tmp_path: Path
) -> None:
    address = f'bootstrap = "{kafka.sasl_plaintext}"\nprefix = "{installation.prefix}"\n'

    done = pult(tmp_path, f"{address}{AS_GUEST}", "topics", "--check")

    assert f"{installation.prefix}.events: missing, or hidden from guest (ACL)" in done.out


def test_a_worker_that_may_not_join_its_group_ends(installation: Site, kafka: Cluster) -> None:
    allow_looking(kafka, installation.prefix)
    as_guest(installation, kafka)

    worker = installation.worker("w1", env={"KAFKA_PASSWORD": PASSWORD})

    assert worker.wait() == 1
    assert f"guest may not: join group {installation.prefix}-processor" in worker.complaint


NEEDS = (
    ("read", "events", AclOperation.READ),
    ("read", "snapshots", AclOperation.READ),
    ("write to", "facts", AclOperation.WRITE),
    ("write to", "rejected", AclOperation.WRITE),
    ("write to", "snapshots", AclOperation.WRITE),
)


@pytest.mark.parametrize("lacking", NEEDS)
def test_a_worker_that_may_not_use_a_topic_ends_before_it_begins(
    installation: Site, kafka: Cluster, lacking: tuple[str, str, AclOperation]
) -> None:
    prefix = installation.prefix
    allow(kafka, ResourceType.GROUP, f"{prefix}-processor", AclOperation.READ)
    for need in NEEDS:
        if need != lacking:
            allow(kafka, ResourceType.TOPIC, f"{prefix}.{need[1]}", need[2])
    allow_looking(kafka, prefix)
    as_guest(installation, kafka)

    worker = installation.worker("w1", env={"KAFKA_PASSWORD": PASSWORD})

    assert worker.wait() == 1
    what, name, _ = lacking
    told = f"guest may not: {what} {prefix}.{name} (ACL of the brokers)"
    assert worker.complaint.endswith(told)
    assert "assigned" not in worker.said


@pytest.mark.parametrize("lacking", ["the group", "the topic"])
def test_a_sink_that_may_not_read_ends(
    installation: Site, kafka: Cluster, tmp_path: Path, lacking: str
) -> None:
    prefix = installation.prefix
    if lacking == "the topic":
        allow(kafka, ResourceType.GROUP, f"{prefix}-sink", AclOperation.READ)
    allow_looking(kafka, prefix)
    as_guest(installation, kafka)

    sink = Worker(
        installation, "s1", ("--embedded", "--data", str(tmp_path / "data")),
        command=[PULT, "sink"], env={"KAFKA_PASSWORD": PASSWORD},
    )  # fmt: skip
    installation.workers.append(sink)
    sink.start()

    assert sink.wait() == 1
    what = f"join group {prefix}-sink" if lacking == "the group" else f"read {prefix}."
    assert f"guest may not: {what}" in sink.complaint


def test_a_rebuild_needs_no_right_to_a_group_that_it_does_not_join(
    installation: Site, kafka: Cluster, tmp_path: Path
) -> None:
    prefix = installation.prefix
    for name in ("events", "snapshots"):
        allow(kafka, ResourceType.TOPIC, f"{prefix}.{name}", AclOperation.READ)
    allow_looking(kafka, prefix)
    installation.publish([("acme", of(value, "acme")) for value in recorded()[:300]])
    data = tmp_path / "data"
    data.mkdir()
    address = f'bootstrap = "{kafka.sasl_plaintext}"\nprefix = "{prefix}"\n'

    done = pult(
        tmp_path, f"{address}{AS_GUEST}", "rebuild", "--from-kafka", "--data", str(data)
    )

    assert "300 events of 1 domain folded again" in done.out


def test_an_adapter_that_may_not_write_says_so(kafka: Cluster, installation: Site) -> None:
    topic = f"{installation.prefix}.events"
    # With that the brokers let an idempotent producer begin.
    rejected = f"{installation.prefix}.rejected"
    allow(kafka, ResourceType.TOPIC, rejected, AclOperation.WRITE)
    allow_looking(kafka, installation.prefix)
    wanted = known(kafka)
    client = connecting.librdkafka(wanted, {"KAFKA_PASSWORD": PASSWORD})
    session = Session(client, lambda _: None)
    frame = Frame(source="pbx1", feed="ami", received_at_us=1, content=b"")

    session.send([Entry(topic, b"acme", b"{}", 1, 0, frame)])
    with pytest.raises(Undelivered) as failure:
        session.settle(lambda _: None)
    session.close()

    told = connecting.explained(failure.value.errors, wanted)
    assert told.endswith(f"guest may not: write to {topic} (ACL of the brokers)")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (KafkaError.CLUSTER_AUTHORIZATION_FAILED, "anybody may not: begin to write (ACL"),
        (KafkaError.NOT_ENOUGH_REPLICAS, "it does not take it: begin to write; check the bro"),
    ],
)
def test_what_brokers_answer_is_told_once_and_not_as_silence(
    kafka: Cluster, code: int, told: str
) -> None:
    """What the client purges because of the first record says nothing more."""
    errors = [KafkaError(code, "begin to write"), *[KafkaError(KafkaError._PURGE_QUEUE)] * 9]

    line = connecting.explained(errors, KafkaSettings(bootstrap=kafka.bootstrap))

    assert f": {told}" in line
    assert "Purged" not in line


def test_a_worker_told_to_stop_before_it_has_its_partitions_ends(
    new_cluster: NewCluster, prefix: str, tmp_path: Path
) -> None:
    cluster = new_cluster()
    cluster.start()
    (broker,) = cluster.brokers
    with site(cluster.bootstrap, prefix, tmp_path) as made:
        worker = made.worker("w1")
        os.kill(broker.pid, signal.SIGSTOP)
        try:
            # Long enough for it to be in the middle of asking.
            time.sleep(2)
            began = time.monotonic()
            worker.end()
            took = time.monotonic() - began
        finally:
            os.kill(broker.pid, signal.SIGCONT)

    assert "assigned" not in worker.said
    assert took < 15


@pytest.mark.parametrize(
    ("name", "operation", "told"),
    [
        pytest.param(
            "events",
            AclOperation.READ,
            "read {}.events any more (ACL of the brokers)",
            marks=pytest.mark.soak,
        ),
        ("facts", AclOperation.WRITE, "write to {}.facts (ACL of the brokers)"),
    ],
)
def test_a_worker_from_which_a_right_is_taken_names_it(
    installation: Site, kafka: Cluster, name: str, operation: AclOperation, told: str
) -> None:
    prefix, plainly = installation.prefix, installation.bootstrap
    allow(kafka, ResourceType.GROUP, f"{prefix}-processor", AclOperation.READ)
    for _, topic, right in NEEDS:
        allow(kafka, ResourceType.TOPIC, f"{prefix}.{topic}", right)
    allow_looking(kafka, prefix)
    as_guest(installation, kafka)
    worker = installation.worker("w1", env={"KAFKA_PASSWORD": PASSWORD})
    installation.wait_until_ready()

    forbid(kafka, f"{prefix}.{name}", operation)
    installation.bootstrap = plainly
    installation.publish([("acme", of(value, "acme")) for value in recorded()[:300]])

    assert worker.wait() == 1
    assert worker.complaint == f"this worker may not {told.format(prefix)}"
    assert "Traceback" not in worker.said
