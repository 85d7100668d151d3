"""Rate rules: what an agent does too often, and more often than the others of the team."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from schemas.discipline import Discipline
from schemas.facts import Fact, Violation
from tests.core.judged import evidence
from tests.readings import violations
from tests.timetable import moment, run, terms, values

Shown = list[tuple[str, str, str, int | None, int | None]]

FEW: dict[str, Any] = {
    "agent_hangup": {"count": 2, "calls": 3, "times_others": 2.0},
    "excess_transfer": {"count": 2, "calls": 3, "times_others": 2.0, "most": 4},
    "short_call": {"live_count": 2, "live_calls": 3, "live_times": 2.0},
}
"""Rules under which a few calls are enough."""

Call = tuple[str, str, int, str]
"""Its entry, its agent, its talk [s], and how it ends: by whom, or that it is passed on."""

MIXED: tuple[Call, ...] = (
    ("09:00:00", "Anna", 60, "caller"),
    ("09:01:00", "Boris", 60, "caller"),
    ("09:03:00", "Anna", 20, "agent"),
    ("09:04:00", "Boris", 60, "caller"),
    ("09:06:00", "Boris", 20, "agent"),
    ("09:08:00", "Anna", 20, "agent"),
)
"""As the last ends, at 09:08:21, Anna has ended 2 of her 3 early, Boris 1 of his 3."""


def centre(calls: Sequence[Call], *after: str) -> str:
    """Return calls as a timetable; each is answered a second after its entry."""
    lines = ["08:59:00 login Anna sales", "08:59:00 login Boris sales"]
    for entered, agent, talk, ending in calls:
        how, call = ending, f"{agent}-{entered}"
        start = timedelta(milliseconds=moment(entered) - moment("00:00:00"))
        answered, ended = (f"{start + timedelta(seconds=s)!s:0>8}" for s in (1, 1 + talk))
        lines += [f"{entered} enter {call} sales", f"{answered} answer {call} sales {agent}"]
        if how == "passed":
            lines.append(f"{ended} transfer {call} another")
            how = "agent"
        lines.append(f"{ended} end {call} sales {agent} {how}")
    return "\n".join([*lines, *after])


def told(text: str, rules: dict[str, Any] = FEW, size: int = 1) -> list[Fact]:
    under = terms(discipline=Discipline().changed([rules]))
    return run(values(text), under, size=size)[1]


def shown(facts: list[Fact], code: str) -> Shown:
    return [
        (each.agent_id, each.severity, each.state, each.fired_at, each.cleared_at)
        for each in violations(facts, code)
    ]


# --- hanging up -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 5, 100])
def test_who_hangs_up_early_more_than_the_others_do_stands_out(size: int) -> None:
    """2 of 3 against 0 of 3: Boris' early one is left to its caller."""
    calls = (*MIXED[:4], ("09:06:00", "Boris", 20, "caller"), MIXED[5])
    facts = told(centre(calls, "09:10:00 beat"), size=size)

    assert shown(facts, "agent_hangup") == [
        ("Anna", "warning", "firing", moment("09:08:21"), None)
    ]
    (episode,) = violations(facts, "agent_hangup")
    told_of = evidence(episode)
    assert (told_of["count"], told_of["calls"], told_of["share"]) == (2, 3, 0.6667)
    assert (told_of["others_calls"], told_of["others_share"]) == (3, 0.0)
    assert episode.pending_at == moment("09:03:21")


def test_a_share_of_just_so_many_times_the_others_is_not_above_it() -> None:
    assert shown(told(centre(MIXED, "09:10:00 beat")), "agent_hangup") == []


def test_too_few_calls_of_the_others_say_nothing() -> None:
    calls = [call for call in MIXED if call[:2] != ("09:06:00", "Boris")]

    assert shown(told(centre(calls, "09:10:00 beat")), "agent_hangup") == []


def test_thirty_seconds_of_talk_are_not_early() -> None:
    calls = [(at, who, 30 if who == "Anna" else 60, how) for at, who, _, how in MIXED]

    assert shown(told(centre(calls, "09:10:00 beat")), "agent_hangup") == []


def test_an_hour_without_another_ends_it() -> None:
    calls = (*MIXED[:4], ("09:06:00", "Boris", 20, "caller"), MIXED[5])
    beats = [f"{hour:02}:{minute:02}:30 beat" for hour in (9, 10) for minute in range(9, 60)]

    before = told(
        centre(calls, *[each for each in beats if each < "10:08:20"], "10:08:21 beat")
    )
    after = told(centre(calls, *[each for each in beats if each < "10:08:20"], "10:08:22 beat"))

    assert shown(before, "agent_hangup")[0][2:] == ("firing", moment("09:08:21"), None)
    assert shown(after, "agent_hangup")[0][2:] == (
        "resolved", moment("09:08:21"), moment("10:08:21")
    )  # fmt: skip


