"""Calls that the PBX places for somebody: by a click on a screen, or by a campaign."""

import pytest

from schemas.facts import Fact
from tests.core.phoned import DIRECTORY, of, shown
from tests.timetable import moment, run, terms, values


def told(text: str) -> list[Fact]:
    return run(values(text + "\n09:10:00 beat"), terms(agents=DIRECTORY))[1]


TAKEN = """
    09:00:00  starts anna1@FIRST
    09:00:01  alerts anna1@FIRST
    09:00:05  picks  anna1@FIRST
    09:00:06  starts trunk1@FIRST
    09:00:16  picks  trunk1@FIRST
    09:00:16  joins  trunk1@FIRST b
    09:00:16  joins  anna1@FIRST b
    09:00:46  parts  trunk1@FIRST b
    09:00:46  parts  anna1@FIRST b
    09:00:46  stops  trunk1@FIRST 16
    09:00:46  stops  anna1@FIRST 16
"""


def test_a_click_rings_the_agent_who_is_on_the_phone_once_he_picks_up() -> None:
    for first in ("anna1", "local1"):
        text = TAKEN.replace("anna1@FIRST", "anna1") if first == "anna1" else TAKEN
        facts = told(text.replace("FIRST", first))

        leg = of(facts)
        assert (leg.direction, leg.outcome, leg.talk_ms) == ("out", "answered", 30_000)
        assert shown(facts) == [
            ("reserved", moment("09:00:01"), moment("09:00:05")),
            ("talking", moment("09:00:05"), moment("09:00:46")),
        ]


def test_a_click_that_he_does_not_pick_up_is_no_talk() -> None:
    facts = told("""
        09:00:00  starts anna1
        09:00:01  alerts anna1
        09:00:20  stops  anna1 19
    """)

    assert (of(facts).outcome, of(facts).ended_by) == ("timeout", "system")
    assert shown(facts) == [("reserved", moment("09:00:01"), moment("09:00:20"))]


def test_a_click_is_of_the_phone_at_which_he_takes_it() -> None:
    facts = told("""
        09:00:00  starts anna1@local1
        09:00:00  starts anna2@local1
        09:00:05  picks  anna2@local1
        09:00:05  stops  anna1@local1 26
        09:00:05  joins  anna2@local1 b
        09:00:06  starts trunk1@local1
        09:00:16  picks  trunk1@local1
        09:00:16  joins  trunk1@local1 b
        09:00:46  parts  trunk1@local1 b
        09:00:46  stops  trunk1@local1 16
        09:00:46  stops  anna2@local1 16
    """)

    leg = of(facts)
    assert (leg.direction, leg.outcome, leg.ended_by) == ("out", "answered", "caller")
    assert (leg.entered_at, leg.talk_ms) == (moment("09:00:00"), 30_000)


@pytest.mark.parametrize(
    ("trunk", "first"), [("trunk1", "trunk1"), ("trunk1@local1", "local1")]
)
def test_whom_a_campaign_calls_first_was_called_and_did_not_call(
    trunk: str, first: str
) -> None:
    facts = told(f"""
        09:00:00  starts {trunk}
        09:00:01  alerts {trunk}
        09:00:10  picks  {trunk}
        09:00:11  starts anna1@{first}
        09:00:12  alerts anna1@{first}
        09:00:15  picks  anna1@{first}
        09:00:15  joins  anna1@{first} b
        09:00:15  joins  {trunk} b
        09:01:00  parts  anna1@{first} b
        09:01:00  stops  anna1@{first} 16
        09:01:00  stops  {trunk} 16
    """)

    leg = of(facts)
    # The number that such a call shows is the one that the campaign calls from.
    assert (leg.direction, leg.outcome, leg.caller_key) == ("out", "answered", "")
    assert (leg.wait_ms, leg.talk_ms) == (4_000, 45_000)
