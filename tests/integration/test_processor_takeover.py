"""A worker is lost, another joins: how long partitions stand still, and what the wall says."""

import logging
import signal
import time
from typing import Any

from tests.integration.half_hour import TENANTS, assert_equal, interleaved, recorded
from tests.integration.whole.offsets import partition_of
from tests.integration.workers import Site, Worker, eventually

TAKEN_OVER_SECONDS = 15
_LOG = logging.getLogger(__name__)


def figures(worker: Worker, tenant: str) -> dict[str, Any]:
    """Return what a worker's wall shows of a tenant, and since when it has been so."""
    picture = worker.picture(f"tenant={tenant}")
    shown = (
        "as_of", "service_level", "waiting", "longest", "agents", "abandoned", "queues",
        "exceptions",
    )  # fmt: skip
    return {name: picture[name] for name in shown}


def test_a_lost_worker_is_taken_over_and_the_wall_does_not_jump(
    installation: Site,
) -> None:
    values = recorded()
    half = len(values) // 2
    installation.publish(interleaved(values[:half]))
    first, second = (installation.worker(name) for name in ("w1", "w2"))
    installation.wait_until_ready()
    installation.wait_until_applied(len(TENANTS) * half)
    tenant = next(each for each in TENANTS if partition_of(each) in second.partitions)
    before = figures(second, tenant)
    strange = second.picture("tenant=stranger")
    elsewhere = first.picture(f"tenant={tenant}")

    second.end(signal.SIGKILL)
    lost_at = time.monotonic()
    installation.wait_until_ready()
    took = time.monotonic() - lost_at
    _LOG.info("taken over after %.1f s", took)
    installation.wait_until_applied(len(TENANTS) * half)

    assert before["as_of"] is not None
    assert [each["tenant"] for each in strange["exceptions"]] == ["stranger"]
    assert strange["waiting"]["now"] is strange["agents"]["logged_in"] is None
    assert [each["tenant"] for each in elsewhere["exceptions"]] == [tenant]
    assert elsewhere["waiting"]["now"] is elsewhere["agents"]["logged_in"] is None
    assert any(each["since"] for each in before["exceptions"])
    assert figures(first, tenant) == before
    assert took < TAKEN_OVER_SECONDS
    installation.publish(interleaved(values[half:]))
    installation.wait_until_applied(len(TENANTS) * len(values))
    first.end()
    assert_equal(installation)


def test_a_third_worker_takes_its_share_without_loss_or_double(
    installation: Site,
) -> None:
    values = recorded()
    half = len(values) // 2
    first, second = (installation.worker(name) for name in ("w1", "w2"))
    installation.wait_until_ready()
    installation.publish(interleaved(values[:half]))

    third = installation.worker("w3")
    installation.publish(interleaved(values[half:]))
    took = eventually("its share", 60, lambda: len(third.partitions) >= 10)
    _LOG.info("the third worker has its share after %.1f s", took)
    installation.wait_until_ready()
    installation.wait_until_applied(len(TENANTS) * len(values))
    for each in (first, second, third):
        assert each.end() == 0, each.said

    assert_equal(installation)
