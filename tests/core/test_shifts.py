"""Rules about planned shifts, each on a timetable of a few lines; instants by hand."""

import itertools
from typing import Any

import msgspec
import pytest

from schemas.discipline import Discipline
from schemas.facts import Fact, Planned
from stream_processors.core.pipeline import freeze, thaw
from tests.core.judged import shown
from tests.plans import at, plan
from tests.readings import violations
from tests.timetable import DAY, run, terms, values

NINE_TO_SIX = "09:00 work 13:00 break 13:30 work 18:00"
HEARD = "08:00 beat\n"
"""The source was heard before the shift began."""


def under(**rules: Any) -> Any:
    only = {code: {"enabled": False} for code in ("relog", "toggle")}
    return terms(discipline=Discipline().changed([only, rules]))


def told(text: str, *plans: bytes, size: int = 1, **rules: Any) -> list[Fact]:
    return run([*plans, *values(HEARD + text)], under(**rules), size=size)[1]


def planned(facts: list[Fact]) -> list[tuple[str, int, int]]:
    """Return what holds in the end: activity, from when to when."""
    held: dict[tuple[str, int], Planned] = {}
    for fact in facts:
        if isinstance(fact, Planned):
            held[fact.agent_id, fact.started_at] = fact
    return sorted(
        (each.activity, each.started_at, each.ended_at)
        for each in held.values()
        if not each.voided
    )


# --- late, or not at all ------------------------------------------------------------------


def test_who_logs_in_within_the_grace_is_not_late() -> None:
    facts = told("09:02 login Anna sales\n10:00 beat", plan("Anna", NINE_TO_SIX))

    assert violations(facts) == []


def test_who_logs_in_later_was_late_from_the_end_of_the_grace_until_then() -> None:
    facts = told("09:07:30 login Anna sales\n10:00 beat", plan("Anna", NINE_TO_SIX))

    assert shown(facts, "late_login") == [("warning", "resolved", at("09:02"), at("09:07:30"))]
    assert shown(facts, "no_show") == []


def test_who_is_not_there_after_a_quarter_of_an_hour_pages() -> None:
    facts = told("09:16 beat", plan("Anna", NINE_TO_SIX))

    assert shown(facts, "late_login") == [("critical", "firing", at("09:02"), None)]


def test_after_half_an_hour_a_late_login_becomes_a_no_show_and_is_told_once() -> None:
    facts = told("09:20 beat\n09:40 beat\n12:00 login Anna sales\n12:30 beat",
                 plan("Anna", NINE_TO_SIX))  # fmt: skip

    assert shown(facts, "late_login") == [("critical", "resolved", at("09:02"), at("09:30"))]
    assert shown(facts, "no_show") == [("critical", "resolved", at("09:30"), at("12:00"))]


def test_a_no_show_ends_with_the_shift() -> None:
    facts = told("09:40 beat\n18:00:01 beat", plan("Anna", NINE_TO_SIX))

    assert shown(facts, "no_show") == [("critical", "resolved", at("09:30"), at("18:00"))]


def test_it_fires_at_its_instant_while_nothing_but_time_is_told() -> None:
    beats = "\n".join(f"09:0{minute}:{second:02} beat" for minute in (1, 2)
                      for second in range(60))  # fmt: skip
    state, _ = run([plan("Anna", NINE_TO_SIX), *values(HEARD)], under())
    seen = []
    for value in values(beats):
        state, more = run([value], under(), thaw(freeze(state)))
        clock = max(source.clock for source in state.sources.values())
        seen += [(clock, each.state) for each in violations(more, "late_login")]

    assert seen[-1] == (at("09:02:01"), "firing")


def test_who_was_logged_in_before_the_shift_is_in_time() -> None:
    facts = told("08:30 login Anna sales\n10:00 beat", plan("Anna", NINE_TO_SIX))

    assert violations(facts) == []


