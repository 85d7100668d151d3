"""Phones that ask whoever picks up whether he wants the call, and connect him only then."""

import pytest

from schemas.facts import Fact
from tests.core.phoned import DIRECTORY, of, shown
from tests.readings import comparable
from tests.timetable import moment, run, terms, values


def told(text: str) -> list[Fact]:
    return run(values(text + "\n09:10:00 beat"), terms(agents=DIRECTORY))[1]


RUNG = """
    09:00:00  starts trunk1 600
    09:00:01  starts anna1@trunk1
    09:00:01  starts boris1@trunk1
    09:00:02  alerts anna1@trunk1
    09:00:02  alerts boris1@trunk1
    09:00:05  picks  anna1@trunk1
"""
DECLINED = """
    09:00:09  stops  anna1@trunk1 16
"""
TAKEN = """
    09:00:12  picks  boris1@trunk1
    09:00:14  joins  boris1@trunk1 b
    09:00:14  joins  trunk1 b
    09:00:40  parts  boris1@trunk1 b
    09:00:40  stops  boris1@trunk1 16
    09:00:40  stops  trunk1 16
"""


def test_whoever_picks_up_and_is_never_connected_has_refused() -> None:
    facts = told(RUNG + DECLINED + TAKEN)

    anna, boris = of(facts, "Anna"), of(facts, "Boris")
    assert (anna.outcome, anna.ended_by, anna.answered_at, anna.talk_ms) == (
        "full", "agent", None, None,
    )  # fmt: skip
    assert (anna.left_at, anna.ended_at) == (moment("09:00:09"), moment("09:00:09"))
    assert (boris.outcome, boris.ended_by, boris.answered_at) == (
        "answered", "agent", moment("09:00:12"),
    )  # fmt: skip
    # The call is no more than offered to her while she is asked.
    assert shown(facts, "Anna") == [("reserved", moment("09:00:02"), moment("09:00:09"))]


def test_a_caller_who_gives_up_while_somebody_is_asked_has_abandoned() -> None:
    facts = told(
        RUNG
        + """
        09:00:09  asks   trunk1
        09:00:09  stops  boris1@trunk1 0
        09:00:09  stops  anna1@trunk1 16
        09:00:09  stops  trunk1 127
    """
    )

    for leg in (of(facts, "Anna"), of(facts, "Boris")):
        assert (leg.outcome, leg.ended_by) == ("abandoned", "caller")


def test_a_call_is_passed_to_whoever_takes_it_and_not_to_who_declines() -> None:
    facts = told(
        """
        08:59:00  starts trunk1
        08:59:01  starts clara1@trunk1
        08:59:05  picks  clara1@trunk1
        08:59:05  joins  clara1@trunk1 a
        08:59:05  joins  trunk1 a
        08:59:59  passes clara1@trunk1 - 600 trunk1
        08:59:59  parts  trunk1 a
        08:59:59  stops  clara1@trunk1 16
        """
        + RUNG.partition("600")[2]
        + DECLINED
        + TAKEN
    )

    clara = of(facts, "Clara")
    assert (clara.transfer_kind, clara.transferred_to) == ("blind", "Boris")


@pytest.mark.parametrize("first", ["anna1", "local1"])
def test_whom_a_click_calls_has_not_answered_before_he_takes_the_call(first: str) -> None:
    anna = "anna1" if first == "anna1" else "anna1@local1"
    facts = told(f"""
        09:00:00  starts {anna}
        09:00:01  alerts {anna}
        09:00:05  picks  {anna}
        09:00:05  joins  {anna} b
        09:00:06  starts trunk1@{first}
        09:00:16  picks  trunk1@{first}
        09:00:20  stops  trunk1@{first} 16
        09:00:21  parts  {anna} b
        09:00:21  stops  {anna} 16
    """)

    leg = of(facts)
    assert (leg.direction, leg.outcome, leg.ended_by) == ("out", "full", "caller")


def test_whenever_it_is_told_who_was_connected_the_leg_is_the_same() -> None:
    log = values(RUNG + DECLINED + TAKEN)
    straight = run(log, terms(agents=DIRECTORY))[1]

    for late in range(len(log)):
        crooked = [*log[:late], *log[late + 1 :], log[late]]
        assert comparable(run(crooked, terms(agents=DIRECTORY))[1]) == comparable(straight)
