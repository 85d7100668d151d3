"""A worker killed at any moment: nothing is lost, and what is concluded twice is equal."""

import random
import signal
from functools import partial

import pytest

from tests.integration.half_hour import EVENTS, assert_equal, interleaved, recorded
from tests.integration.workers import Site, Worker, eventually


def has_applied(worker: Worker, events: int) -> bool:
    """Tell whether this process has applied more events."""
    return worker.metrics().get("pult_processor_events_total", 0) > events


def has_saved(worker: Worker) -> bool:
    """Tell whether the brokers have a snapshot that this process made."""
    return any(name.startswith("pult_snapshot_timestamp_seconds{") for name in worker.metrics())


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(n, marks=pytest.mark.soak) for n in range(2, 12))]
)
def test_a_worker_killed_at_any_moment_loses_and_doubles_nothing(
    installation: Site, seed: int
) -> None:
    dice = random.Random(seed)
    installation.settings = "[processor]\nsnapshot_every = '300ms'\nsnapshot_events = 1000"
    values = recorded()
    installation.publish(interleaved(values[: EVENTS // 2]))
    worker = installation.worker("w1")
    for rest in (values[EVENTS // 2 :], []):
        least = dice.randrange(EVENTS)
        eventually("some applied", 30, partial(has_applied, worker, least))
        if not rest:
            # The first kill may come before any snapshot, the second finds one.
            eventually("a snapshot", 30, partial(has_saved, worker))
        worker.end(signal.SIGKILL)
        installation.publish(interleaved(rest))
        worker.start()
    installation.wait_until_ready()
    worker.end()

    assert_equal(installation)
    assert "restored partition=" in worker.said
