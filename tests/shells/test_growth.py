"""What a worker holds depends on the traffic of the last hour, not on the age of the log."""

import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice, takewhile
from pathlib import Path

import pytest

from producers.simulation.day import DAY_MS, HOUR_MS
from producers.simulation.plan import Plan
from producers.simulation.simulation import Simulation
from producers.simulation.voice import Said
from stream_processors.shells.partition import PartitionFold
from tests.shells.records import Logged
from tests.timetable import terms

MONDAY = 1_772_409_600_000
AT_ONCE = 500
_MEGABYTE = 1_000_000


class Life:
    """A worker's partition that lives through simulated days."""

    def __init__(self, seats: int, queues: int, days: int) -> None:
        plan = Plan(
            seed=4, begin_ms=MONDAY, length_ms=days * DAY_MS, seats=seats, queues=queues,
            heartbeat_ms=60_000,
        )  # fmt: skip
        self._said = Simulation(plan).events()
        default = terms()
        self.fold = PartitionFold(0, lambda tenant: default)
        self.position = 0

    def until(self, at_ms: int) -> None:
        """Let time pass."""
        told = takewhile(lambda said: said.received_ms < at_ms, self._said)
        while batch := [*self._records(islice(told, AT_ONCE))]:
            self.fold.take(batch, self.position)

    def _records(self, told: Iterator[Said]) -> Iterator[Logged]:
        for said in told:
            yield Logged(self.position, said.domain.encode(), said.value)
            self.position += 1

    @property
    def frozen_bytes(self) -> int:
        """Size of the state as a snapshot holds it, before packing."""
        return sum(map(len, self.fold.freeze().states))


def test_a_state_is_no_larger_on_the_fourth_day_than_on_the_second() -> None:
    life = Life(seats=10, queues=2, days=4)

    life.until(MONDAY + DAY_MS + 14 * HOUR_MS)
    second = life.frozen_bytes
    told = life.position
    life.until(MONDAY + 3 * DAY_MS + 14 * HOUR_MS)

    assert life.position > 2 * told
    assert life.frozen_bytes < 1.25 * second


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Print the resident memory on two Tuesdays a week apart, at the same hour."""
    life = Life(seats=100, queues=8, days=9)
    for days in (1, 8):
        life.until(MONDAY + days * DAY_MS + 14 * HOUR_MS)
        print(_resident_bytes(), life.position)  # noqa: T201 - read by the test


@pytest.mark.soak
def test_a_workers_memory_is_flat_over_a_week() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.shells.test_growth"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip

    (first, early), (last, late) = (map(int, line.split()) for line in done.stdout.splitlines())
    assert late > 4 * early
    assert last < 1.1 * first + 4 * _MEGABYTE, f"{first} bytes became {last}"


if __name__ == "__main__":
    main()
