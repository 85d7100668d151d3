"""Calls that are taken in a break; instants are worked out by hand."""

import pytest

from schemas.facts import Fact
from tests.readings import violations
from tests.timetable import moment, run, terms, values

Shown = list[tuple[str, str, str, int | None, int | None]]

BREAK = """
    09:00:00  login  Anna sales
    09:10:00  pause  Anna sales tea
    09:11:00  enter  a sales
    09:11:05  answer a sales Anna
"""


def told(text: str, size: int = 1) -> list[Fact]:
    return run(values(text), terms(), size=size)[1]


def shown(facts: list[Fact]) -> Shown:
    return [
        (each.agent_id, each.severity, each.state, each.fired_at, each.cleared_at)
        for each in violations(facts, "wrong_state_work")
    ]


@pytest.mark.parametrize("size", [1, 100])
def test_a_call_taken_in_a_break_is_told_after_half_a_minute(size: int) -> None:
    facts = told(BREAK + "09:11:36 beat", size)

    assert shown(facts) == [("Anna", "info", "firing", moment("09:11:35"), None)]


def test_a_call_of_half_a_minute_is_nothing() -> None:
    assert shown(told(BREAK + "09:11:35 end a sales Anna caller\n09:12:00 beat")) == []


@pytest.mark.parametrize("how", ["end a sales Anna caller", "unpause Anna sales"])
def test_it_is_over_with_the_call_or_with_the_break(how: str) -> None:
    facts = told(BREAK + f"09:12:00 {how}\n09:12:10 beat")

    assert shown(facts) == [
        ("Anna", "info", "resolved", moment("09:11:35"), moment("09:12:00"))
    ]


def test_who_pauses_in_a_talk_goes_on_a_break_after_it() -> None:
    before = BREAK.replace("09:10:00  pause  Anna sales tea\n", "")
    assert shown(told(before + "09:11:10 pause Anna sales tea\n09:13:00 beat")) == []


def test_an_unpause_that_comes_late_takes_it_back() -> None:
    facts = told(BREAK + "09:11:40 beat\n09:11:00 unpause Anna sales\n09:12:00 beat")

    assert shown(facts) == []
