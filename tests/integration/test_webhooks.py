"""What a CRM posts to `pult adapter` is in Kafka once each, though Kafka was away meanwhile."""

import asyncio
import signal
import subprocess
from pathlib import Path

import pytest

from tests.integration.conftest import NewCluster
from tests.integration.reading import make_topics, records
from tests.kafka import Cluster, free_port
from tests.pult.command import PULT, dies_with_its_parent, environment, wait_for
from tests.pult.hooked import SECRET
from tests.pult.test_webhooks_load import pour

PREFIX = "hooks"


def adapter(folder: Path, bootstrap: str) -> tuple["subprocess.Popen[bytes]", str]:
    """Start an adapter of a source `crm`; return it with the address that takes posts."""
    port = free_port()
    config = folder / "pult.toml"
    config.write_text(
        f'[kafka]\nbootstrap = "{bootstrap}"\nprefix = "{PREFIX}"\n'
        f"[http]\nadapter_port = {free_port()}\nwebhook_port = {port}\n"
        '[sources.crm]\nkind = "webhook"\n'
        'webhook = { mapping = "generic", secret_env = "CRM_SECRET", rate = 100000 }\n'
    )
    command = [PULT, "adapter", "crm", "--config", config, "--data", folder / "data"]
    with (folder / "said").open("ab") as said:
        process = subprocess.Popen(
            list(map(str, command)), stdout=said, stderr=said,
            env={**environment(), "CRM_SECRET": SECRET}, preexec_fn=dies_with_its_parent,
        )  # fmt: skip
    wait_for(lambda: b"Adapter " in (folder / "said").read_bytes(), 60, "the adapter")
    return process, f"http://127.0.0.1:{port}/hooks/crm"


def through_an_outage(cluster: Cluster, folder: Path, seconds: float, rate: float) -> None:
    cluster.start()
    make_topics(cluster.bootstrap, PREFIX)
    process, address = adapter(folder, cluster.bootstrap)
    try:
        taken = asyncio.run(pour(address, seconds / 4, rate, "before"))
        cluster.kill()
        away = asyncio.run(pour(address, seconds / 2, rate, "away"))
        assert len(away) > 0.9 * rate * seconds / 2, "Kafka's absence is not the sender's"
        cluster.start()
        taken |= away | asyncio.run(pour(address, seconds / 4, rate, "after"))

        def told() -> dict[str, set[str]]:
            found: dict[str, set[str]] = {}
            for record in records(cluster.bootstrap, f"{PREFIX}.events"):
                event = record.value
                found.setdefault(event["data"]["case_id"], set()).add(event["id"])
            return found

        wait_for(lambda: taken <= set(told()), 120, "all that was taken")
        # A crash of the broker may have a record published again, with the same id.
        assert {len(ids) for ids in told().values()} == {1}
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


@pytest.mark.soak
def test_a_minute_of_posts_outlasts_half_a_minute_without_kafka(
    new_cluster: NewCluster, tmp_path: Path
) -> None:
    through_an_outage(new_cluster(), tmp_path, 60, 1_000)


def test_what_is_posted_while_kafka_is_away_arrives(
    new_cluster: NewCluster, tmp_path: Path
) -> None:
    through_an_outage(new_cluster(), tmp_path, 2, 300)
