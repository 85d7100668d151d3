"""Workers on a real broker: what they conclude is what one process would."""

import time
from typing import Any

from stream_processors.shells.application import DRAIN_SECONDS
from tests.integration.half_hour import TENANTS, assert_equal, interleaved, recorded
from tests.integration.whole.offsets import partition_of
from tests.integration.workers import Site, Worker


def own_tenants(worker: Worker) -> list[str]:
    return sorted(each for each in TENANTS if partition_of(each) in worker.partitions)


def shown_unasked(worker: Worker) -> tuple[list[str], Any]:
    """Return whose walls it offers, and whose it shows or nobody's, to who asks for none."""
    picture = worker.picture("")
    return picture["tenants"], picture["title"] if picture["as_of"] else None


def test_two_workers_conclude_what_one_process_would(installation: Site) -> None:
    values = recorded()
    half = len(values) // 2
    installation.publish(interleaved(values[:half]))
    first, second = (installation.worker(name) for name in ("w1", "w2"))
    installation.wait_until_ready()

    installation.publish(interleaved(values[half:]))
    installation.wait_until_applied(len(TENANTS) * len(values))
    members = installation.members()
    owned = first.partitions, second.partitions
    rows = first.metrics() | second.metrics()
    tenants = [own_tenants(each) for each in (first, second)]
    unasked = [shown_unasked(each) for each in (first, second)]
    asked = first.picture(f"tenant={tenants[0][0]}")
    told_at = time.monotonic()
    codes = [first.end(), second.end()]
    took = time.monotonic() - told_at

    assert codes == [0, 0], first.said + second.said
    assert took < 2 * (DRAIN_SECONDS + 2)
    for each in (first, second):
        *_, drained, stopped = each.said.splitlines()
        assert "worker: drained partitions=" in drained
        assert "worker: caught up partitions=" in each.said
        assert stopped.endswith("worker: stopped")
        assert list(each.cwd.iterdir()) == []
    assert_equal(installation)
    assert members == {
        f"{installation.prefix}-processor": [
            ("w1", [f"{installation.prefix}.events"]),
            ("w2", [f"{installation.prefix}.events"]),
        ]
    }
    assert not owned[0] & owned[1]
    assert sorted(tenants[0] + tenants[1]) == TENANTS
    for own, shown in zip(tenants, unasked, strict=True):
        assert shown == ((own, None) if len(own) > 1 else ([], own[0]))
    assert (asked["tenants"], asked["title"]) == ([], tenants[0][0])
    for tenant in TENANTS:
        assert f'cc_queue_waiting{{queue="support",tenant="{tenant}"}}' in rows
    ends = {each: len(records) for each, records in installation.read("events").items()}
    assert installation.committed() == ends
