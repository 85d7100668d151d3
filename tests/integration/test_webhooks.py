"""What a CRM posts to `pult adapter` is in Kafka once each, though Kafka was away meanwhile."""

import asyncio
import logging
import signal
import subprocess
from pathlib import Path

import pytest

from tests.integration.conftest import NewCluster
from tests.integration.reading import make_topics, records
from tests.kafka import Cluster, free_port
from tests.pult.command import PULT, dies_with_its_parent, environment, wait_for
from tests.pult.hooked import SECRET
from tests.pult.test_webhooks_load import drips, memory_mb, pour

PREFIX = "hooks"

_LOG = logging.getLogger(__name__)


class Adapter:
    """A running adapter of a source `crm`, at one address however often it is started."""

    def __init__(self, folder: Path, bootstrap: str) -> None:
        port = free_port()
        self.address = f"http://127.0.0.1:{port}/hooks/crm"
        self._folder = folder
        (folder / "pult.toml").write_text(
            f'[kafka]\nbootstrap = "{bootstrap}"\nprefix = "{PREFIX}"\n'
            f"[http]\nadapter_port = {free_port()}\nwebhook_port = {port}\n"
            '[sources.crm]\nkind = "webhook"\n'
            'webhook = { mapping = "generic", secret_env = "CRM_SECRET", rate = 100000 }\n'
        )
        self.process = self._started()

    def restart(self) -> None:
        """Start it once more after a kill."""
        self.process = self._started()

    def _started(self) -> "subprocess.Popen[bytes]":
        folder = self._folder
        said = folder / "said"
        command = [PULT, "adapter", "crm", "--config", folder / "pult.toml",
                   "--data", folder / "data"]  # fmt: skip
        with said.open("wb") as told:
            process = subprocess.Popen(
                list(map(str, command)), stdout=told, stderr=told,
                env={**environment(), "CRM_SECRET": SECRET}, preexec_fn=dies_with_its_parent,
            )  # fmt: skip
        wait_for(lambda: b"Adapter " in said.read_bytes(), 60, "the adapter")
        return process


def told(bootstrap: str) -> dict[str, set[str]]:
    """Return the ids of the events in Kafka, by what was posted."""
    found: dict[str, set[str]] = {}
    for record in records(bootstrap, f"{PREFIX}.events"):
        event = record.value
        found.setdefault(event["data"]["case_id"], set()).add(event["id"])
    return found


async def poured_until_killed(adapter: Adapter, rate: float) -> set[str]:
    """Post until the adapter is killed; return what it had taken."""
    pouring = asyncio.create_task(pour(adapter.address, 60, rate, "killed"))
    await asyncio.sleep(1)
    adapter.process.kill()
    adapter.process.wait(30)
    return await pouring


def through_an_outage(
    cluster: Cluster, folder: Path, seconds: float, rate: float, kill: bool
) -> None:
    """Post all the while; Kafka is away for half of it, the adapter is killed meanwhile."""
    cluster.start()
    make_topics(cluster.bootstrap, PREFIX)
    adapter = Adapter(folder, cluster.bootstrap)
    address = adapter.address
    before = memory_mb(adapter.process)
    try:
        with drips(address):
            taken = asyncio.run(pour(address, seconds / 4, rate, "before"))
            cluster.kill()
            away = asyncio.run(pour(address, seconds / 4, rate, "away"))
            if kill:
                taken |= asyncio.run(poured_until_killed(adapter, rate))
                adapter.restart()
            away |= asyncio.run(pour(address, seconds / 4, rate, "still away"))
            assert len(away) > 0.9 * rate * seconds / 2, "Kafka's absence is not the sender's"
            cluster.start()
            taken |= away | asyncio.run(pour(address, seconds / 4, rate, "after"))
        wait_for(lambda: taken <= set(told(cluster.bootstrap)), 120, "all that was taken")
        # A crash of broker or adapter may have a record published again, with the same id.
        assert {len(ids) for ids in told(cluster.bootstrap).values()} == {1}
        grown = memory_mb(adapter.process) - before
        _LOG.info("%d posts, %.0f MiB more memory", len(taken), grown)
        assert grown < 200
    finally:
        adapter.process.send_signal(signal.SIGTERM)
        adapter.process.wait(60)


@pytest.mark.soak
@pytest.mark.parametrize("kill", [False, True])
def test_a_minute_of_posts_outlasts_half_a_minute_without_kafka(
    kill: bool, new_cluster: NewCluster, tmp_path: Path
) -> None:
    through_an_outage(new_cluster(), tmp_path, 60, 1_000, kill)


def test_what_is_posted_while_kafka_is_away_arrives(
    new_cluster: NewCluster, tmp_path: Path
) -> None:
    through_an_outage(new_cluster(), tmp_path, 2, 300, kill=True)
