"""The oracles against what is known of the lab from outside, and against each other."""

import json
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import TypeVar

import pytest

from tests.oracles import ami, queue_log, wall
from tests.oracles import lab_numbers as lab
from tests.oracles.shapes import (
    Move,
    OracleBreak,
    OracleLeg,
    OracleSession,
    answered_by_agent,
    talk_ms_by_agent,
)

SECOND = 1_000_000

Spell = TypeVar("Spell", OracleSession, OracleBreak)


@cache
def log() -> bytes:
    return lab.ami_log()


@cache
def ami_legs() -> list[OracleLeg]:
    return ami.legs(log())


@cache
def ami_moves() -> list[Move]:
    return ami.moves(log())


@cache
def ami_sessions() -> list[OracleSession]:
    return ami.sessions(log())


@cache
def ami_breaks() -> list[OracleBreak]:
    return ami.breaks(log())


@cache
def queue_log_legs() -> list[OracleLeg]:
    return queue_log.legs(lab.queue_log())


@cache
def pairs() -> list[tuple[OracleLeg, OracleLeg]]:
    """Legs of the two feeds by channel, queue and entry within two seconds."""
    found = []
    for leg in ami_legs():
        same = [
            other
            for other in queue_log_legs()
            if (other.channel, other.queue) == (leg.channel, leg.queue)
            and abs(other.entered_us - leg.entered_us) < 2 * SECOND
        ]
        assert len(same) == 1, leg
        found.append((leg, same[0]))
    return found


FEEDS = pytest.mark.parametrize("read", [ami_legs, queue_log_legs])


@FEEDS
def test_every_entry_has_one_of_three_ends(read: Callable[[], list[OracleLeg]]) -> None:
    outcomes = Counter(leg.outcome for leg in read())

    assert outcomes == {"answered": 678, "abandoned": 122, "timeout": 18}


@FEEDS
def test_offers_end_as_the_recording_says(read: Callable[[], list[OracleLeg]]) -> None:
    results = Counter(offer.result for leg in read() for offer in leg.offers)

    assert results == {"answered": 678, "no_answer": 65, "cancelled": 24}


@FEEDS
def test_transfers_enter_a_second_queue(read: Callable[[], list[OracleLeg]]) -> None:
    transfers = [leg for leg in read() if leg.ended_by == "transfer"]

    assert len(transfers) == 28
    assert all(leg.transferred_to in lab.QUEUES for leg in transfers)


@FEEDS
def test_nobody_is_left_waiting_or_talking(read: Callable[[], list[OracleLeg]]) -> None:
    assert all(leg.left_us is not None for leg in read())
    assert all(leg.ended_us is not None for leg in read() if leg.outcome == "answered")


def test_callers_also_change_queues_without_a_transfer() -> None:
    """44 of the 818 entries are second ones; a redirect leaves no BlindTransfer."""
    by_channel = Counter(leg.channel for leg in ami_legs())

    assert len(by_channel) == 774
    assert Counter(by_channel.values()) == {1: 734, 2: 37, 3: 2, 4: 1}