def test_a_shift_that_began_before_its_source_was_heard_is_not_judged_by_who_was_there() -> (
    None
):
    log = [plan("Anna", NINE_TO_SIX), *values("10:00 beat\n10:30 login Anna sales\n11:00 beat")]

    assert violations(run(log, under())[1]) == []


def test_a_log_that_tells_of_the_beginning_later_lets_the_shift_be_judged() -> None:
    log = values("09:00:00.500 enter a sales\n09:00:00 log: enter a sales\n09:10 beat")

    _, facts = run([plan("Anna", NINE_TO_SIX), *log], under())

    assert shown(facts, "late_login") == [("warning", "firing", at("09:02"), None)]


def test_an_absence_that_is_entered_later_takes_a_no_show_back() -> None:
    log = [
        plan("Anna", NINE_TO_SIX),
        *values(HEARD + "09:40 beat"),
        plan("Anna", "09:00 absence 18:00", version=2, at="09:00", seen="09:41"),
        *values("09:50 beat"),
    ]

    _, facts = run(log, under())

    assert violations(facts) == []
    assert planned(facts) == [("absence", at("09:00"), at("18:00"))]


def test_a_meeting_at_the_beginning_of_a_shift_asks_for_no_login() -> None:
    facts = told("09:40 beat\n10:00:30 login Anna sales\n11:00 beat",
                 plan("Anna", "09:00 meeting 10:00 work 18:00"))  # fmt: skip

    assert violations(facts) == []


# --- leaving early, staying on ---------------------------------------------------------------


def test_who_logs_out_early_and_is_not_back_in_two_minutes_left_early() -> None:
    facts = told("08:59 login Anna sales\n17:30 logout Anna sales\n17:40 beat\n18:01 beat",
                 plan("Anna", NINE_TO_SIX))  # fmt: skip

    assert shown(facts, "early_logout") == [("warning", "resolved", at("17:32"), at("18:00"))]


def test_a_program_that_crashed_is_not_an_early_logout() -> None:
    facts = told(
        "08:59 login Anna sales\n11:00 logout Anna sales\n11:01:59 login Anna sales\n"
        "12:00 beat",
        plan("Anna", NINE_TO_SIX),
    )

    assert shown(facts, "early_logout") == []


def test_a_logout_for_the_planned_break_counts_from_the_end_of_the_break() -> None:
    facts = told(
        "08:59 login Anna sales\n13:00 logout Anna sales\n13:40 login Anna sales\n14:00 beat",
        plan("Anna", NINE_TO_SIX),
    )

    assert shown(facts, "early_logout") == [("warning", "resolved", at("13:32"), at("13:40"))]


def test_who_leaves_within_the_grace_before_the_end_has_not_left_early() -> None:
    facts = told("08:59 login Anna sales\n17:58 logout Anna sales\n19:30 beat",
                 plan("Anna", NINE_TO_SIX))  # fmt: skip

    assert shown(facts, "early_logout") == []


def test_who_is_still_logged_in_an_hour_after_the_shift_did_not_log_out() -> None:
    facts = told("08:59 login Anna sales\n18:59 beat\n19:30 logout Anna sales\n20:00 beat",
                 plan("Anna", NINE_TO_SIX))  # fmt: skip

    assert shown(facts, "not_logged_out") == [("info", "resolved", at("19:00"), at("19:30"))]


# --- breaks against the plan ----------------------------------------------------------------


def test_a_break_while_work_is_planned_is_unscheduled_until_it_ends() -> None:
    facts = told(
        "08:59 login Anna sales\n10:00 pause Anna sales tea\n10:05 unpause Anna sales\n"
        "11:00 beat",
        plan("Anna", NINE_TO_SIX),
    )

    assert shown(facts, "unscheduled_break") == [
        ("warning", "resolved", at("10:01"), at("10:05"))
    ]
    assert shown(facts, "late_return") == []


