"""What an agent did on this day: worked out by hand, and counted again from the facts."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.events import encode
from schemas.facts import Break, Fact, Leg, Offer
from stream_processors.core.pipeline import freeze, thaw
from tests.core.small_centre import Feeds, Hour, disordered, hours
from tests.timetable import moment, run, terms, values

MINUTE = 60_000
MORNING = """
    09:00:00  login   Anna sales
    09:01:00  enter   a sales
    09:01:05  ring    a sales Anna
    09:01:10  answer  a sales Anna
    09:03:10  end     a sales Anna caller
    09:10:00  enter   b sales
    09:10:05  ring    b sales Anna
    09:10:20  miss    b sales Anna
    09:10:30  abandon b sales
    09:20:00  pause   Anna sales lunch
    09:45:00  unpause Anna sales
    10:00:00  enter   c sales
    10:00:01  ring    c sales Anna
    10:00:04  answer  c sales Anna
    10:01:04  end     c sales Anna agent
    10:30:00  pause   Anna sales tea
    10:40:00  enter   d sales
    10:40:10  beat
"""


def figures(text: str, size: int = 1, **policies: Any) -> tuple[int, ...]:
    """Return answered, talks, their talk [ms], missed, breaks and their time [ms] of Anna."""
    state, _ = run(values(text), terms(**policies), size=size)
    today = state.agents["Anna"].today
    return (
        today.answered, today.talks, today.talk_ms, today.missed, today.breaks, today.break_ms
    )  # fmt: skip


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_calls_misses_and_breaks_are_counted_whatever_the_batches(size: int) -> None:
    # The talks last 120 and 60 s; the second break still lasts, so its time is not in yet.
    assert figures(MORNING, size) == (2, 2, 180_000, 1, 2, 25 * MINUTE)


def test_a_call_that_lasts_is_answered_and_has_no_talk_yet() -> None:
    text = MORNING + "10:41:00 unpause Anna sales\n10:41:02 answer d sales Anna\n10:50:00 beat"

    assert figures(text) == (3, 2, 180_000, 1, 2, 36 * MINUTE)


def test_what_comes_late_corrects_the_figures_and_is_not_counted_twice() -> None:
    until, _, _ = MORNING.partition("10:00:00")
    late = "09:46:00 beat\n09:40:00 unpause Anna sales\n09:46:01 beat"

    assert figures(until + "09:46:00 beat") == (1, 1, 120_000, 1, 1, 25 * MINUTE)
    assert figures(until + late) == (1, 1, 120_000, 1, 1, 20 * MINUTE)


def test_a_snapshot_holds_the_figures() -> None:
    log = values(MORNING)
    whole, _ = run(log)
    half, _ = run(log[:9])
    resumed, _ = run(log[9:], state=thaw(freeze(half)))

    assert resumed.agents["Anna"].today == whole.agents["Anna"].today


NIGHT = """
    2026-03-02 23:00:00  login   Anna sales
    2026-03-02 23:50:00  enter   a sales
    2026-03-02 23:50:05  answer  a sales Anna
    2026-03-02 23:51:05  end     a sales Anna caller
    2026-03-02 23:55:00  pause   Anna sales tea
    2026-03-03 00:07:00  unpause Anna sales
    2026-03-03 00:08:00  beat
"""


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        # Of the break of twelve minutes seven lie in the new day; it began on the old one.
        ("UTC", (0, 0, 0, 0, 0, 7 * MINUTE)),
        # In Moscow, three hours ahead, it is all one day.
        ("Europe/Moscow", (1, 1, 60_000, 0, 1, 12 * MINUTE)),
    ],
)
def test_a_day_is_the_local_one_and_a_break_over_midnight_is_split(
    zone: str, expected: tuple[int, ...]
) -> None:
    assert figures(NIGHT, timezone=zone) == expected


@dataclass
class Tally:
    """The same figures of one agent, from the last revision of each fact."""

    answered: int = 0
    talks: int = 0
    talk_ms: int = 0
    missed: int = 0
    breaks: int = 0
    break_ms: int = 0


def counted(facts: list[Fact]) -> dict[str, Tally]:
    """Count by agent what holds in the end; no fact of the small centre leaves its day."""
    last: dict[object, Leg | Offer | Break] = {}
    for fact in facts:
        if isinstance(fact, Leg):
            last["leg", fact.leg_id] = fact
        elif isinstance(fact, Offer):
            last["offer", fact.offer_id] = fact
        elif isinstance(fact, Break):
            last["break", fact.agent_id, fact.started_at] = fact
    found: dict[str, Tally] = {}
    for fact in last.values():
        tally = found.setdefault(fact.agent_id, Tally())
        if fact.voided:
            continue
        if isinstance(fact, Leg) and fact.direction == "in" and fact.queue_id:
            tally.answered += fact.answered_at is not None
            if fact.ended_at is not None and fact.talk_ms is not None:
                tally.talks += 1
                tally.talk_ms += fact.talk_ms + (fact.hold_ms or 0)
        elif isinstance(fact, Offer):
            tally.missed += fact.result in ("no_answer", "rejected")
        elif isinstance(fact, Break):
            tally.breaks += 1
            tally.break_ms += fact.duration_ms or 0
    return found


def ringing_twice(facts: list[Fact]) -> set[str]:
    """Return who was rung for two calls within a second: their ringings may have one key."""
    legs: dict[tuple[str, str], set[str]] = {}
    for fact in facts:
        if isinstance(fact, Offer):
            legs.setdefault((fact.agent_id, fact.offer_id), set()).add(fact.leg_id)
    return {agent_id for (agent_id, _), found in legs.items() if len(found) > 1}


@pytest.mark.parametrize("feeds", ["fine", "coarse", "both"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(hour=hours(), seed=st.integers(0, 1 << 30), size=st.integers(1, 60))
def test_figures_are_those_of_the_facts_whatever_the_order_of_events(
    feeds: Feeds, hour: Hour, seed: int, size: int
) -> None:
    log = [encode(each) for each in disordered(hour.events(feeds), seed, repeated=0.1)]
    state, facts = run(log, size=size)

    expected, doubtful = counted(facts), ringing_twice(facts)
    for name, agent in state.agents.items():
        it, tally = agent.today, expected.get(name, Tally())
        assert it.day in (0, moment("00:00:00"))
        assert (it.answered, it.talks, it.talk_ms, it.breaks, it.break_ms) == (
            tally.answered, tally.talks, tally.talk_ms, tally.breaks, tally.break_ms
        )  # fmt: skip
        assert it.missed == tally.missed or name in doubtful