def test_another_one_joins_what_is_open() -> None:
    calls = (
        *MIXED[:4], ("09:06:00", "Boris", 20, "caller"), MIXED[5],
        ("09:20:00", "Anna", 5, "agent"),
    )  # fmt: skip
    (episode,) = violations(told(centre(calls, "09:30:00 beat")), "agent_hangup")

    assert evidence(episode)["count"] == 3


def test_a_call_of_another_that_comes_late_takes_it_back() -> None:
    """With it, Boris has ended 1 of his 4 early: twice 1/4 is less than 2/3; 2 of 5 is not."""
    calls = (*MIXED[:4], ("09:06:00", "Boris", 20, "caller"), MIXED[5])
    late = centre([("09:06:30", "Boris", 10, "agent"), ("09:07:00", "Boris", 10, "agent")])
    late = "\n".join(late.splitlines()[2:])
    facts = told(centre(calls, "09:10:00 beat") + "\n" + late)

    assert shown(facts, "agent_hangup") == []
    taken_back = [each for each in facts if isinstance(each, Violation) and each.voided]
    assert [each.agent_id for each in taken_back if each.code == "agent_hangup"] == ["Anna"]


HELD = """
    {at}:00 starts trunk{n}
    {at}:00 enter  trunk{n} sales
    {at}:01 starts anna{n}@trunk{n}
    {at}:01 ring   trunk{n} sales Anna anna{n} SIP/anna
    {at}:05 picks  anna{n}@trunk{n}
    {at}:05 answer trunk{n} sales Anna
    {at}:40 holds  anna{n}@trunk{n}
    {resumed}
    {at}:59 end    trunk{n} sales Anna agent
"""


def held(resumed: str) -> list[Fact]:
    calls = [
        HELD.format(at=at, n=n, resumed=resumed.format(at=at, n=n))
        for n, at in enumerate(("10:00", "10:02", "10:04"))
    ]
    phones = {"Anna": {"devices": ["SIP/anna"]}}
    others = [(f"09:5{n}:00", "Boris", 40, "caller") for n in range(4)]
    under = terms(discipline=Discipline().changed([FEW]), agents=phones)
    return run(values(centre(others) + "".join(calls) + "10:10:00 beat"), under)[1]


def test_who_hangs_up_on_callers_on_hold_is_told_however_long_the_talk() -> None:
    assert shown(held("{at}:41 beat"), "agent_hangup") == [
        ("Anna", "warning", "firing", moment("10:04:59"), None)
    ]


def test_who_has_talked_to_them_again_has_not_hung_up_on_a_hold() -> None:
    assert shown(held("{at}:57 resumes anna{n}@trunk{n}"), "agent_hangup") == []


# --- passing on -----------------------------------------------------------------------------


def test_who_passes_on_more_than_the_others_stands_out() -> None:
    calls = [(at, who, talk, "passed" if by == "agent" and who == "Anna" else "caller")
             for at, who, talk, by in MIXED]  # fmt: skip
    facts = told(centre(calls, "09:10:00 beat"))

    assert shown(facts, "excess_transfer") == [
        ("Anna", "warning", "firing", moment("09:08:21"), None)
    ]


@pytest.mark.parametrize(("ending", "hung_up"), [("passed", []), ("agent", ["Anna"])])
def test_who_passes_on_after_some_seconds_has_hung_up_on_nobody(
    ending: str, hung_up: list[str]
) -> None:
    """Neither live nor in the share of the month, which is over with the last word."""
    calls = [(at, who, 8, ending) if who == "Anna" else (at, who, 60, "caller")
             for at, who, *_ in MIXED]  # fmt: skip
    rules = {**FEW, "short_call": {**FEW["short_call"], "calls": 3, "times_team": 1.5}}
    facts = told(centre(calls, "2026-04-01 00:00:01 beat"), rules)

    passed_on = violations(facts, "excess_transfer")
    assert [each.agent_id for each in passed_on] == (["Anna"] if ending == "passed" else [])
    assert [each.agent_id for each in violations(facts, "agent_hangup")] == hung_up
    assert [each.agent_id for each in violations(facts, "short_call")] == hung_up * 2


def test_a_caller_who_is_moved_to_another_queue_was_not_hung_up_on() -> None:
    """Nothing tells of the move but his entry there: no transfer was announced."""
    calls = (*MIXED[:4], ("09:06:00", "Boris", 20, "caller"), MIXED[5])
    moved = "09:08:21 enter Anna-09:08:00 support\n09:08:30 abandon Anna-09:08:00 support"

    assert shown(told(centre(calls, moved, "09:10:00 beat")), "agent_hangup") == []


def test_who_passes_on_as_the_others_do_does_not() -> None:
    calls = [(at, who, talk, "passed" if by == "agent" else by) for at, who, talk, by in MIXED]

    assert shown(told(centre(calls, "09:10:00 beat")), "excess_transfer") == []


