"""Since when what holds of a queue has held, against replays and against counting by hand."""

import random
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import schemas.events as e
from stream_processors.core.lasting import (
    low_since,
    nobody_ready_since,
    past_target_since,
    remember_level,
)
from stream_processors.core.pipeline import freeze, thaw
from stream_processors.core.queues import Queue
from stream_processors.core.state import State
from stream_processors.core.windows import KEPT_MS
from tests.core.drawn import some
from tests.core.small_centre import QUEUES, Hour, hours
from tests.timetable import events, moment, run, values

SOME = some(40)
MINUTE = 60_000
HALF_HOUR = 30 * MINUTE
BEGIN = 10**9


def clock(state: State) -> int:
    return state.sources["pbx1"].clock


def nobody(state: State, queue: str = "sales") -> int | None:
    return nobody_ready_since(state.queues[queue], state.agents.values(), clock(state))


# --- who waits longest --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("beat", "since"), [("09:00:20", None), ("09:00:20.001", "09:00:20"), ("09:02", "09:00:20")]
)
def test_a_queue_is_past_its_target_since_its_first_caller_passed_it(
    beat: str, since: str | None
) -> None:
    state, _ = run(
        values(f"""
        09:00:00 enter a sales
        09:00:05 enter b sales
        {beat}   beat
    """)
    )

    found = past_target_since(state.queues["sales"], clock(state))
    assert found == (since and moment(since))


# --- nobody is free -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "since"),
    [
        # A caller waits a moment even when somebody is free.
        ("", "09:05:03"),
        ("09:00:00 login Anna sales", None),
        ("09:00:00 login Anna vip", "09:05:03"),
        ("09:00:00 login Anna sales\n 09:04:00 pause Anna sales lunch", "09:05:03"),
        ("09:00:00 login Anna sales\n 09:05:30 pause Anna sales lunch", "09:05:30"),
        ("09:00:00 login Anna sales\n 09:05:30 ring a sales Anna", "09:05:30"),
        # He came free for a moment, then another caller took him.
        ("09:00:00 login Anna sales\n 09:01:00 pause Anna sales\n 09:05:30 unpause Anna sales\n"
         "09:05:31 pause Anna sales", "09:05:31"),
        # He was free before, but not for this queue.
        ("09:00:00 login Anna vip\n 09:05:30 pause Anna vip\n 09:05:31 login Anna sales\n"
         "09:05:31 pause Anna sales", "09:05:03"),
        # He is free, but no longer for this queue: by itself, or with all others.
        ("09:00:00 login Anna sales\n 09:00:00 login Anna vip\n 09:05:30 logout Anna sales",
         "09:05:30"),
        ("09:00:00 login Anna sales\n 09:05:30 logout Anna sales", "09:05:30"),
        ("09:00:00 login Anna sales\n 09:05:30 restart\n 09:05:31 enter b sales", "09:05:34"),
        ("09:00:00 login Anna sales\n 09:05:20 pause Anna sales\n 09:05:30 logout Anna sales",
         "09:05:20"),
        ("09:00:00 login Anna sales\n 09:05:30 pause Anna sales\n 09:00:00 login Boris sales\n"
         "09:05:40 logout Boris sales", "09:05:40"),
    ],
)  # fmt: skip
def test_nobody_is_free_since_the_last_one_was_or_the_first_caller_waits(
    what: str, since: str | None
) -> None:
    log = sorted(
        events(f"09:05:00 enter a sales\n{what}\n09:06:00 beat"), key=lambda each: each.time
    )
    state, _ = run([e.encode(each) for each in log])

    assert nobody(state) == (since and moment(since))
    assert nobody(thaw(freeze(state))) == nobody(state)


def test_it_does_not_begin_before_three_seconds_of_waiting() -> None:
    assert nobody(run(values("09:05:00 enter a sales\n09:05:02.999 beat"))[0]) is None
    state, _ = run(values("09:05:00 enter a sales\n09:05:03 beat"))
    assert nobody(state) == moment("09:05:03")


def at(hour: Hour, instant: int) -> State:
    """Return what was known at an instant [ms]: the log up to it, which ends with a beat."""
    log = [each for each in hour.events("fine") if moment(each.time[11:-1]) <= instant]
    beat = events(f"{clock_time(instant)} beat")
    return run([e.encode(each) for each in (*log, *beat)], size=1000)[0]