def test_a_break_that_begins_a_little_early_is_the_planned_one() -> None:
    facts = told(
        "08:59 login Anna sales\n12:59:10 pause Anna sales lunch\n13:30:30 unpause Anna sales\n"
        "14:00 beat",
        plan("Anna", NINE_TO_SIX),
    )

    assert shown(facts, "unscheduled_break") == []
    assert shown(facts, "late_return") == []


def test_a_planned_break_may_last_as_planned_and_not_as_allowed() -> None:
    facts = told(
        "08:59 login Anna sales\n13:00 pause Anna sales lunch\n13:33 unpause Anna sales\n"
        "14:00 beat",
        plan("Anna", NINE_TO_SIX),
    )

    assert shown(facts, "late_return") == [("warning", "resolved", at("13:31"), at("13:33"))]


def test_who_goes_to_the_planned_break_late_is_to_be_back_when_it_ends() -> None:
    facts = told(
        "08:59 login Anna sales\n13:20 pause Anna sales lunch\n13:35 unpause Anna sales\n"
        "14:00 beat",
        plan("Anna", NINE_TO_SIX),
    )

    assert shown(facts, "late_return") == [("warning", "resolved", at("13:31"), at("13:35"))]


def test_working_on_in_a_planned_break_is_noted() -> None:
    facts = told(
        "08:59 login Anna sales\n13:12 pause Anna sales lunch\n13:30 unpause Anna sales\n"
        "14:00 beat",
        plan("Anna", NINE_TO_SIX),
    )

    assert shown(facts, "work_instead_of_break") == [
        ("info", "resolved", at("13:05"), at("13:12"))
    ]


def test_a_break_that_was_not_taken_at_all_ends_with_its_time() -> None:
    facts = told("08:59 login Anna sales\n13:29 beat\n14:00 beat", plan("Anna", NINE_TO_SIX))

    assert shown(facts, "work_instead_of_break") == [
        ("info", "resolved", at("13:05"), at("13:30"))
    ]


@pytest.mark.parametrize("later", ["14:00", "13:30", "13:30:00.001"])
def test_a_pause_after_the_planned_break_is_not_that_break(later: str) -> None:
    facts = told(
        f"08:59 login Anna sales\n{later} pause Anna sales lunch\n14:01 unpause Anna sales\n"
        "14:30 beat",
        plan("Anna", NINE_TO_SIX),
    )

    assert shown(facts, "work_instead_of_break") == [
        ("info", "resolved", at("13:05"), at("13:30"))
    ]


def test_who_pauses_just_before_a_planned_break_ends_is_not_twice_as_late_at_once() -> None:
    # Ten minutes are allowed without a plan: he is late by as much at 13:40, and a minute.
    text = "08:59 login Anna sales\n13:29:30 pause Anna sales lunch\n"
    told_once = told(
        text + "13:40:59 unpause Anna sales\n14:00 beat", plan("Anna", NINE_TO_SIX)
    )
    told_twice = told(
        text + "13:41:01 unpause Anna sales\n14:00 beat", plan("Anna", NINE_TO_SIX)
    )

    assert shown(told_once, "late_return") == [
        ("warning", "resolved", at("13:31"), at("13:40:59"))
    ]
    assert shown(told_twice, "late_return") == [
        ("critical", "resolved", at("13:31"), at("13:41:01"))
    ]


def test_a_whole_team_that_cannot_log_in_is_one_suspect_and_no_violation_of_people() -> None:
    people = [f"Agent{number}" for number in range(30)]
    plans = [plan(name, NINE_TO_SIX) for name in people]
    agents = {name: {"team": "sales"} for name in people}
    under_team = terms(agents=agents, discipline=Discipline())

    facts = run([*plans, *values(HEARD + "09:10 beat")], under_team)[1]

    assert {each.state for each in violations(facts, "late_login")} == {"excused"}
    assert shown(facts, "system_suspect") == [("critical", "firing", at("09:02"), None)]


# --- plans ---------------------------------------------------------------------------------


