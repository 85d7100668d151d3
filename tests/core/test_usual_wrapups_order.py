"""After-work around midnight, drawn at random: no order, repetition or cut changes a limit."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import schemas.events as e
from schemas.discipline import Discipline
from schemas.facts import Fact
from stream_processors.core.pipeline import freeze, thaw
from stream_processors.core.state import State
from tests.core.drawn import some
from tests.core.judged import evidence
from tests.core.small_centre import disordered
from tests.readings import comparable, violations
from tests.timetable import events, moment, run, terms

SOME = some(60)

UNDER = terms(
    timezone="Etc/GMT+9",
    discipline=Discipline().changed(
        [
            {
                "acw_too_long": {
                    "limit": "1s", "grace": "0s", "times_p90": 0.5, "least_count": 1,
                    "critical_after": 1.5,
                }
            }
        ]
    ),
)  # fmt: skip
"""Half of what was usual yesterday is too long; it is midnight at 09:00 UTC."""

AGENTS = ("Anna", "Boris", "Clara")

talks = st.lists(
    st.tuples(
        st.sampled_from(("sales", "sales", "sales", "support")),
        st.integers(0, 20_000),  # ms from the end of the after-work before
        st.integers(1_000, 30_000),  # of talk
        st.sampled_from((0, 0, 0, 700, 40_000)),  # until the after-work is told of
        st.integers(500, 40_000),  # of after-work
    ),
    min_size=3,
    max_size=6,
)


@st.composite
def nights(draw: st.DrawFn) -> list[e.Event]:
    """Draw what three agents do from two minutes before midnight on."""
    told = [(LOG_IN, f"login {agent} {queue} 15") for agent in AGENTS
            for queue in ("sales", "support")]  # fmt: skip
    for agent in AGENTS:
        at = LOG_IN + 1_000
        for number, (queue, gap, talk, wait, work) in enumerate(draw(talks)):
            call, answered = f"{agent}{number} {queue}", at + gap
            ended = answered + talk
            at = ended + wait + work
            told += [
                (answered - 100, f"enter {call}"),
                (answered, f"answer {call} {agent}"),
                (ended, f"end {call} {agent} caller"),
                (ended + wait, f"pause {agent} * wrap"),
                (at, f"unpause {agent} *"),
            ]
    last = max(told)[0] + 60_000
    lines = [f"{_stamp(at)} {text}" for at, text in sorted([*told, (last, "beat")])]
    return events("\n".join(lines))


LOG_IN = moment("08:58:00")


def _stamp(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M:%S.%f}"


def folded(log: Iterable[e.Event], size: int = 7) -> tuple[State, list[Fact]]:
    return run([e.encode(event) for event in log], UNDER, size=size)


def limits(facts: Iterable[Fact]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return rule and evidence of episodes, but not which of several events tells an end."""
    found = {}
    for each in violations(facts, "acw_too_long"):
        told = evidence(each)
        del told["events"]
        found[each.episode_id] = (each.rule_version, told)
    return found


@SOME
@given(
    night=nights(),
    seed=st.integers(0, 1 << 30),
    repeated=st.floats(0.05, 0.2),
    size=st.integers(1, 60),
)
def test_swapped_and_repeated_events_change_nothing(
    night: list[e.Event], seed: int, repeated: float, size: int
) -> None:
    straight, facts = folded(night)
    crooked, others = folded(disordered(night, seed, repeated=repeated), size)

    assert limits(others) == limits(facts)
    assert comparable(others) == comparable(facts)
    assert crooked.docket.lengths == straight.docket.lengths


@SOME
@given(night=nights(), size=st.integers(1, 60))
def test_where_the_log_is_cut_into_batches_does_not_matter(
    night: list[e.Event], size: int
) -> None:
    one, facts = folded(night, size=1)
    other, others = folded(night, size=size)

    assert limits(others) == limits(facts)
    assert other.docket.lengths == one.docket.lengths


@SOME
@given(night=nights(), cut=st.floats(0, 1))
def test_a_snapshot_at_any_moment_goes_on_as_if_nothing_had_happened(
    night: list[e.Event], cut: float
) -> None:
    log = [e.encode(event) for event in night]
    at = round(cut * len(log))

    whole, facts = run(log, UNDER)
    before, first = run(log[:at], UNDER)
    after, rest = run(log[at:], UNDER, thaw(freeze(before)))

    assert first + rest == facts
    assert freeze(after) == freeze(whole)


@SOME
@given(night=nights())
def test_what_is_counted_is_what_ended(night: list[e.Event]) -> None:
    """Each after-work that is known and counted stands in the counts, and nothing else does."""
    state, _ = folded(night)

    counted = [
        (wrapup.queue_id, wrapup.day, wrapup.seconds)
        for diary in state.docket.diaries.values()
        for wrapup in diary.wrapups.values()
        if wrapup.day is not None
    ]
    told = [
        (queue_id, day, seconds)
        for queue_id, lengths in state.docket.lengths.items()
        for day, counts in lengths.days.items()
        for seconds, count in counts.items()
        for _ in range(count)
    ]
    assert sorted(told) == sorted(counted)
