"""A worker is let in with TLS and a password, or says in one line why it is not."""

from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.integration.half_hour import interleaved, recorded
from tests.integration.test_topics import PLAIN, pult
from tests.integration.workers import Site, Worker
from tests.kafka import PASSWORD, Cluster


def test_a_worker_works_through_tls_and_with_a_password(
    installation: Site, kafka: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kafka.certificates is not None
    monkeypatch.setenv("KAFKA_PASSWORD", PASSWORD)
    values = recorded()[:100]
    installation.publish(interleaved(values))
    # Faust's consumer and our own clients both go through this door.
    installation.bootstrap = kafka.sasl_tls
    installation.kafka = (
        f'protocol = "sasl_tls"\nca = "{kafka.certificates.authority}"\n{PLAIN}'
    )

    worker: Worker = installation.worker("w1")
    installation.wait_until_ready()
    applied = worker.applied
    code = worker.end()

    assert code == 0, worker.said
    assert applied == len(list(interleaved(values)))
    assert PASSWORD not in worker.said


@pytest.mark.parametrize("case", ["topics missing", "other partitions", "wrong password"])
def test_a_worker_that_cannot_start_says_why_in_one_line(
    kafka: Cluster, prefix: str, tmp_path: Path, case: str
) -> None:
    """What else may be wrong with a connection is tried with `pult topics`: it is one code."""
    settings, password = f'bootstrap = "{kafka.bootstrap}"\nprefix = "{prefix}"', PASSWORD
    match case:
        case "topics missing":
            words = f"{prefix}.events: missing"
        case "other partitions":
            admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
            for future in admin.create_topics([NewTopic(f"{prefix}.events", 8, 1)]).values():
                future.result(20)
            words = f"{prefix}.events: has 8 partitions, must have 32"
        case _:
            settings = f'bootstrap = "{kafka.sasl_plaintext}"\nprotocol = "sasl_plaintext"'
            settings, password = f"{settings}\n{PLAIN}", "not it"
            words = "check kafka.username and kafka.password_env"

    done = pult(tmp_path, settings, "processor", "--port", "0", password=password)

    assert done.code == 1
    assert words in done.complaint
    assert password not in done.err + done.out
