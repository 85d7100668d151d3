"""What the wall showed in the half hour, against a slow reading of what was known by then.

The core folds the manager interface live, as it came; the oracle computes each instant again
from the legs of the whole recording, using nothing later than the instant. Three things differ
on purpose, and the oracle's legs are brought to our definitions first:

- A talk of a caller who was moved to another queue ends, with us, when he enters that, with the
  PBX when he hangs up. So those 16 talks are given the entry of the caller's next leg as their
  end; all others end as told.
- An answer is, with us, the end of the wait (QueueCallerLeave); the oracle's is AgentConnect,
  some microseconds later, which may be the next millisecond.
- People: the oracle's people are those logged in; ours also talk or ring until the call's end
  after they have logged out, and are busy as long. So the oracle is given sessions that last
  until then.
"""

from bisect import bisect_right
from dataclasses import replace

import pytest

from schemas.facts import TeamSample, WallSample
from tests.lab import recording
from tests.lab.recording import Folded, ami_legs, legs_as_we_define
from tests.oracles import ami as ami_oracle
from tests.oracles import wall
from tests.oracles.lab_numbers import LAB_TARGETS, QUEUES, ami_log
from tests.oracles.shapes import OracleBreak, OracleLeg, OracleSession, cut_ms
from tests.readings import teams, walls

EVERY_MS = 25_000
"""A multiple of the sampling interval."""

SILENT_MS = 60_000
"""The wall is not sampled when the source has said nothing for longer."""


@pytest.fixture(scope="module")
def expected_legs() -> list[OracleLeg]:
    return list(legs_as_we_define())


@pytest.fixture(scope="module")
def instants() -> list[int]:
    """Return instants from the first caller to the last word of the source."""
    told = sorted(map(recording.at_ms, recording.ami()))
    first = -(-cut_ms(ami_legs()[0].entered_us) // EVERY_MS) * EVERY_MS
    return [
        at
        for at in range(first, told[-1], EVERY_MS)
        if at - told[bisect_right(told, at) - 1] <= SILENT_MS
    ]


def test_enough_instants_are_asked(instants: list[int]) -> None:
    assert len(instants) >= 60


@pytest.mark.parametrize("name", QUEUES)
def test_the_wall_shows_of_a_queue_what_was_known(
    name: str, by_ami: Folded, instants: list[int], expected_legs: list[OracleLeg]
) -> None:
    shown, targets = walls(by_ami.said, name), LAB_TARGETS[name]

    for at in instants:
        expected = wall.sample(
            expected_legs,
            name,
            at,
            target_ms=targets.answer_within_ms,
            short_ms=targets.short_abandon_ms,
            talk_end="parted",
        )
        assert _queue(shown[at]) == _expected_queue(expected), at


def _queue(shown: WallSample) -> dict[str, object]:
    return {
        "waiting": shown.waiting,
        "longest": shown.longest_wait_ms,
        "over target": shown.waiting_over_target,
        "talking": shown.talking,
        "5m": (
            shown.answered_5m, shown.answered_in_time_5m, shown.abandoned_5m,
            shown.short_abandoned_5m, _rounded(shown.service_level_5m),
        ),
        "30m": (
            shown.answered_30m, shown.answered_in_time_30m, shown.abandoned_30m,
            shown.short_abandoned_30m, _rounded(shown.service_level_30m),
        ),
    }  # fmt: skip


def _expected_queue(expected: wall.WallSample) -> dict[str, object]:
    windows = {
        f"{minutes}m": (
            window.answered, window.answered_in_time, window.abandoned,
            window.short_abandoned, _rounded(window.service_level),
        )
        for minutes, window in expected.windows.items()
    }  # fmt: skip
    return {
        "waiting": expected.waiting,
        "longest": expected.longest_wait_ms,
        "over target": expected.waiting_over_target,
        "talking": expected.talking,
        **windows,
    }


def _rounded(ratio: float | None) -> float | None:
    return None if ratio is None else round(ratio, 9)


# --- people -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sessions(expected_legs: list[OracleLeg]) -> list[OracleSession]:
    """Return sessions until the end of the call that went on at the log-out, if any."""
    busy: dict[str, list[tuple[int, int]]] = {}
    for leg in expected_legs:
        ended_us = leg.talk_end_us("parted")
        if leg.answered_us is not None and ended_us is not None:
            busy.setdefault(leg.agent, []).append((leg.answered_us, ended_us))
        for offer in leg.offers:
            assert offer.ended_us is not None
            busy.setdefault(offer.agent, []).append((offer.started_us, offer.ended_us))
    found = []
    for session in ami_oracle.sessions(ami_log()):
        ends = session.logged_out_us
        assert ends is not None
        for began, ended in sorted(busy[session.agent]):
            if began <= ends:
                ends = max(ends, ended)
        found.append(replace(session, logged_out_us=ends))
    return found


@pytest.fixture(scope="module")
def breaks() -> list[OracleBreak]:
    return ami_oracle.breaks(ami_log())


def test_some_talk_goes_on_after_a_log_out(sessions: list[OracleSession]) -> None:
    told = ami_oracle.sessions(ami_log())

    longer = [
        each for each, one in zip(sessions, told, strict=True)
        if each.logged_out_us != one.logged_out_us
    ]  # fmt: skip
    assert len(longer) >= 7


def test_the_wall_shows_of_people_what_was_known(
    by_ami: Folded,
    instants: list[int],
    expected_legs: list[OracleLeg],
    sessions: list[OracleSession],
    breaks: list[OracleBreak],
) -> None:
    shown, people = teams(by_ami.said), {session.agent for session in sessions}

    for at in instants:
        expected = wall.people(expected_legs, sessions, breaks, people, at, talk_end="parted")
        assert _people(shown[at]) == expected, at


def _people(shown: TeamSample) -> wall.People:
    assert (shown.holding, shown.wrapup) == (0, 0)
    return wall.People(
        logged_in=shown.logged_in,
        talking=shown.talking,
        reserved=shown.reserved,
        not_ready=shown.not_ready,
        ready=shown.ready,
    )


def test_occupancy_is_that_of_a_slow_reading(
    by_ami: Folded,
    instants: list[int],
    expected_legs: list[OracleLeg],
    sessions: list[OracleSession],
    breaks: list[OracleBreak],
) -> None:
    shown, people = teams(by_ami.said), {session.agent for session in sessions}

    for at in instants[::2]:
        expected = wall.occupancy(
            expected_legs, sessions, breaks, people, at, 30, talk_end="parted"
        )
        assert shown[at].occupancy_30m == pytest.approx(expected, abs=1e-9), at
