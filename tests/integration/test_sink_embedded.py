"""A sink that stores in a data folder: what it has committed survives a power cut."""

import errno
import shutil
import signal
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from schemas.topics import EVENTS
from sql.embedded import EmbeddedStore
from tests.integration.half_hour import TENANTS, interleaved, recorded
from tests.integration.sinks import killed, spoiled
from tests.integration.workers import Site, Worker, eventually
from tests.pult.command import PULT
from tests.pult.test_power_cut import parts


def sink(site: Site, data: Path, defect: str = "") -> Worker:
    """Start a sink on a data folder."""
    command = spoiled(defect) if defect else (PULT, "sink")
    started = Worker(site, "s1", ("--embedded", "--data", str(data)), command=command)
    site.workers.append(started)
    started.start()
    return started


def committed(site: Site) -> int:
    """Return how many events the group has stored."""
    consumer = Consumer(
        {"bootstrap.servers": site.bootstrap, "group.id": f"{site.prefix}-sink"}
    )
    asked = [
        TopicPartition(EVENTS.named(site.prefix), each) for each in range(EVENTS.partitions)
    ]
    with closing(consumer):
        return sum(max(0, each.offset) for each in consumer.committed(asked, timeout=20))


def publish(site: Site) -> int:
    """Publish events of some tenants; return how many."""
    site.settings = "[sink]\nflush_every = '100ms'\n"
    values = recorded()[:400]
    site.publish(interleaved(values))
    return len(TENANTS) * len(values)


@pytest.mark.parametrize("power", ["lost", "kept"])
def test_what_was_stored_and_not_committed_is_stored_once_whatever_the_disk_lost(
    installation: Site, tmp_path: Path, power: str
) -> None:
    events, data = publish(installation), tmp_path / "data"

    assert killed(sink(installation, data, "before-commit:0"))
    lost = list(parts(data))
    for each in lost if power == "lost" else ():
        # What says which inserts are known has survived: the worst that can happen.
        shutil.rmtree(each)
    again = sink(installation, data)
    eventually("all is committed", 60, lambda: committed(installation) == events)
    code = again.end()

    assert lost
    assert code == 0, again.said
    store = EmbeddedStore(data / "store")
    with closing(store):
        found = store.query("SELECT count(), uniqExact(tenant, id) FROM events").split()
    assert [int(each) for each in found] == [events, events]


def test_nothing_is_committed_that_is_not_on_the_disk(
    installation: Site, tmp_path: Path
) -> None:
    events, data = publish(installation), tmp_path / "data"

    refused = sink(installation, data, f"no-sync:{errno.EIO}")
    eventually("a warning", 60, lambda: "on the disk: Input/output error" in refused.said)
    status, why = refused.status("/readyz")
    refused.end(signal.SIGKILL)
    before = committed(installation)
    again = sink(installation, data)
    eventually("all is committed", 60, lambda: committed(installation) == events)
    again.end()

    assert (status, before) == (503, 0)
    assert "cannot put" in why
    store = EmbeddedStore(data / "store")
    with closing(store):
        (found,) = store.query("SELECT count() FROM events").split()
    assert int(found) == events
