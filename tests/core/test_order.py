"""What no order, no repetition and no cut of the log may change, on hours drawn at random."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import schemas.events as e
from schemas.discipline import Discipline
from schemas.facts import AgentInterval, AgentSession, Break, DayDirty, Fact, Leg, Offer
from stream_processors.core.pipeline import Batch, Record, apply, freeze, thaw
from stream_processors.core.state import State
from tests.core.drawn import some
from tests.core.small_centre import AGENTS, Feeds, Hour, disordered, hours
from tests.readings import comparable, legs, newest, sessions, states, violations
from tests.timetable import TENANT, run, terms, values

SOME = some(30)
FEEDS = pytest.mark.parametrize("feeds", ["fine", "coarse", "both"])

ANY = {"count": 1, "calls": 1, "times_others": 0.5}
STRICT = Discipline().changed(
    [
        {
            "late_return": {"allowance": {"default": "20s"}, "grace": "5s"},
            "break_budget": {"allowance": "30s", "most": 1},
            "agent_hangup": ANY,
            "excess_transfer": ANY,
            "slow_handling": {"contacts": 2, "ratio": 1.05, "clear": 1.0},
            "short_call": {"live_count": 1, "live_calls": 1, "live_times": 0.5},
            "hanging": {"times": 0.5},
            "ping_pong": {"queues": 2},
            "wrong_state_work": {"grace": "1s"},
            "rona": {"consecutive": 1},
            "ghost_busy": {"limit": "1s", "grace": "0s"},
            "long_hold": {"limit": "5s", "share": 0.01, "grace": "0s"},
            "toggle": {"count": 2, "quiet": "1m", "after_offer": "1m"},
        }
    ]
)
"""Rules under which the little that happens in a small centre is too much."""

UNDER = terms(
    agents={agent: {"devices": [f"SIP/{agent.lower()}"]} for agent in AGENTS},
    discipline=STRICT,
)


WAITING = ("rona", "ghost_busy")
NAMES_EVENTS_OF_CALLS = (
    "slow_handling", "agent_hangup", "excess_transfer", "short_call", "hanging", "ping_pong",
)  # fmt: skip


def folded(log: Iterable[e.Event], size: int = 7) -> tuple[State, list[Fact]]:
    return run([e.encode(event) for event in log], UNDER, size=size)


def counted(state: State) -> dict[str, Any]:
    """Return what the queues count; a count of zero is none."""
    return {
        name: (
            queue.totals,
            {outcome: count for outcome, count in queue.outcomes.items() if count},
            {day: counts for day, counts in queue.days.items() if any(counts.values())},
            queue.instants,
            sorted(queue.waits),
        )
        for name, queue in state.queues.items()
    }


@FEEDS
@SOME
@given(hour=hours(), seed=st.integers(0, 1 << 30), repeated=st.floats(0.05, 0.2))
def test_swapped_and_repeated_events_change_nothing(
    feeds: Feeds, hour: Hour, seed: int, repeated: float
) -> None:
    told = hour.events(feeds)

    straight, facts = folded(told)
    crooked, others = folded(disordered(told, seed, repeated=repeated))

    assert comparable(others) == comparable(facts)
    assert counted(crooked) == counted(straight)
    assert crooked.dirty_days == []


@FEEDS
@SOME
@given(hour=hours(), seed=st.integers(0, 1 << 30), size=st.integers(1, 60))
def test_who_waited_and_which_events_are_named_does_not_depend_on_it_either(
    feeds: Feeds, hour: Hour, seed: int, size: int
) -> None:
    told = hour.events(feeds)

    _, facts = folded(told)
    _, others = folded(disordered(told, seed, repeated=0.1), size)

    assert evidence(others) == evidence(facts)


def evidence(facts: Iterable[Fact]) -> dict[str, str]:
    return {
        each.episode_id: each.evidence
        for code in (*WAITING, *NAMES_EVENTS_OF_CALLS)
        for each in violations(facts, code)
    }


@FEEDS
@SOME
@given(hour=hours(), size=st.integers(1, 60))
def test_where_the_log_is_cut_into_batches_does_not_matter(
    feeds: Feeds, hour: Hour, size: int
) -> None:
    told = hour.events(feeds)

    one, facts = folded(told, size=1)
    other, others = folded(told, size=size)

    assert comparable(others) == comparable(facts)
    assert counted(other) == counted(one)


@FEEDS
@SOME
@given(hour=hours(), cut=st.floats(0, 1))
def test_a_snapshot_at_any_moment_goes_on_as_if_nothing_had_happened(
    feeds: Feeds, hour: Hour, cut: float
) -> None:
    log = [e.encode(event) for event in hour.events(feeds)]
    at = round(cut * len(log))

    whole, facts = run(log, UNDER)
    before, first = run(log[:at], UNDER)
    after, rest = run(log[at:], UNDER, thaw(freeze(before)))

    assert first + rest == facts
    assert freeze(after) == freeze(whole)


@FEEDS
@SOME
@given(hour=hours(), seed=st.integers(0, 1 << 30))
def test_no_call_is_lost_or_made_at_any_moment(feeds: Feeds, hour: Hour, seed: int) -> None:
    state = State(TENANT, TENANT)
    crooked = disordered(hour.events(feeds), seed, repeated=0.1)

    for position, event in enumerate(crooked, 1):
        apply(state, Batch((Record(position, e.encode(event)),)), UNDER)

        assert {queue.difference() for queue in state.queues.values()} <= {0}
        assert all(
            min(queue.totals.values()) >= 0 and min(queue.outcomes.values(), default=0) >= 0
            for queue in state.queues.values()
        )
        assert all(min(team.states.values(), default=0) >= 0 for team in state.teams.values())


@FEEDS
@SOME
@given(hour=hours())
def test_an_agent_is_in_one_state_at_every_instant_of_his_session(
    feeds: Feeds, hour: Hour
) -> None:
    _, facts = folded(hour.events(feeds))

    for agent in AGENTS:
        shown = states(facts, agent)
        for one, following in pairwise(shown):
            assert one.ended_at is not None
            assert one.ended_at <= following.started_at
        for session in sessions(facts):
            if session.agent_id == agent:
                assert _holes(shown, session) == []


def _holes(shown: Sequence[AgentInterval], session: AgentSession) -> list[tuple[int, int]]:
    """Return the stretches of a session in which no state was shown."""
    holes, covered = [], session.logged_in_at
    end = FOREVER if session.logged_out_at is None else session.logged_out_at
    for one in shown:
        if one.started_at > covered and covered < end:
            holes.append((covered, min(one.started_at, end)))
        covered = max(covered, FOREVER if one.ended_at is None else one.ended_at)
    return holes if covered >= end else [*holes, (covered, end)]


FOREVER = 1 << 62


@FEEDS
@SOME
@given(hour=hours(), seed=st.integers(0, 1 << 30), size=st.integers(1, 60))
def test_an_after_work_is_of_the_one_call_that_it_follows(
    feeds: Feeds, hour: Hour, seed: int, size: int
) -> None:
    _, facts = folded(disordered(hour.events(feeds), seed, repeated=0.1), size)

    for agent in AGENTS:
        shown = {each.started_at: each for each in states(facts, agent)}
        mine = [leg for leg in legs(facts) if leg.agent_id == agent and leg.queue_id]
        talks = [leg for leg in mine if leg.ended_at != leg.answered_at]
        # Of those that ended at one instant the last to begin.
        talks.sort(key=lambda leg: (leg.answered_at or 0, leg.leg_id))
        led_to_it = {leg.ended_at: leg for leg in talks}
        for leg in talks:
            led = led_to_it[leg.ended_at] is leg
            assert leg.wrapup_ms == (_after(leg.ended_at, shown) if led else None), leg


def _after(ended: int | None, shown: dict[int, AgentInterval]) -> int | None:
    """Return how long the after-work was [ms] that began then, or within a minute."""
    first = None if ended is None else shown.get(ended)
    if (
        first is not None
        and first.state == "ready"
        and (first.duration_ms or FOREVER) <= 60_000
    ):
        first = shown.get(first.ended_at or 0)
    return first.duration_ms if first is not None and first.state == "wrapup" else None


@FEEDS
@SOME
@given(hour=hours(), seed=st.integers(0, 1 << 30))
def test_nothing_lasts_less_than_no_time(feeds: Feeds, hour: Hour, seed: int) -> None:
    _, facts = folded(disordered(hour.events(feeds), seed, repeated=0.1))

    for fact in newest(facts).values():
        assert _shortest(fact) >= 0, fact


def _shortest(fact: Fact) -> int:
    match fact:
        case Leg():
            spans = [fact.wait_ms, fact.ring_ms, fact.talk_ms]
            spans += [_span(fact.entered_at, fact.left_at), _span(fact.left_at, fact.ended_at)]
        case Offer():
            spans = [fact.ring_ms, _span(fact.started_at, fact.ended_at)]
        case AgentInterval() | Break():
            spans = [fact.duration_ms, _span(fact.started_at, fact.ended_at)]
        case AgentSession():
            spans = [_span(fact.logged_in_at, fact.logged_out_at)]
        case _:
            spans = []
    return min((span for span in spans if span is not None), default=0)


def _span(start: int | None, end: int | None) -> int | None:
    return None if start is None or end is None else end - start


def test_a_day_is_marked_anew_by_each_event_that_comes_too_late() -> None:
    """Between two of them the day may have been folded again, which took its mark back."""
    log = [
        *values("09:00:00 enter a sales\n10:00:00 enter b sales"),
        *values("09:10:00 enter c sales"),
        *values("09:20:00 enter d sales"),
    ]
    state, facts = run(log, UNDER, size=1)

    marks = [fact for fact in facts if isinstance(fact, DayDirty)]
    assert [mark.day for mark in marks] == ["2026-03-02"] * 2
    assert marks[0].revision < marks[1].revision == state.position