def test_the_higher_version_holds_in_whatever_order_they_come() -> None:
    first, second = plan("Anna", NINE_TO_SIX), plan("Anna", "10:00 work 18:00", version=2)

    for order in itertools.permutations([first, second, first]):
        facts = run([*order, *values(HEARD + "09:30 beat")], under())[1]

        assert planned(facts) == [("work", at("10:00"), at("18:00"))]
        assert violations(facts) == []


def test_a_withdrawn_plan_leaves_nothing() -> None:
    facts = told("09:40 beat", plan("Anna", NINE_TO_SIX), plan("Anna", "", version=2))

    assert planned(facts) == []
    assert violations(facts) == []


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_it_does_not_matter_when_a_plan_comes(place: int, size: int) -> None:
    day = values(
        HEARD + "09:07 login Anna sales\n09:08 pause Anna sales tea\n09:10 unpause Anna sales\n"
        "09:15 beat"
    )
    log = [*day[:place], plan("Anna", NINE_TO_SIX, at="09:00", seen="09:15"), *day[place:]]
    facts = run(log, under(), size=size)[1]

    assert shown(facts, "late_login") == [("warning", "resolved", at("09:02"), at("09:07"))]
    assert shown(facts, "unscheduled_break") == [
        ("warning", "resolved", at("09:09"), at("09:10"))
    ]


def test_activities_that_overlap_are_no_plan() -> None:
    broken = plan("Anna", "09:00 work 13:00 break 12:00")

    state, facts = run([broken, *values(HEARD)], under())

    assert planned(facts) == []
    assert state.rejected == {"malformed": 1}


def test_what_a_long_shift_needs_is_remembered_until_it_ends() -> None:
    beats = "\n".join(f"{hour:02}:{minute:02} beat" for hour in range(9, 21)
                      for minute in range(0, 60, 5))  # fmt: skip
    text = (
        "09:00:30 login Anna sales\n09:20 logout Anna sales\n09:21 login Anna sales\n" + beats
    )
    log = [plan("Anna", NINE_TO_SIX), *sorted(values(HEARD + text), key=_time)]

    facts = run(log, under())[1]

    assert shown(facts, "late_login") == []
    assert shown(facts, "early_logout") == []


def _time(value: bytes) -> bytes:
    return value.split(b'"time":"')[1][:24]


def test_plans_that_are_over_are_forgotten_two_days_later() -> None:
    beats = "\n".join(f"2026-03-0{day} {hour:02}:00:00 beat" for day in (3, 4, 5)
                      for hour in range(24))  # fmt: skip
    log = [plan("Anna", "09:00 absence 10:00"), plan("Anna", NINE_TO_SIX, day="2026-03-05")]

    state, _ = run([*log, *values(HEARD + beats)], under())

    assert {day for plans in state.plans.values() for day in plans} == {"2026-03-05"}


@pytest.mark.parametrize("day", ["2149-06-07", "1999-12-31", "9998-01-01", "20260302", "soon"])
def test_a_plan_of_a_day_that_no_history_holds_is_rejected_and_the_others_hold(
    day: str,
) -> None:
    wrong = plan("Anna", NINE_TO_SIX).replace(
        b'"day":"' + DAY.encode(), b'"day":"' + day.encode()
    )
    assert wrong != plan("Anna", NINE_TO_SIX)

    state, facts = run([wrong, plan("Boris", NINE_TO_SIX), *values("10:00 beat")], under())

    assert state.rejected == {"malformed": 1}
    assert {each.agent_id for each in facts if isinstance(each, Planned)} == {"Boris"}


def test_a_shift_that_is_moved_within_its_day_leaves_nothing_of_the_old_one() -> None:
    beats = "\n".join(f"{hour:02}:{minute:02} beat" for hour in range(9, 16)
                      for minute in range(0, 60, 5))  # fmt: skip
    moved = plan("Anna", "17:00 work 18:00", version=2, at="09:00", seen="16:00")
    log = [plan("Anna", "09:00 work 10:00"), *values(HEARD + beats), moved]

    state, facts = run([*log, *values("16:01 beat")], under())

    assert planned(facts) == [("work", at("17:00"), at("18:00"))]
    assert state.dirty_days == ["2026-03-02"]  # what was judged by the old one is judged anew


