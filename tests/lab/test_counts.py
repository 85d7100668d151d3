"""Each feed of the half hour by itself: what it says of calls and people, to the last leg.

One thing is ours and not the PBX's: where a caller was moved to another queue, Asterisk tells
the end of the talk when he hangs up; ours ends when he leaves the agent (`parted_us`).
"""

from collections import Counter

import pytest

from schemas.facts import Leg
from tests.lab.recording import Folded, ami_legs, queue_log_legs
from tests.oracles import ami as ami_oracle
from tests.oracles import queue_log as queue_log_oracle
from tests.oracles.lab_numbers import (
    LAB_NUMBERS,
    QUEUE_LOG_LAB_NUMBERS,
    Totals,
    ami_log,
    queue_log,
)
from tests.oracles.shapes import OracleLeg, answered_by_agent, cut_ms
from tests.readings import breaks, legs, offers, sessions

FEEDS = pytest.mark.parametrize("alone", ["by_ami", "by_log"])


@pytest.fixture
def folded(alone: str, request: pytest.FixtureRequest) -> Folded:
    found: Folded = request.getfixturevalue(alone)
    return found


def channel(leg: Leg) -> str:
    """Return the caller's channel; in this recording a call has the id of its first channel."""
    return leg.interaction_id


def paired(found: list[Leg], expected: tuple[OracleLeg, ...]) -> list[tuple[Leg, OracleLeg]]:
    """Bring together legs by channel, queue and entry within two seconds."""
    left = list(found)
    pairs = []
    for oracle in expected:
        same = [
            leg
            for leg in left
            if (channel(leg), leg.queue_id) == (oracle.channel, oracle.queue)
            and abs(leg.entered_at - cut_ms(oracle.entered_us)) <= 2_000
        ]
        assert len(same) == 1, oracle
        left.remove(same[0])
        pairs.append((same[0], oracle))
    assert left == []
    return pairs


@FEEDS
def test_every_one_of_818_visits_has_its_end(folded: Folded) -> None:
    outcomes = Counter(leg.outcome for leg in legs(folded.facts))

    assert outcomes == {"answered": 678, "abandoned": 122, "timeout": 18}
    assert sum(len(queue.waiting) for queue in folded.state.queues.values()) == 0
    assert sum(len(queue.talking) for queue in folded.state.queues.values()) == 0
    assert {queue.difference() for queue in folded.state.queues.values()} == {0}
    assert folded.state.rejected == {}


@FEEDS
def test_every_beginning_and_end_was_told(folded: Folded) -> None:
    assert {leg.clock for leg in legs(folded.facts)} == {"source"}


def test_the_manager_interface_agrees_with_its_oracle_to_the_millisecond(
    by_ami: Folded,
) -> None:
    for leg, oracle in paired(legs(by_ami.facts), ami_legs()):
        assert oracle.left_us is not None
        assert leg.outcome == oracle.outcome
        assert (leg.entered_at, leg.left_at) == (
            cut_ms(oracle.entered_us),
            cut_ms(oracle.left_us),
        )
        assert leg.wait_ms == oracle.wait_ms
        assert leg.agent_id == oracle.agent
        assert leg.interaction_id == oracle.interaction


def test_talks_end_as_told_or_where_the_caller_was_moved(by_ami: Folded) -> None:
    moved = 0
    for leg, oracle in paired(legs(by_ami.facts), ami_legs()):
        if oracle.ended_us is None or oracle.parted_us is None:
            assert leg.talk_ms is None
            continue
        assert leg.ended_at is not None
        if oracle.ended_us - oracle.parted_us > 2_000_000:
            moved += 1
            assert abs(leg.ended_at - cut_ms(oracle.parted_us)) < 1_000
            assert (leg.ended_by, leg.transfer_kind) == ("system", "queue")
        else:
            assert leg.ended_at == cut_ms(oracle.ended_us)
    assert moved == 16


def test_the_queue_log_agrees_with_its_oracle(by_log: Folded) -> None:
    for leg, oracle in paired(legs(by_log.facts), queue_log_legs()):
        assert oracle.left_us is not None
        assert leg.outcome == oracle.outcome
        assert (leg.entered_at, leg.left_at) == (
            cut_ms(oracle.entered_us),
            cut_ms(oracle.left_us),
        )
        assert leg.wait_ms == oracle.wait_ms
        assert leg.agent_id == oracle.agent


def test_both_feeds_say_the_same_of_every_leg(by_ami: Folded, by_log: Folded) -> None:
    others = {(channel(leg), leg.queue_id): [] for leg in legs(by_log.facts)}  # type: dict[tuple[str, str], list[Leg]]
    for leg in legs(by_log.facts):
        others[channel(leg), leg.queue_id].append(leg)

    for leg in legs(by_ami.facts):
        (other,) = [
            each
            for each in others[channel(leg), leg.queue_id]
            if abs(each.entered_at - leg.entered_at) <= 2_000
        ]
        assert (leg.outcome, leg.agent_id) == (other.outcome, other.agent_id)
        assert leg.transferred_to == other.transferred_to
        assert leg.wait_ms is not None
        assert other.wait_ms is not None
        assert abs(leg.wait_ms - other.wait_ms) <= 1_000
        if leg.talk_ms is not None and other.talk_ms is not None:
            assert abs(leg.talk_ms - other.talk_ms) <= 1_000, (leg, other)
        assert (leg.talk_ms is None) == (other.talk_ms is None)


