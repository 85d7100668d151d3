"""Workers on a real broker: what they conclude is what one process would."""

import time

from stream_processors.shells.application import DRAIN_SECONDS
from tests.integration.half_hour import TENANTS, assert_equal, interleaved, recorded
from tests.integration.workers import Site


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
    told_at = time.monotonic()
    codes = [first.end(), second.end()]
    took = time.monotonic() - told_at

    assert codes == [0, 0], first.said + second.said
    assert took < 2 * (DRAIN_SECONDS + 2)
    for each in (first, second):
        *_, drained, stopped = each.said.splitlines()
        assert "worker: drained partitions=" in drained
        assert stopped.endswith("application: stopped")
        assert list(each.cwd.iterdir()) == []
    assert_equal(installation)
    assert members == {
        f"{installation.prefix}-processor": [
            ("w1", [f"{installation.prefix}.events"]),
            ("w2", [f"{installation.prefix}.events"]),
        ]
    }
    assert not owned[0] & owned[1]
    for tenant in TENANTS:
        assert f'cc_queue_waiting{{queue="support",tenant="{tenant}"}}' in rows
    ends = {each: len(records) for each, records in installation.read("events").items()}
    assert installation.committed() == ends
