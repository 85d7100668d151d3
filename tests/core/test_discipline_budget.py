"""The budget of breaks, on timetables of a few lines; instants are worked out by hand."""

from typing import Any

import pytest

from schemas.discipline import Discipline
from schemas.facts import Fact, Violation
from tests.readings import violations
from tests.timetable import moment, run, terms, values

Shown = list[tuple[str, str, int | None, int | None]]

HOUR = {"break_budget": {"allowance": "60m", "most": 3}}
DAY = """
    09:00:00  login   Anna sales
    10:00:00  pause   Anna sales lunch
    10:40:00  unpause Anna sales
    12:00:00  pause   Anna sales tea
"""
"""Forty minutes are spent; the twenty that are left end at 12:20."""


def told(text: str, rules: dict[str, Any] = HOUR, size: int = 1) -> list[Fact]:
    under = terms(discipline=Discipline().changed([rules]))
    return run(values(text), under, size=size)[1]


def shown(facts: list[Fact]) -> Shown:
    return [
        (each.severity, each.state, each.fired_at, each.cleared_at)
        for each in violations(facts, "break_budget")
    ]


@pytest.mark.parametrize("size", [1, 3, 100])
def test_it_fires_while_the_break_goes_on_that_spends_it(size: int) -> None:
    facts = told(DAY + "12:20:01 beat\n12:21:00 beat", size=size)

    assert shown(facts) == [("info", "firing", moment("12:20:00"), None)]


def test_a_break_that_ends_as_the_budget_does_spends_nothing_more() -> None:
    assert shown(told(DAY + "12:20:00 unpause Anna sales\n12:40:00 beat")) == []


def test_a_quarter_more_is_a_warning_and_a_log_out_ends_it() -> None:
    facts = told(DAY + "12:36:00 unpause Anna sales\n13:00:00 logout Anna sales")

    assert shown(facts) == [("warning", "resolved", moment("12:20:00"), moment("13:00:00"))]


@pytest.mark.parametrize(
    ("most", "taken", "severity"),
    [
        (4, 5, "info"),  # five are a quarter more than four, and not beyond that
        (4, 6, "warning"),
        (10, 12, "info"),
        (10, 13, "warning"),  # a quarter more than ten are twelve and a half
    ],
)
def test_breaks_too_many_spend_it_as_well(most: int, taken: int, severity: str) -> None:
    breaks = [
        f"{at} pause Anna sales tea\n{at}:30 unpause Anna sales"
        for n in range(taken)
        for at in [f"{10 + n // 6}:{n % 6}0"]
    ]
    log = "\n".join(["09:00:00 login Anna sales", *breaks, "13:30:00 beat"])

    (one,) = shown(told(log, {"break_budget": {"most": most}}))

    fired = {4: "10:40:00", 10: "11:40:00"}[most]
    assert one == (severity, "firing", moment(fired), None)


def test_what_the_pbx_paused_is_no_break() -> None:
    auto = DAY.replace("tea", "Auto-Pause")

    assert shown(told(auto + "12:50:00 beat")) == []


def test_each_log_in_has_a_budget_of_its_own() -> None:
    anew = DAY.replace(
        "12:00:00", "11:00:00 logout Anna sales\n11:01:00 login Anna sales\n12:00:00"
    )

    assert shown(told(anew + "12:50:00 beat")) == []


def test_who_stays_logged_in_has_a_budget_for_each_day_of_it() -> None:
    """He logs in at 09:00; until the next 09:00 he spends 50 minutes, after that 50 more.

    In one day together they are 100 of 60: more than a quarter too much.
    """
    rows = """
        2026-03-02 09:00:00  login   Anna sales
        2026-03-02 12:00:00  pause   Anna sales tea
        2026-03-02 12:50:00  unpause Anna sales
        2026-03-03 12:00:00  pause   Anna sales tea
        2026-03-03 12:50:00  unpause Anna sales
        2026-03-03 13:00:00  beat
    """

    assert shown(told(rows)) == []
    closer = rows.replace("03-03 12:", "03-03 08:").replace("13:00:00  beat", "09:00:01  beat")
    assert shown(told(closer)) == [
        ("warning", "resolved", moment("2026-03-03 08:10:00"), moment("2026-03-03 09:00:00"))
    ]


def test_an_unpause_that_comes_late_takes_it_back() -> None:
    facts = told(DAY + "12:21:00 beat\n12:19:00 unpause Anna sales\n12:22:00 beat")

    assert shown(facts) == []
    assert [each.code for each in facts if isinstance(each, Violation) and each.voided].count(
        "break_budget"
    ) == 1


def test_breaks_of_hours_ago_are_remembered_after_much_is_forgotten() -> None:
    """The source is heard all the time, so what is out of reach is dropped."""
    beats = "".join(
        f"{hour}:{minute:02}:30 beat\n" for hour in range(10, 20) for minute in range(60)
    )
    log = DAY.replace("12:00:00", "19:00:00") + beats
    lines = sorted(line.strip() for line in log.strip().splitlines())
    facts = told("\n".join(lines), size=50)

    assert shown(facts) == [("warning", "firing", moment("19:20:00"), None)]
