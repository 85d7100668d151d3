"""Calls that reach nobody's phone: feature codes, mailboxes, conferences; and who is called."""

from schemas.facts import Fact
from tests.core.phoned import DIRECTORY, of
from tests.readings import legs
from tests.timetable import moment, run, terms, values


def told(text: str) -> list[Fact]:
    return run(values(text), terms(agents=DIRECTORY))[1]


def test_a_feature_code_is_a_call_to_the_pbx_which_answers_it() -> None:
    facts = told("""
        09:00:00  starts anna1 *97
        09:00:01  picks  anna1
        09:00:31  asks   anna1
        09:00:31  stops  anna1 16
    """)

    leg = of(facts, "Anna")
    assert (leg.direction, leg.outcome, leg.ended_by) == ("internal", "answered", "agent")
    assert (leg.answered_at, leg.talk_ms) == (moment("09:00:01"), 30_000)


def test_a_code_that_the_pbx_refuses_was_not_answered() -> None:
    leg = of(told("09:00:00 starts anna1 *45\n 09:00:01 stops anna1 16"), "Anna")

    assert (leg.direction, leg.outcome) == ("internal", "abandoned")


def test_an_outside_number_that_came_to_no_line_is_an_outbound_call() -> None:
    leg = of(told("""
        09:00:00  starts anna1 5e0f 5e0f
        09:00:01  picks  anna1
        09:00:05  stops  anna1 34
    """), "Anna")  # fmt: skip

    assert (leg.direction, leg.outcome, leg.caller_key) == ("out", "system", "5e0f")


def test_a_short_number_outside_is_an_outbound_call() -> None:
    leg = of(told("""
        09:00:00  starts anna1 112
        09:00:01  starts trunk1@anna1
        09:00:05  picks  trunk1@anna1
        09:00:05  joins  trunk1@anna1 b
        09:00:05  joins  anna1 b
        09:00:30  stops  trunk1@anna1 16
        09:00:30  stops  anna1 16
    """), "Anna")  # fmt: skip

    assert (leg.direction, leg.outcome, leg.talk_ms) == ("out", "answered", 25_000)


def test_in_a_conference_nobody_has_called_outside() -> None:
    facts = told("""
        09:00:00  starts anna1 8000
        09:00:01  picks  anna1
        09:00:01  joins  anna1 room
        09:00:20  starts boris1 8000
        09:00:20  picks  boris1
        09:00:20  joins  boris1@anna1 room
        09:00:40  starts trunk1 8000
        09:00:40  picks  trunk1
        09:00:40  joins  trunk1@anna1 room
        09:01:40  parts  anna1 room
        09:01:40  stops  anna1 16
        09:01:50  parts  boris1@anna1 room
        09:01:50  stops  boris1@anna1 16
    """)

    assert {leg.agent_id: leg.direction for leg in legs(facts)} == {
        "Anna": "internal", "Boris": "internal",
    }  # fmt: skip


def test_whoever_fetches_a_parked_caller_talks_to_him() -> None:
    leg = of(told("""
        09:00:00  starts trunk1
        09:00:00  joins  trunk1 lot
        09:01:00  starts boris1 701
        09:01:00  picks  boris1
        09:01:00  parts  trunk1 lot
        09:01:00  joins  trunk1 b
        09:01:00  joins  boris1@trunk1 b
        09:02:00  parts  boris1@trunk1 b
        09:02:00  stops  boris1@trunk1 16
    """), "Boris")  # fmt: skip

    assert (leg.direction, leg.caller_key, leg.talk_ms) == ("in", "key of trunk1", 60_000)
