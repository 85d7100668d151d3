"""Calls that agents placed and nobody took: what became of whom they had called tells why."""

import pytest

from schemas.facts import Fact
from tests.core.phoned import DIRECTORY, of
from tests.timetable import run, terms, values

PLACED = """
    09:00:00  starts anna1 5e0f 5e0f
    09:00:01  starts trunk1@anna1
"""


def told(text: str) -> list[Fact]:
    return run(values(text + "\n09:10:00 beat"), terms(agents=DIRECTORY))[1]


def outcome(text: str, agent: str = "Anna") -> tuple[str, str]:
    leg = of(told(text), agent)
    assert leg.answered_at is None
    return leg.outcome, leg.ended_by


@pytest.mark.parametrize(
    ("how", "cause", "why"),
    [
        ("busy", "17", ("full", "caller")),
        ("no_answer", "21", ("full", "caller")),  # a phone that declines (SIP 603)
        ("failed", "34", ("system", "system")),
        ("failed", "16", ("system", "system")),
        ("no_answer", "1", ("system", "system")),  # no such number (SIP 404)
        ("no_answer", "19", ("timeout", "system")),
        ("no_answer", "127", ("timeout", "system")),
        ("cancelled", "0", ("abandoned", "agent")),
    ],
)
@pytest.mark.parametrize("last", ["09:00:24 asks anna1", ""])
def test_whoever_hears_the_tone_and_rings_off_has_not_given_up(
    how: str, cause: str, why: tuple[str, str], last: str
) -> None:
    text = f"""
        09:00:20  unheard trunk1@anna1 {how}
        09:00:20  stops  trunk1@anna1 {cause}
        {last}
        09:00:24  stops  anna1 16
    """

    assert outcome(PLACED + text) == why


def test_of_several_phones_the_one_that_rang_last_tells_why() -> None:
    group = """
        09:00:00  starts anna1 600
        09:00:01  starts boris1@anna1
        09:00:01  starts clara1@anna1
        09:00:03  unheard clara1@anna1 busy
        09:00:03  stops  clara1@anna1 17
    """
    gives_up = """
        09:00:09  asks   anna1
        09:00:09  unheard boris1@anna1 cancelled
        09:00:09  stops  boris1@anna1 0
        09:00:09  stops  anna1 127
    """
    rings_out = """
        09:00:21  unheard boris1@anna1 no_answer
        09:00:21  stops  boris1@anna1 0
        09:00:22  stops  anna1 16
    """

    assert outcome(group + gives_up) == ("abandoned", "agent")
    assert outcome(group + rings_out) == ("timeout", "system")


def test_a_phone_that_declined_while_another_rings_on_does_not_tell() -> None:
    # Nobody has told how the ringing of the other one ended.
    text = """
        09:00:00  starts anna1 600
        09:00:01  starts boris1@anna1
        09:00:01  starts clara1@anna1
        09:00:03  unheard clara1@anna1 busy
        09:00:03  stops  clara1@anna1 17
        09:00:09  asks   anna1
        09:00:09  stops  anna1 16
    """

    assert outcome(text) == ("abandoned", "agent")


def test_an_agent_who_gives_up_waiting_in_a_queue_has_given_up_whoever_was_rung() -> None:
    text = """
        08:59:00  login  Boris sales 0 SIP/boris
        09:00:00  starts anna1 500
        09:00:00  enter  anna1 sales
        09:00:02  starts boris1@anna1
        09:00:02  ring   anna1 sales Boris boris1 SIP/boris
        09:00:12  unheard boris1@anna1 no_answer
        09:00:12  miss   anna1 sales Boris boris1 10
        09:00:12  stops  boris1@anna1 0
        09:00:20  asks   anna1
        09:00:20  unanswered anna1 sales
        09:00:20  stops  anna1 16
    """

    assert outcome(text) == ("abandoned", "agent")


def test_a_second_phone_that_a_click_rang_does_not_tell() -> None:
    text = """
        09:00:00  starts anna1@local1
        09:00:00  starts anna2@local1
        09:00:01  unheard anna2@local1 busy
        09:00:01  stops  anna2@local1 17
        09:00:02  alerts anna1@local1
        09:00:05  picks  anna1@local1
        09:00:06  asks   anna1@local1
        09:00:06  stops  anna1@local1 16
    """
    facts = told(text)

    assert (of(facts).outcome, of(facts).ended_by) == ("abandoned", "agent")


def test_a_phone_that_the_network_does_not_reach_has_not_rung_out() -> None:
    text = """
        09:00:00  starts trunk1
        09:00:01  starts anna1@trunk1
        09:00:02  unheard anna1@trunk1 no_answer
        09:00:02  stops  anna1@trunk1 1
        09:00:09  stops  trunk1 16
    """

    assert outcome(text) == ("system", "system")
