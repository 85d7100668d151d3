"""Two feeds of one source: nothing doubled, nothing lost, gaps of one healed by the other."""

from collections import Counter
from collections.abc import Iterable

import pytest

from schemas.facts import AgentInterval, AgentSession, Break, Fact, Leg, Offer
from tests.lab import recording
from tests.lab.recording import Folded, ami_legs
from tests.oracles.shapes import cut_ms
from tests.readings import breaks, comparable, legs, offers, sessions

GAPS = pytest.mark.parametrize("begins", [3, 10, 17])
GAP_MINUTES = 10


def outcomes_by_queue(facts: Iterable[Fact]) -> Counter[tuple[str, str]]:
    return Counter((leg.queue_id, leg.outcome) for leg in legs(facts))


# --- both, whole --------------------------------------------------------------------------


def test_two_feeds_are_one_recording(by_both: Folded) -> None:
    found = legs(by_both.facts)

    assert Counter(leg.outcome for leg in found) == {
        "answered": 678,
        "abandoned": 122,
        "timeout": 18,
    }
    assert {leg.clock for leg in found} == {"source"}
    assert len(breaks(by_both.facts)) == 205
    assert len(sessions(by_both.facts)) == 36
    assert Counter(each.result for each in offers(by_both.facts)) == {
        "answered": 678,
        "no_answer": 65,
        "cancelled": 24,
    }
    assert {queue.difference() for queue in by_both.state.queues.values()} == {0}
    assert sum(len(queue.waiting) for queue in by_both.state.queues.values()) == 0


def test_two_feeds_keep_the_times_of_the_finer_one(by_both: Folded, by_ami: Folded) -> None:
    def times(facts: Iterable[Fact]) -> list[tuple[object, ...]]:
        return [
            (
                leg.interaction_id, leg.queue_id, leg.entered_at, leg.answered_at, leg.left_at,
                leg.ended_at, leg.wait_ms, leg.talk_ms, leg.agent_id,
            )
            for leg in legs(facts)
        ]  # fmt: skip

    assert times(by_both.facts) == times(by_ami.facts)
    assert [(leg.entered_at, leg.left_at) for leg in legs(by_both.facts)] == [
        (cut_ms(leg.entered_us), cut_ms(leg.left_us or 0))
        for leg in sorted(ami_legs(), key=lambda leg: (cut_ms(leg.entered_us), leg.queue))
    ]


def test_people_of_two_feeds_keep_the_times_of_the_finer_one(
    by_both: Folded, by_ami: Folded
) -> None:
    def spans(facts: Iterable[Fact]) -> list[tuple[str, str, int, int | None]]:
        return sorted(
            (each.agent_id, each.reason, each.started_at, each.ended_at)
            for each in facts
            if isinstance(each, (AgentInterval, Break))
        )

    assert spans(by_both.facts) == spans(by_ami.facts)
    assert [
        (each.agent_id, each.logged_in_at, each.logged_out_at)
        for each in sessions(by_both.facts)
    ] == [
        (each.agent_id, each.logged_in_at, each.logged_out_at)
        for each in sessions(by_ami.facts)
    ]


@pytest.mark.parametrize("lag_ms", [0, 5_000])
def test_which_feed_comes_first_changes_nothing(by_both: Folded, lag_ms: int) -> None:
    if lag_ms:
        late = [(recording.at_ms(event) + lag_ms, 1, event) for event in recording.log()]
        punctual = [(recording.at_ms(event), 0, event) for event in recording.ami()]
        order = sorted([*late, *punctual], key=lambda each: each[:2])
        log = [event for *_, event in order]
    else:
        log = recording.merged(recording.ami(), recording.log(), last_first=True)

    other = recording.fold(log)

    assert comparable(other.facts) == comparable(by_both.facts)
    assert other.state.dirty_days == []


# --- ten minutes lost ---------------------------------------------------------------------


@GAPS
def test_the_queue_log_heals_a_gap_of_the_manager_interface(
    begins: int, by_both: Folded
) -> None:
    lame = recording.without(recording.ami(), begins, GAP_MINUTES)

    healed = recording.fold(recording.merged(lame, recording.log()))

    assert len(lame) < len(recording.ami()) - 1_500
    assert outcomes_by_queue(healed.facts) == outcomes_by_queue(by_both.facts)
    assert Counter(leg.agent_id for leg in legs(healed.facts)) == Counter(
        leg.agent_id for leg in legs(by_both.facts)
    )
    assert Counter(each.result for each in offers(healed.facts)) == Counter(
        each.result for each in offers(by_both.facts)
    )
    assert Counter(each.reason for each in breaks(healed.facts)) == Counter(
        each.reason for each in breaks(by_both.facts)
    )
    assert [(each.agent_id, each.logged_in_at // 1000) for each in sessions(healed.facts)] == [
        (each.agent_id, each.logged_in_at // 1000) for each in sessions(by_both.facts)
    ]
    assert {queue.difference() for queue in healed.state.queues.values()} == {0}
    assert sum(len(queue.waiting) for queue in healed.state.queues.values()) == 0


@GAPS
def test_a_healed_gap_tells_every_wait_within_a_second(begins: int, by_both: Folded) -> None:
    lame = recording.without(recording.ami(), begins, GAP_MINUTES)

    healed = recording.fold(recording.merged(lame, recording.log()))

    whole = sorted(legs(by_both.facts), key=_visit)
    for leg, other in zip(sorted(legs(healed.facts), key=_visit), whole, strict=True):
        assert (leg.interaction_id, leg.queue_id) == (other.interaction_id, other.queue_id)
        assert leg.wait_ms is not None
        assert other.wait_ms is not None
        # The log cuts to seconds, and may have been written some milliseconds before.
        assert abs(leg.entered_at - other.entered_at) < 2_000
        assert abs(leg.wait_ms - other.wait_ms) <= 1_000
        assert leg.clock == "source"


def _visit(leg: Leg) -> tuple[str, str, int]:
    return leg.interaction_id, leg.queue_id, leg.entered_at


@GAPS
def test_a_gap_nobody_heals_is_reported_and_leaves_nobody_waiting(begins: int) -> None:
    lame = recording.fold(recording.without(recording.ami(), begins, GAP_MINUTES))

    found = legs(lame.facts)
    assert sum(leg.clock == "estimated" for leg in found) > 0
    assert [leg for leg in found if leg.outcome == "waiting"] == []
    assert sum(len(queue.waiting) for queue in lame.state.queues.values()) == 0
    assert {queue.difference() for queue in lame.state.queues.values()} == {0}
    assert _durations(lame.facts) >= 0
    assert 400 < len(found) < 818


def _durations(facts: Iterable[Fact]) -> int:
    """Return the shortest of all that lasted."""
    shortest = 0
    for fact in facts:
        match fact:
            case Leg():
                spans = [fact.wait_ms, fact.talk_ms, fact.ring_ms]
            case Offer():
                spans = [fact.ring_ms, _between(fact.started_at, fact.ended_at)]
            case AgentInterval() | Break():
                spans = [fact.duration_ms]
            case AgentSession():
                spans = [_between(fact.logged_in_at, fact.logged_out_at)]
            case _:
                spans = []
        shortest = min(shortest, *(span for span in spans if span is not None), 0)
    return shortest


def _between(start: int, end: int | None) -> int | None:
    return None if end is None else end - start
