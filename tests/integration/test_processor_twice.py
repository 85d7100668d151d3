"""A second worker under the name of one that runs."""

import signal

from tests.integration.half_hour import interleaved, recorded
from tests.integration.workers import Site, eventually

SAID = " warning worker: another worker runs under the name w1, at 127.0.0.1: "


def test_two_workers_of_one_name_are_told_of_and_one_that_came_back_is_not(
    installation: Site,
) -> None:
    installation.publish(interleaved(recorded()[:50]))
    first = installation.worker("w1")
    installation.wait_until_ready()
    first.end(signal.SIGKILL)
    first.start()
    installation.wait_until_ready()
    first.end()
    first.start()
    installation.wait_until_ready()
    before = first.said

    installation.worker("w1")
    eventually("it is told", 30, lambda: SAID in first.said)

    assert "under the name" not in before
    assert "stop one, or give it a --name of its own" in first.said