def clock_time(instant: int) -> str:
    seconds, ms = divmod(instant - moment("00:00:00"), 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{ms:03}"


def anybody_ready(state: State, queue: str) -> bool:
    return any(
        each.now.state == "ready" and queue in each.now.queues for each in state.agents.values()
    )


@settings(SOME, max_examples=15)
@given(hours(), st.integers(0, 3))
def test_a_replay_shows_nobody_free_since_then_and_somebody_just_before(
    hour: Hour, turn: int
) -> None:
    told = [moment(each.time[11:-1]) for each in hour.events("fine")]
    seen = cache(lambda instant: at(hour, instant))
    for now in [each + 3_500 for each in told[turn::4]]:
        for queue in set(QUEUES) & seen(now).queues.keys():
            since = nobody(seen(now), queue)
            if since is None:
                continue
            # Who left a queue talks to somebody is told a moment later.
            for instant in {each + 2 for each in (since, *told) if since <= each < now - 2}:
                assert not anybody_ready(seen(instant), queue), (queue, since, instant)
            first = min(entered for entered, _ in seen(now).queues[queue].waiting.values())
            if since != first + 3_000:
                assert since > first + 3_000
                assert anybody_ready(seen(since - 1), queue), (queue, since)


# --- the level ----------------------------------------------------------------------------


def by_hand(calls: Sequence[tuple[int, bool]], target: float, now: int) -> int | None:
    """Walk over every instant at which the level can change; return since when it is low."""
    changes = sorted({change for at, _ in calls for change in (at, at + HALF_HOUR)})
    since = None
    for change in changes[: bisect_right(changes, now)]:
        window = [in_time for at, in_time in calls if change - HALF_HOUR < at <= change]
        low = len(window) >= 5 and sum(window) / len(window) < target
        since = (change if since is None else since) if low else None
    return since


def counted(calls: Sequence[tuple[int, bool]]) -> Queue:
    queue = Queue("sales", "pbx1")
    queue.instants["level_counted"] = sorted(at for at, _ in calls)
    queue.instants["answered_in_time"] = sorted(at for at, in_time in calls if in_time)
    return queue


@st.composite
def mornings(draw: st.DrawFn) -> tuple[list[tuple[int, bool]], int]:
    """Draw up to eight half hours, good and bad, busy and quiet, and a minute at their end."""
    told: list[tuple[int, bool]] = []
    chance = random.Random(draw(st.integers(0, 1 << 30)))
    half_hours = draw(st.integers(1, 8))
    for half_hour in range(half_hours):
        good = draw(st.sampled_from([0.0, 0.5, 0.75, 0.9]))
        for _ in range(draw(st.sampled_from([0, 3, 6, 40]))):
            begun = BEGIN + half_hour * HALF_HOUR + chance.randrange(HALF_HOUR)
            told.append((begun // 1000 * 1000, chance.random() < good))
    return told, half_hours * 30 + draw(st.integers(-10, 10))


@settings(SOME, max_examples=100)
@given(mornings(), st.sampled_from([0.5, 0.8, 1.0]))
@example(([(BEGIN + n, False) for n in range(5)], 29), 0.8)
@example(([(BEGIN + n * MINUTE, False) for n in range(240)], 240), 0.8)
def test_a_level_is_low_since_the_change_that_made_it_so_however_long_ago(
    morning: tuple[list[tuple[int, bool]], int], target: float
) -> None:
    told, minute = morning
    now = BEGIN + minute * MINUTE
    told = [each for each in told if each[0] <= now]
    expected = by_hand(told, target, now)
    assert low_since(counted(told), target, now) == expected

    # Every five minutes what has left the windows is forgotten; what comes, comes late.
    queue, kept_from = counted([]), 0
    for at in range(BEGIN, now, 5 * MINUTE):
        come = [each for each in told if kept_from <= each[0] <= at - 10 * MINUTE]
        queue.instants = counted(come).instants
        remember_level(queue, target, at)
        queue.forget(kept_from := at - KEPT_MS, 0)
    queue.instants = counted([each for each in told if each[0] >= kept_from]).instants
    assert low_since(queue, target, now) == expected


def test_of_a_level_that_was_low_under_another_target_only_the_last_hour_is_told() -> None:
    now = BEGIN + 240 * MINUTE
    queue = counted([(BEGIN + minute * MINUTE, minute % 2 == 0) for minute in range(240)])
    remember_level(queue, 0.8, now)
    queue.forget(now - KEPT_MS, 0)

    assert low_since(queue, 0.8, now) == BEGIN + 4 * MINUTE
    assert low_since(queue, 0.9, now) == now - 40 * MINUTE
    assert low_since(queue, 0.4, now) is None