# --- what was not seen, and time off ---------------------------------------------------------


def test_whom_a_snapshot_finds_gone_has_left_at_the_latest_then() -> None:
    facts = told(
        "08:55 login Anna sales\n10:00 lost\n10:30 queue s sales 0\n10:30 complete s\n"
        "11:00 beat",
        plan("Anna", NINE_TO_SIX),
    )

    assert shown(facts, "early_logout") == [("warning", "firing", at("10:32"), None)]


def test_nobody_worked_in_a_break_that_nobody_saw() -> None:
    facts = told(
        "08:55 login Anna sales\n12:50 lost\n13:20 member s Anna sales paused lunch\n"
        "13:20 complete s\n14:00 beat",
        plan("Anna", NINE_TO_SIX),
    )

    assert shown(facts, "work_instead_of_break") == []


@pytest.mark.parametrize(
    "text",
    [
        # Between two shifts, from a little before to the beginning of the second.
        "11:58 pause Anna sales lunch\n13:00 unpause Anna sales\n14:00 beat",
        "12:05 pause Anna sales lunch\n12:55 unpause Anna sales\n14:00 beat",
        # After the last.
        "16:55 pause Anna sales tea\n17:30 logout Anna sales\n18:00 beat",
    ],
)
def test_nobody_waits_for_a_return_while_nothing_is_planned(text: str) -> None:
    facts = told(
        f"08:55 login Anna sales\n{text}", plan("Anna", "09:00 work 12:00; 13:00 work 17:00")
    )

    assert shown(facts, "late_return") == []


def test_a_planned_absence_ends_a_no_show_and_work_after_it_is_a_shift_of_its_own() -> None:
    facts = told(
        "09:40 beat\n11:00 beat\n12:40 beat",
        plan("Anna", "09:00 work 10:00 absence 12:00 work 17:00"),
    )

    assert shown(facts, "no_show") == [
        ("critical", "resolved", at("09:30"), at("10:00")),
        ("critical", "firing", at("12:30"), None),
    ]


def test_colleagues_who_are_absent_by_plan_do_not_hide_that_a_system_failed() -> None:
    people = {f"Agent{number:02}": "09:00 work 18:00" for number in range(20)}
    away = {f"Away{number:02}": "09:00 absence 18:00" for number in range(12)}
    plans = [plan(name, text) for name, text in (people | away).items()]
    there = "\n".join(f"08:50 login {name} sales" for name in list(people)[7:])
    agents = {name: {"team": "sales"} for name in people | away}

    log = [*plans, *values(f"{HEARD}{there}\n09:10 beat")]
    facts = run(log, terms(agents=agents, discipline=Discipline()))[1]

    assert {each.state for each in violations(facts, "late_login")} == {"excused"}


def test_the_event_that_began_a_long_break_stays_in_its_evidence() -> None:
    flips = "\n".join(
        f"09:{minute:02}:00 pause Anna sales tea\n09:{minute:02}:20 unpause Anna sales"
        for minute in range(1, 8)
    )
    beats = "\n".join(
        f"{hour}:{minute:02} beat" for hour in (10, 11) for minute in range(0, 60, 5)
    )
    lines = sorted([*flips.splitlines(), *beats.splitlines(), "10:01 pause Anna sales lunch"])
    facts = told("08:55 login Anna sales\n" + "\n".join(lines) + "\n12:00 unpause Anna sales")

    (late,) = violations(facts, "late_return")
    assert len(msgspec.json.decode(late.evidence)["events"]) == 2
    assert all(msgspec.json.decode(late.evidence)["events"])