@FEEDS
def test_every_agent_has_answered_what_the_recording_says(folded: Folded) -> None:
    answered = Counter(leg.agent_id for leg in legs(folded.facts) if leg.outcome == "answered")

    assert answered == answered_by_agent(ami_legs())


@FEEDS
def test_rings_end_as_the_recording_says(folded: Folded) -> None:
    results = Counter(offer.result for offer in offers(folded.facts))

    assert results == {"answered": 678, "no_answer": 65, "cancelled": 24}


@FEEDS
def test_every_agent_has_missed_what_the_recording_says(folded: Folded) -> None:
    missed = Counter(
        each.agent_id for each in offers(folded.facts) if each.result == "no_answer"
    )

    assert missed == Counter(
        offer.agent for leg in ami_legs() for offer in leg.offers if offer.result == "no_answer"
    )


def test_breaks_are_those_of_the_manager_interface(by_ami: Folded) -> None:
    expected = ami_oracle.breaks(ami_log())

    assert len(expected) == 205
    assert sorted(
        (each.agent_id, each.reason, each.started_at, each.ended_at)
        for each in breaks(by_ami.facts)
    ) == sorted(
        (each.agent, each.reason, cut_ms(each.started_us), cut_ms(each.ended_us or 0))
        for each in expected
    )


def test_breaks_are_those_of_the_queue_log(by_log: Folded) -> None:
    expected = queue_log_oracle.breaks(queue_log())

    assert len(expected) == 205
    assert sorted(
        (each.agent_id, each.reason, each.started_at, each.ended_at)
        for each in breaks(by_log.facts)
    ) == sorted(
        (each.agent, each.reason, cut_ms(each.started_us), cut_ms(each.ended_us or 0))
        for each in expected
    )


def test_breaks_have_the_same_reasons_in_both_feeds(by_ami: Folded, by_log: Folded) -> None:
    reasons = Counter(each.reason for each in breaks(by_ami.facts))

    assert sum(reasons.values()) == 205
    assert reasons == Counter(each.reason for each in breaks(by_log.facts))


def test_sessions_are_those_of_the_manager_interface(by_ami: Folded) -> None:
    expected = ami_oracle.sessions(ami_log())

    assert len(expected) == 36
    assert [
        (each.agent_id, each.logged_in_at, each.logged_out_at)
        for each in sessions(by_ami.facts)
    ] == [
        (each.agent, cut_ms(each.logged_in_us), cut_ms(each.logged_out_us or 0))
        for each in expected
    ]


def test_sessions_are_those_of_the_queue_log(by_log: Folded) -> None:
    expected = queue_log_oracle.sessions(queue_log())

    assert len(expected) == 36
    assert [
        (each.agent_id, each.logged_in_at, each.logged_out_at)
        for each in sessions(by_log.facts)
    ] == [
        (each.agent, cut_ms(each.logged_in_us), cut_ms(each.logged_out_us or 0))
        for each in expected
    ]


@pytest.mark.parametrize(
    ("alone", "numbers"), [("by_ami", LAB_NUMBERS), ("by_log", QUEUE_LOG_LAB_NUMBERS)]
)
def test_the_queues_count_what_the_oracles_count(
    folded: Folded, numbers: dict[str, Totals]
) -> None:
    for name, expected in numbers.items():
        queue = folded.state.queues[name]
        counts, outcomes = queue.totals, queue.outcomes
        answered = [leg for leg in legs(folded.facts) if leg.queue_id == name]
        waits = [leg.wait_ms or 0 for leg in answered if leg.outcome == "answered"]
        longest = max(leg.wait_ms or 0 for leg in legs(folded.facts) if leg.queue_id == name)

        assert (counts["offered"], counts["answered"], counts["abandoned"]) == (
            expected.offered,
            expected.answered,
            expected.abandoned,
        )
        assert outcomes.get("timeout", 0) == expected.timed_out
        assert counts["answered_in_time"] == expected.answered_in_time
        assert counts["short_abandoned"] == expected.short_abandoned
        assert round(sum(waits) / len(waits)) == expected.mean_wait_answered_ms
        assert longest == expected.longest_wait_ms


@FEEDS
def test_talks_of_each_agent_add_up_to_what_the_source_tells(folded: Folded) -> None:
    """Within a second for each call; calls that were moved are left out, being ours."""
    told: Counter[str] = Counter()
    ours: Counter[str] = Counter()
    calls: Counter[str] = Counter()
    for leg, oracle in paired(legs(folded.facts), ami_legs()):
        parted, ended = oracle.parted_us, oracle.ended_us
        if parted is None or ended is None or ended - parted > 2_000_000:
            continue
        told[leg.agent_id] += oracle.talk_ms or 0
        ours[leg.agent_id] += leg.talk_ms or 0
        calls[leg.agent_id] += 1

    assert sum(calls.values()) == 678 - 16
    for agent, count in calls.items():
        assert abs(told[agent] - ours[agent]) <= 1_000 * count
