"""The brokers go away while a worker runs: it says so, and it still ends when it is told to."""

import signal
import time
from pathlib import Path

from tests.integration.conftest import NewCluster
from tests.integration.half_hour import TENANTS, interleaved, recorded
from tests.integration.workers import Site, eventually, site

NOTICED_SECONDS = 15
ENDED_SECONDS = 15


def test_a_worker_without_brokers_is_not_ready_and_ends_in_time(
    new_cluster: NewCluster, tmp_path: Path
) -> None:
    values = recorded()[:500]
    cluster = new_cluster()
    cluster.start()
    with site(cluster.bootstrap, "alone", tmp_path) as installation:
        installation.publish(interleaved(values))
        worker = installation.worker("w1")
        installation.wait_until_ready()
        installation.wait_until_applied(len(TENANTS) * len(values))

        cluster.kill()
        eventually(
            "not ready", NOTICED_SECONDS, lambda: "brokers" in worker.status("/readyz")[1]
        )
        alive = worker.status("/healthz")
        told_at = time.monotonic()
        worker.process.send_signal(signal.SIGTERM)
        code = worker.wait()
        took = time.monotonic() - told_at

        assert alive == (200, "alive\n")
        assert took < ENDED_SECONDS
        assert code == 1
        assert worker.complaint.startswith("could not save within 8 s; nothing is lost")
        assert "warning worker: brokers do not answer: cannot use Kafka at" in worker.said
        assert "Traceback" not in worker.said


def test_a_worker_whose_sources_are_all_silent_is_not_ready(
    installation: Site,
) -> None:
    values = recorded()[:100]
    installation.publish(interleaved(values))
    worker = installation.worker("w1")
    installation.wait_until_ready()
    ready = worker.status("/readyz")

    took = eventually("not ready", 25, lambda: worker.status("/readyz")[0] == 503)

    assert ready == (200, "ready\n")
    assert 10 < took < 20
    assert worker.status("/readyz")[1].startswith("no source has said anything for 1")