def test_a_redirected_talk_is_told_longer_than_it_was() -> None:
    late = [
        (leg, leg.ended_us - leg.parted_us)
        for leg in ami_legs()
        if leg.ended_us is not None and leg.parted_us is not None
    ]
    redirected = [(leg, excess) for leg, excess in late if abs(excess) > SECOND // 100]

    assert len(redirected) == 16
    assert {leg.ended_by for leg, _ in redirected} == {"caller"}
    assert min(excess for _, excess in redirected) > 6 * SECOND
    assert max(excess for _, excess in redirected) < 74 * SECOND


def test_waits_are_those_the_source_tells() -> None:
    for leg in ami_legs():
        assert leg.wait_ms is not None
        assert leg.told_wait_s is not None
        assert abs(leg.wait_ms - leg.told_wait_s * 1000) < 1000, leg


def test_the_feeds_agree_on_every_leg() -> None:
    for one, other in pairs():
        assert one.outcome == other.outcome
        assert one.agent == other.agent
        assert (one.ended_by, one.transferred_to) == (other.ended_by, other.transferred_to)
        assert (one.told_wait_s, one.told_talk_s) == (other.told_wait_s, other.told_talk_s)
        assert one.wait_ms is not None
        assert other.wait_ms is not None
        assert abs(one.wait_ms - other.wait_ms) < 1000, (one, other)
        if one.talk_ms is not None and other.talk_ms is not None:
            assert abs(one.talk_ms - other.talk_ms) < 1000, (one, other)
        assert _seconds_apart(one.entered_us, other.entered_us) <= 1
        assert _seconds_apart(one.left_us, other.left_us) <= 1
        assert _seconds_apart(one.ended_us, other.ended_us) <= 1


def test_the_feeds_agree_on_every_offer() -> None:
    for one, other in pairs():
        assert len(one.offers) == len(other.offers)
        for mine, theirs in zip(one.offers, other.offers, strict=True):
            assert (mine.agent, mine.result) == (theirs.agent, theirs.result)
            assert _seconds_apart(mine.started_us, theirs.started_us) <= 2
            if mine.told_ring_ms is not None:
                assert mine.told_ring_ms == theirs.told_ring_ms


def test_the_feeds_agree_on_agents() -> None:
    assert answered_by_agent(ami_legs()) == answered_by_agent(queue_log_legs())
    exact, whole = talk_ms_by_agent(ami_legs()), talk_ms_by_agent(queue_log_legs())
    assert exact.keys() == whole.keys()
    for agent, answered in answered_by_agent(ami_legs()).items():
        assert abs(exact[agent] - whole[agent]) < 1000 * answered


def test_the_feeds_agree_on_sessions() -> None:
    exact, whole = ami_sessions(), queue_log.sessions(lab.queue_log())

    assert len(exact) == len(whole) == 36
    for one, other in zip(_by_agent(exact), _by_agent(whole), strict=True):
        assert one.agent == other.agent
        assert _seconds_apart(one.logged_in_us, other.logged_in_us) <= 1
        assert _seconds_apart(one.logged_out_us, other.logged_out_us) <= 1


def test_the_feeds_agree_on_breaks() -> None:
    exact, whole = ami_breaks(), queue_log.breaks(lab.queue_log())

    assert len(exact) == len(whole) == 205
    for one, other in zip(_by_agent(exact), _by_agent(whole), strict=True):
        assert (one.agent, one.reason) == (other.agent, other.reason)
        assert _seconds_apart(one.started_us, other.started_us) <= 1
        assert _seconds_apart(one.ended_us, other.ended_us) <= 1


def test_breaks_lie_within_sessions() -> None:
    sessions = ami_sessions()

    for each in ami_breaks():
        assert each.started_us <= each.complete_us < each.started_us + SECOND // 100
        assert any(
            session.agent == each.agent
            and session.logged_in_us <= each.started_us
            and each.ended_us is not None
            and session.logged_out_us is not None
            and each.ended_us <= session.logged_out_us
            for session in sessions
        )


def test_asterisk_counts_the_completed_calls_of_its_present_members() -> None:
    """Asterisk's own counters come out, to the decimal.

    `Completed`, so the recording shows, counts at the end of the talk, and only if the agent
    is a member of the queue at that moment: seven talks ended after their agent had logged
    out, hence 671 of 678. `Abandoned` takes in the time-outs. `ServicelevelPerf` = completed
    in time / completed; `ServicelevelPerf2` = (completed in time + abandoned in time) /
    (completed + abandoned); in time is told in whole seconds.
    """
    truth = json.loads((lab.LAB / "truth.json").read_text())

    assert sum(int(row["Completed"]) for row in truth.values()) == 671
    for queue, row in truth.items():
        within_s = int(row["ServiceLevel"])
        mine = [leg for leg in ami_legs() if leg.queue == queue]
        completed = [leg for leg in mine if leg.outcome == "answered" and _is_member(leg)]
        abandoned = [leg for leg in mine if leg.outcome != "answered"]
        completed_in_time = _told_within(completed, within_s)
        abandoned_in_time = _told_within(abandoned, within_s)
        total = len(completed) + len(abandoned)

        assert len(completed) == int(row["Completed"])
        assert len(abandoned) == int(row["Abandoned"])
        assert round(100 * completed_in_time / len(completed), 1) == float(
            row["ServicelevelPerf"]
        )
        assert round(100 * (completed_in_time + abandoned_in_time) / total, 1) == float(
            row["ServicelevelPerf2"]
        )


def test_seven_talks_end_after_the_agent_logged_out() -> None:
    answered = [leg for leg in ami_legs() if leg.outcome == "answered"]

    assert Counter(leg.queue for leg in answered if not _is_member(leg)) == {
        "sales": 3,
        "support": 2,
        "billing": 1,
        "vip": 1,
    }


@pytest.mark.parametrize(
    ("read", "targets", "numbers"),
    [
        (ami_legs, lab.DEFAULT_TARGETS, lab.DEFAULT_NUMBERS),
        (ami_legs, lab.LAB_TARGETS, lab.LAB_NUMBERS),
        (queue_log_legs, lab.DEFAULT_TARGETS, lab.QUEUE_LOG_DEFAULT_NUMBERS),
        (queue_log_legs, lab.LAB_TARGETS, lab.QUEUE_LOG_LAB_NUMBERS),
    ],
)
def test_lab_numbers_are_what_the_oracles_count(
    read: Callable[[], list[OracleLeg]],
    targets: dict[str, lab.Targets],
    numbers: dict[str, lab.Totals],
) -> None:
    assert lab.totals(read(), targets) == numbers


def test_lab_targets_are_those_of_the_pbx() -> None:
    truth = json.loads((lab.LAB / "truth.json").read_text())

    assert {
        queue: targets.answer_within_ms // 1000 for queue, targets in lab.LAB_TARGETS.items()
    } == {queue: int(row["ServiceLevel"]) for queue, row in truth.items()}


@pytest.mark.parametrize("queue", lab.QUEUES)
def test_the_last_wall_of_a_long_day_is_its_totals(queue: str) -> None:
    targets, numbers = lab.LAB_TARGETS[queue], lab.LAB_NUMBERS[queue]
    last_ms = 1_795_290_700_000

    events = [
        wall.service_level_event(leg, last_ms, target_ms=targets.answer_within_ms)
        for leg in ami_legs()
        if leg.queue == queue
    ]
    shown = wall.sample(ami_legs(), queue, last_ms)

    counted = [event for event in events if event is not None]
    late_time_outs = [
        leg
        for leg in ami_legs()
        if leg.queue == queue
        and leg.outcome == "timeout"
        and (leg.wait_ms or 0) > targets.answer_within_ms
    ]
    assert sum(in_time for _, in_time in counted) == numbers.answered_in_time
    assert len(counted) == (
        numbers.answered + numbers.abandoned - numbers.short_abandoned + len(late_time_outs)
    )
    assert (shown.waiting, shown.longest_wait_ms, shown.talking) == (0, None, 0)


@pytest.mark.parametrize("at_ms", [1_795_288_900_000, 1_795_289_500_000, 1_795_290_300_000])
def test_nothing_a_wall_shows_comes_from_later(at_ms: int) -> None:
    """A log that ends at T gives the wall of T."""
    blocks = log().split(b"\r\n\r\n")
    until = b"\r\n\r\n".join(block for block in blocks if _block_ms(block) <= at_ms)
    so_far = ami.legs(until)
    sessions, breaks = ami.sessions(until), ami.breaks(until)
    agents = {session.agent for session in sessions}

    assert 0 < len(so_far) < 818
    for queue in lab.QUEUES:
        assert wall.sample(so_far, queue, at_ms) == wall.sample(ami_legs(), queue, at_ms)
    assert wall.people(so_far, sessions, breaks, agents, at_ms) == wall.people(
        ami_legs(), ami_sessions(), ami_breaks(), agents, at_ms
    )
    assert wall.occupancy(so_far, sessions, breaks, agents, at_ms, 30) == wall.occupancy(
        ami_legs(), ami_sessions(), ami_breaks(), agents, at_ms, 30
    )


def test_people_are_conserved() -> None:
    sessions, breaks = ami_sessions(), ami_breaks()
    agents = {session.agent for session in sessions}
    start_ms = sessions[0].logged_in_us // 1000

    for at_ms in range(start_ms, start_ms + 2_100_000, 60_000):
        team = wall.people(ami_legs(), sessions, breaks, agents, at_ms)
        present = {
            session.agent
            for session in sessions
            if session.logged_in_us // 1000 <= at_ms < (session.logged_out_us or 0) // 1000
        }
        assert team.logged_in == len(present)
        assert team.logged_in == team.talking + team.reserved + team.not_ready + team.ready


def _is_member(leg: OracleLeg) -> bool:
    """Was the agent a member of the leg's queue when the talk ended."""
    assert leg.ended_us is not None
    kinds = [
        move.kind
        for move in ami_moves()
        if (move.agent, move.queue) == (leg.agent, leg.queue)
        and move.kind in ("in", "out")
        and move.at_us <= leg.ended_us
    ]
    return kinds[-1] == "in"


def _told_within(legs: list[OracleLeg], within_s: int) -> int:
    return len([leg for leg in legs if (leg.told_wait_s or 0) <= within_s])


def _by_agent(items: list[Spell]) -> list[Spell]:
    # stable, so that the order in time holds within an agent
    return sorted(items, key=lambda each: each.agent)


def _seconds_apart(one_us: int | None, other_us: int | None) -> int:
    if one_us is None or other_us is None:
        assert one_us == other_us
        return 0
    return abs(one_us // SECOND - other_us // SECOND)


def _block_ms(block: bytes) -> int:
    for line in block.split(b"\r\n"):
        if line.startswith(b"Timestamp: "):
            seconds, _, micros = line[11:].partition(b".")
            return int(seconds) * 1000 + int(micros) // 1000
    return 0
