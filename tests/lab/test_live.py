"""The recorded half hour from a PBX on a socket that is cut off, and a queue log that grows."""

import random
import time
from collections import Counter
from pathlib import Path

import pytest

from producers.translated import translated
from pult.source_settings import SourceSettings
from schemas.events import encode
from stream_processors.core.pipeline import Batch, Record, apply
from stream_processors.core.state import State
from tests.fake_pbx import FakePbx
from tests.lab.recording import NAMES, lab_terms
from tests.oracles.lab_numbers import LAB, LAB_TARGETS, queue_log, totals
from tests.oracles.queue_log import legs as oracle_legs
from tests.pbx_tape import past_copy
from tests.producers.live_reading import QUICK, Running, ami, running, wait_until
from tests.readings import legs, sessions
from tests.timetable import TENANT

SLICE_US = 120_000_000


class Shift:
    """Half an hour in slices: what the PBX says, and what it writes into its queue log."""

    def __init__(self, pbx: FakePbx, written: Path, path: Path) -> None:
        self.pbx, self.path = pbx, path
        self.begins_us = pbx.tape[0].at_us
        self.slices = (pbx.tape[-1].at_us - self.begins_us) // SLICE_US + 1
        self.lines = written.read_bytes().splitlines(keepends=True)

    def play(self, number: int, live: Running, *, heard: bool) -> None:
        """Let one slice happen, and wait until all of it that can be heard is kept."""
        ends_us = self.begins_us + (number + 1) * SLICE_US
        count = sum(each.at_us < ends_us for each in self.pbx.tape)
        self.pbx.go(count)
        wait_until(lambda: self.pbx.place >= count, "it is said")
        due = sum(int(line[:10]) < ends_us // 1_000_000 for line in self.lines)
        with self.path.open("ab") as file:
            file.write(b"".join(self.lines[:due]))
        self.lines = self.lines[due:]
        log, socket = (each.status for each in live.sources)
        size = self.path.read_bytes().count(b"\n")
        wait_until(lambda: log.frames >= size, "the lines are kept")
        if heard:
            said_us = self.pbx.tape[count - 1].at_us
            wait_until(lambda: socket.clock_us >= said_us, "the messages came")
            wait_until(lambda: live.caught_up(socket.frames), "and are kept")


def fold(live: Running) -> tuple[State, Counter[tuple[str, str]], list[tuple[str, int]]]:
    """Fold the journal; return the state, outcomes of queues, and sessions of agents."""
    state = State(TENANT, TENANT)
    events, rejected = translated(live.journal.read(0, 1_000_000), NAMES)
    assert rejected == []
    records = tuple(Record(position, encode(event)) for position, event in events)
    facts = apply(state, Batch(records), lab_terms())
    outcomes: Counter[tuple[str, str]] = Counter(
        (leg.queue_id, leg.outcome) for leg in legs(facts)
    )
    return state, outcomes, [(each.agent_id, each.logged_in_at) for each in sessions(facts)]


def expected() -> Counter[tuple[str, str]]:
    """What the queue log of the recording comes to, counted by the oracle."""
    found: Counter[tuple[str, str]] = Counter()
    for queue, each in totals(oracle_legs(queue_log()), LAB_TARGETS).items():
        found[queue, "answered"] = each.answered
        found[queue, "abandoned"] = each.abandoned
        found[queue, "timeout"] = each.timed_out
    return +found


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.soak)])
def test_cuts_of_ten_minutes_and_of_a_moment_are_healed_by_snapshot_and_queue_log(
    tmp_path: Path, seed: int
) -> None:
    now_us = time.time_ns() // 1000
    recording, written = past_copy(LAB / "ami.log.gz", LAB / "queue_log", tmp_path, now_us)
    path, chance = tmp_path / "growing" / "queue_log", random.Random(seed)
    path.parent.mkdir()
    path.touch()
    with FakePbx(recording, begin=False) as pbx:
        entry = SourceSettings(kind="asterisk", ami=ami(pbx).ami, queue_log=path)
        with running(tmp_path, entry, QUICK._replace(silent=30)) as live:
            shift = Shift(pbx, written, path)
            gap = chance.randint(2, shift.slices - 7)
            moment = gap + 5 + chance.randint(1, shift.slices - gap - 6)
            for number in range(shift.slices):
                if number == gap:
                    pbx.refuse()
                if number == gap + 5:
                    pbx.accept()
                if number == moment:
                    pbx.cut()
                    wait_until(lambda: live.sources[1].status.losses == 2, "it is noticed")
                heard = not gap <= number < gap + 5
                if heard:
                    wait_until(live.ready, "it is ready")
                shift.play(number, live, heard=heard)
            state, outcomes, people = fold(live)
            socket = live.sources[1].status

    assert (socket.losses, socket.connections) == (2, 3)
    assert outcomes == expected()
    assert {queue.difference() for queue in state.queues.values()} == {0}
    assert sum(len(queue.waiting) for queue in state.queues.values()) == 0
    assert state.sources["pbx1"].gap_since is None
    assert len(people) == 36
    assert not state.dirty_days
