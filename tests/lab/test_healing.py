"""A gap of a PBX whose queue log nobody reads: what the lists after it say is how it is."""

import time
from pathlib import Path

import pytest

from producers.translated import translated
from schemas.events import encode
from stream_processors.core.pipeline import Batch, Record, apply
from stream_processors.core.state import State
from tests.fake_pbx import FakePbx
from tests.lab.recording import NAMES, lab_terms
from tests.oracles.lab_numbers import LAB
from tests.pbx_tape import past_copy
from tests.producers.live_reading import QUICK, Running, ami, running, wait_until
from tests.timetable import TENANT

MINUTE_US = 60_000_000


def fold(live: Running) -> State:
    state = State(TENANT, TENANT)
    events, rejected = translated(live.journal.read(0, 1_000_000), NAMES)
    assert rejected == []
    records = tuple(Record(position, encode(event)) for position, event in events)
    apply(state, Batch(records), lab_terms())
    return state


def talking(state: State) -> set[tuple[str, str]]:
    """Return agents and callers of talks that have not ended."""
    return {
        (settled.account.it.agent_id, line.call.channel_id)
        for line in state.lines.values()
        for settled in line.settled
        if settled.account.it.answered_at and not settled.account.it.ended_at
    }


def members(state: State) -> set[tuple[str, str]]:
    return {(queue, name) for name, each in state.agents.items() for queue in each.now.queues}


def on_break(state: State) -> set[str]:
    return {name for name, each in state.agents.items() if each.now.break_since is not None}


def in_a_talk(state: State) -> set[str]:
    return {name for name, each in state.agents.items() if each.now.state == "talking"}


@pytest.mark.parametrize(("begins", "lasts", "ended"), [(6, 5, 3), (20, 1, 10), (22, 8, 7)])
def test_after_a_gap_nobody_talks_waits_or_works_who_does_not(
    tmp_path: Path, begins: int, lasts: int, ended: int
) -> None:
    recording, _ = past_copy(
        LAB / "ami.log.gz", LAB / "queue_log", tmp_path, time.time_ns() // 1000
    )
    with FakePbx(recording, begin=False) as pbx:

        def play(minute: float) -> int:
            up_to_us = pbx.tape[0].at_us + round(minute * MINUTE_US)
            count = sum(each.at_us < up_to_us for each in pbx.tape)
            pbx.go(count)
            wait_until(lambda: pbx.place >= count, "it is said")
            return pbx.tape[count - 1].at_us

        with running(tmp_path, ami(pbx), QUICK._replace(silent=30)) as live:
            (source,) = live.sources
            wait_until(live.ready, "it is ready")
            last_us = play(begins)
            wait_until(lambda: source.status.clock_us >= last_us, "it is heard")
            wait_until(lambda: live.caught_up(source.status.frames), "it is kept")
            before, healed = fold(live), source.status.resynced
            pbx.refuse()
            wait_until(lambda: source.status.losses == 1, "it is noticed")
            play(begins + lasts)
            pbx.accept()
            wait_until(lambda: source.status.resynced > healed, "the lists came")
            wait_until(lambda: live.caught_up(source.status.frames), "they are kept")
            after = fold(live)
            standing = pbx.standing

    there = set(standing.channels)
    over = {each for each in talking(before) if each[1] not in there}
    assert len(over) == ended
    assert not over & talking(after)
    assert in_a_talk(after) <= {agent for agent, _ in talking(after)}
    assert members(after) == set(standing.members)
    assert (lasts == 8) == (members(before) != members(after))
    paused = {name for (_, name), each in standing.members.items() if each["Paused"] == "1"}
    assert on_break(after) == paused
    assert sum(len(each.waiting) for each in after.queues.values()) == len(standing.callers)
    assert {each.difference() for each in after.queues.values()} == {0}