def test_so_many_are_too_many_though_all_do_the_same() -> None:
    """The fifth of Anna's, at 09:08:11, is the first beyond four; Boris passes on four."""
    calls = [
        (f"09:0{n}:{30 * (who == 'Boris'):02}", who, 10, "passed")
        for n in (0, 2, 4, 6, 8)
        for who in ("Anna", "Boris")
    ][:-1]
    facts = told(centre(calls, "09:10:00 beat"))

    assert shown(facts, "excess_transfer") == [
        ("Anna", "warning", "firing", moment("09:08:11"), None)
    ]


# --- short calls, live ----------------------------------------------------------------------

SHORT = (*MIXED[:2], ("09:03:00", "Anna", 9, "agent"), *MIXED[3:5])


def test_short_calls_are_told_within_the_hour() -> None:
    facts = told(centre([*SHORT, ("09:08:00", "Anna", 9, "agent")], "09:10:00 beat"))

    assert shown(facts, "short_call") == [
        ("Anna", "warning", "firing", moment("09:08:10"), None)
    ]


def test_short_calls_of_hours_are_not_critical_together() -> None:
    """Four are, in an hour; here the first and the fourth lie nearly two hours apart."""
    more = [("09:08:00", "Anna", 9, "agent")]
    more += [(at, "Anna", 5, "agent") for at in ("10:00:00", "10:55:00")]
    facts = told(centre([*SHORT, *more], "10:58:00 beat"))

    assert shown(facts, "short_call") == [
        ("Anna", "warning", "firing", moment("09:08:10"), None)
    ]
    found = evidence(violations(facts, "short_call")[0])
    assert (found["count"], found["marked"], found["calls"]) == (4, 2, 3)


@pytest.mark.parametrize("last", [(10, "agent"), (9, "caller")])
def test_ten_seconds_are_not_short_and_a_caller_may_leave(last: tuple[int, str]) -> None:
    facts = told(centre([*SHORT, ("09:08:00", "Anna", *last)], "09:10:00 beat"))

    assert shown(facts, "short_call") == []


def test_twice_as_many_are_critical_if_it_is_told_that_the_agent_ended_them() -> None:
    more = [(f"09:{minute}:00", "Anna", 5) for minute in (10, 12)]
    one = ("09:08:00", "Anna", 9, "agent")
    for by, severity in (("agent", "critical"), ("unknown", "warning")):
        calls = [*SHORT, one, *((*each, by) for each in more)]
        (episode,) = violations(told(centre(calls, "09:20:00 beat")), "short_call")

        assert (episode.severity, episode.fired_at) == (severity, moment("09:08:10"))
        assert evidence(episode)["ended_by_unknown"] == (2 if by == "unknown" else 0)


def test_a_part_of_a_call_more_is_reached_by_the_next_one() -> None:
    """1.2 times two are 2.4: two do not reach it, and the third does."""
    rules = {"short_call": {**FEW["short_call"], "critical_after": 1.2}}
    two = [*SHORT, ("09:08:00", "Anna", 9, "agent")]
    three = [*two, ("09:10:00", "Anna", 5, "agent")]

    for calls, severity in ((two, "warning"), (three, "critical")):
        (episode,) = violations(told(centre(calls, "09:20:00 beat"), rules), "short_call")
        assert episode.severity == severity


# --- slow handling --------------------------------------------------------------------------


def test_nobody_has_recovered_who_is_still_too_slow_whatever_is_set() -> None:
    """Anna takes 2.5 times as long as Boris from her second call to her last."""
    calls = [
        (f"09:0{n}:{second}", who, talk, "caller")
        for n in range(6)
        for second, who, talk in (("00", "Anna", 25), ("30", "Boris", 10), ("45", "Boris", 10))
    ]
    rules = {"slow_handling": {"contacts": 2, "ratio": 2.0, "clear": 3.0}}
    facts = told(centre(calls, "09:10:00 beat"), rules)

    assert [each[2:] for each in shown(facts, "slow_handling")] == [
        ("firing", moment("09:01:26"), None)
    ]


def test_a_log_out_at_the_very_end_of_the_call_ends_it() -> None:
    """As when the PBX stops: nobody is slow for half an hour who is not there."""
    calls = [
        (f"09:0{n}:{second}", who, talk, "caller")
        for n in range(2)
        for second, who, talk in (("00", "Boris", 10), ("10", "Anna", 25), ("45", "Boris", 10))
    ]
    rules = {"slow_handling": {"contacts": 2, "ratio": 2.0}}
    gone = ("09:01:36 logout Anna sales", "09:40:00 beat")
    facts = told(centre(calls[:-1], *gone), rules)

    instant = moment("09:01:36")
    assert shown(facts, "slow_handling") == [("Anna", "info", "resolved", instant, instant)]
