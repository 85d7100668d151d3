"""Plans drawn at random over hours drawn at random: when and how often they come is nothing."""

import random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

import schemas.events as e
from schemas.discipline import Discipline
from stream_processors.core.pipeline import freeze, thaw
from tests.core.drawn import some
from tests.core.small_centre import AGENTS, Hour, disordered, hours
from tests.plans import plan
from tests.readings import comparable
from tests.timetable import run, terms

SOME = some(40)
STRICT = Discipline().changed(
    [
        {
            "late_login": {"grace": "20s", "critical_after": "1m"},
            "no_show": {"after": "2m"},
            "early_logout": {"grace": "5s", "wait": "20s"},
            "unscheduled_break": {"grace": "5s"},
            "work_instead_of_break": {"limit": "20s"},
            "not_logged_out": {"after": "20s"},
            "late_return": {"allowance": {"default": "20s"}, "grace": "5s"},
        }
    ]
)
UNDER = terms(discipline=STRICT)
CODES = {
    "late_login", "no_show", "early_logout", "unscheduled_break", "work_instead_of_break",
    "not_logged_out", "late_return",
}  # fmt: skip

instants = st.lists(st.integers(0, 42), min_size=2, max_size=6, unique=True).map(sorted)
"""In tens of seconds since nine: such an hour is over after some minutes."""
kinds = st.lists(
    st.sampled_from(["work", "break", "meeting", "absence"]), min_size=6, max_size=6
)
versions = st.lists(st.tuples(instants, kinds), min_size=1, max_size=3)
plans = st.fixed_dictionaries(dict.fromkeys(AGENTS, versions), optional={"Nobody": versions})


def published(drawn: dict[str, list[tuple[list[int], list[str]]]]) -> list[e.Event]:
    """Return the plans as events of the hour's beginning, later versions last."""
    told = []
    for agent, versions in drawn.items():
        for number, (times, kinds) in enumerate(versions, 1):
            words = [_clock(times[0])]
            for kind, time in zip(kinds, times[1:], strict=False):
                words += [kind, _clock(time)]
            told.append(e.decode(plan(agent, " ".join(words), version=number, at="08:59")))
    return told


def _clock(tens: int) -> str:
    return f"09:{tens // 6:02}:{tens % 6}0"


def mixed(log: list[e.Event], news: list[e.Event], seed: int) -> list[bytes]:
    """Return a log with news at random places, each received with what stands there."""
    chance, made = random.Random(seed), list(log)
    for each in news:
        place = chance.randrange(len(made) + 1)
        at = made[min(place, len(made) - 1)].recordedtime if made else each.recordedtime
        made.insert(place, msgspec.structs.replace(each, recordedtime=max(at, each.time)))
    return [e.encode(event) for event in made]


@SOME
@given(hour=hours(), drawn=plans, seed=st.integers(0, 1 << 30), size=st.integers(1, 60))
def test_when_a_plan_comes_and_how_often_changes_nothing(
    hour: Hour, drawn: dict[str, list[tuple[list[int], list[str]]]], seed: int, size: int
) -> None:
    told, news = hour.events("both"), published(drawn)
    straight = [e.encode(event) for event in [*news, *told]]
    crooked = mixed(disordered(told, seed, repeated=0.1), [*news, *news], seed)

    facts = comparable(run(straight, UNDER, size=size)[1])
    others = comparable(run(crooked, UNDER, size=7)[1])

    assert others == facts


@SOME
@given(hour=hours(), drawn=plans, seed=st.integers(0, 1 << 30), cut=st.floats(0, 1))
def test_a_snapshot_at_any_moment_knows_the_plans(
    hour: Hour, drawn: dict[str, list[tuple[list[int], list[str]]]], seed: int, cut: float
) -> None:
    log = mixed(hour.events("fine"), published(drawn), seed)
    at = round(cut * len(log))

    whole, facts = run(log, UNDER)
    before, first = run(log[:at], UNDER)
    after, rest = run(log[at:], UNDER, thaw(freeze(before)))

    assert first + rest == facts
    assert freeze(after) == freeze(whole)


def test_such_hours_break_the_rules() -> None:
    """Else the properties above would hold of nothing."""
    shift = "09:00:10 work 09:01:00 break 09:01:40 work 09:04:00"
    planned = [plan(agent, shift, at="08:59") for agent in (*AGENTS, "Nobody")]
    seen: set[str] = set()

    @settings(SOME, max_examples=150)
    @given(hour=hours())
    def look(hour: Hour) -> None:
        log = [*planned, *(e.encode(event) for event in hour.events("fine"))]
        seen.update(
            code for fact in run(log, UNDER, size=50)[1] if (code := getattr(fact, "code", ""))
        )

    look()
    assert seen >= CODES
