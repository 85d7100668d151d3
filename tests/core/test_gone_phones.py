"""Agents whose phones are gone while the queue still takes them to talk.

Who parks his caller by a feature code is free again, but the queue tells the end only when the
caller hangs up for good; as it does of whom it reaches by a Local channel, which lives on.
Heard of Asterisk 16.28.
"""

import pytest

from schemas.facts import Fact
from tests.core.phoned import DIRECTORY, of, shown
from tests.readings import legs
from tests.timetable import moment, run, terms, values

TAKEN = """
    08:59:00  login  Anna sales
    08:59:00  login  Boris sales
    09:00:00  starts trunk1
    09:00:00  enter  trunk1 sales
    09:00:05  ring   trunk1 sales Anna local1
    09:00:05  starts anna1@trunk1
    09:00:10  picks  anna1@trunk1
    09:00:10  leave  trunk1 sales
    09:00:10  answer trunk1 sales Anna _ local1
    09:00:10  joins  anna1@trunk1 b1
    09:00:10  joins  trunk1 b2
"""
PARKED = """
    09:01:00  parts  anna1@trunk1 b1
    09:01:00  stops  anna1@trunk1 16
"""
OVER = """
    09:03:00  asks   trunk1
    09:03:00  end    trunk1 sales Anna caller _ local1
    09:03:00  parts  trunk1 b2
    09:03:00  stops  trunk1 16
    09:10:00  beat
"""


REACHED = ["local1", "anna1"]
"""What the queue dials for him: a Local channel, or his phone."""


def told(text: str, by: str = "local1") -> list[Fact]:
    return run(values(text.replace("local1", by)), terms(agents=DIRECTORY))[1]


@pytest.mark.parametrize("by", REACHED)
def test_his_talk_ends_when_his_phone_is_gone(by: str) -> None:
    facts = told(TAKEN + PARKED + OVER, by)

    anna = of(facts)
    assert (anna.talk_ms, anna.ended_at, anna.ended_by) == (
        50_000, moment("09:01:00"), "agent",
    )  # fmt: skip
    assert (anna.transfer_kind, anna.transferred_to) == ("", "")
    assert shown(facts)[-2:] == [
        ("talking", moment("09:00:10"), moment("09:01:00")),
        ("ready", moment("09:01:00"), None),
    ]


@pytest.mark.parametrize("by", REACHED)
def test_he_is_free_before_the_queue_tells_the_end(by: str) -> None:
    facts = told(f"{TAKEN}{PARKED}    09:01:10  beat", by)

    assert of(facts).ended_at == moment("09:01:00")
    assert shown(facts)[-1] == ("ready", moment("09:01:00"), None)


@pytest.mark.parametrize("by", REACHED)
def test_who_takes_the_caller_after_that_has_him_from_him(by: str) -> None:
    fetched = """
        09:02:00  starts boris1@trunk1
        09:02:05  picks  boris1@trunk1
        09:02:05  joins  boris1@trunk1 b3
        09:03:00  parts  boris1@trunk1 b3
        09:03:00  stops  boris1@trunk1 16
    """
    facts = told(TAKEN + PARKED + fetched + OVER, by)

    assert [(leg.agent_id, leg.queue_id) for leg in legs(facts)] == [
        ("Anna", "sales"), ("Boris", ""),
    ]  # fmt: skip
    anna = of(facts)
    assert (anna.transfer_kind, anna.transferred_to) == ("blind", "Boris")


@pytest.mark.parametrize("gone", ["09:02:59.990", "09:03:00.200", "09:02:58.500"])
def test_an_end_like_any_other_is_told_by_the_queue(gone: str) -> None:
    own = f"""
        {gone}  parts  anna1@trunk1 b1
        {gone}  stops  anna1@trunk1 16
    """
    lines = filter(str.strip, (TAKEN + own + OVER).splitlines())
    anna = of(told("\n".join(sorted(lines, key=lambda each: each.split()[0]))))

    assert (anna.ended_at, anna.ended_by) == (moment("09:03:00"), "caller")


TOLD_PARKED = """
    09:00:55  parks  SIP/anna trunk1 701
    09:00:55  parts  trunk1 b1
    09:00:55  joins  trunk1 parked
    09:01:00  parts  anna1@trunk1 b1
    09:01:00  stops  anna1@trunk1 16
"""
"""She hears the number of the space, and is gone then."""


def test_who_is_told_to_have_parked_the_caller_has_passed_him_on_then() -> None:
    talking = TAKEN.replace("joins  trunk1 b2", "joins  trunk1 b1")
    over = OVER.replace("parts  trunk1 b2", "parts  trunk1 parked")
    anna = of(told(talking + TOLD_PARKED + over, "anna1"))

    assert (anna.ended_at, anna.talk_ms) == (moment("09:00:55"), 45_000)
    assert (anna.ended_by, anna.transfer_kind, anna.transferred_to) == ("agent", "blind", "701")


def test_a_direct_call_that_is_parked_is_passed_on_too() -> None:
    facts = told(f"""
        09:00:00  starts trunk1
        09:00:05  starts anna1@trunk1
        09:00:10  picks  anna1@trunk1
        09:00:10  joins  anna1@trunk1 b1
        09:00:10  joins  trunk1 b1
        {TOLD_PARKED}
        09:01:30  starts boris1 701
        09:01:30  picks  boris1
        09:01:30  joins  boris1@trunk1 b3
        09:01:30  parts  trunk1 parked
        09:01:30  joins  trunk1 b3
        09:02:00  asks   boris1@trunk1
        09:02:00  parts  boris1@trunk1 b3
        09:02:00  stops  boris1@trunk1 16
        09:02:00  parts  trunk1 b3
        09:02:00  stops  trunk1 16
        09:10:00  beat
    """)  # fmt: skip

    anna, boris = of(facts), of(facts, "Boris")
    assert (anna.ended_at, anna.ended_by) == (moment("09:00:55"), "agent")
    assert (anna.transfer_kind, anna.transferred_to) == ("blind", "Boris")
    assert (boris.outcome, boris.talk_ms, boris.ended_by) == ("answered", 30_000, "agent")


def test_a_device_that_talks_to_nobody_has_parked_nobody() -> None:
    """A dial plan parks, and names the phone to which the call is to come back."""
    strange = TOLD_PARKED.replace("parks  SIP/anna", "parks  SIP/clara")
    talking = TAKEN.replace("joins  trunk1 b2", "joins  trunk1 b1")
    anna = of(told(talking + strange + OVER, "anna1"))

    assert (anna.ended_at, anna.transfer_kind) == (moment("09:01:00"), "")


def test_who_waits_as_a_local_channel_is_left_behind_as_well() -> None:
    """A colleague has asked the queue by a code, and is gone; then the agent parks that."""
    text = TAKEN.replace("enter  trunk1 sales", "enter  local7 sales trunk1")
    text = text.replace("trunk1 sales", "local7 sales")
    over = OVER.replace("trunk1 sales", "local7 sales")

    anna = of(told(text + PARKED + over, "anna1"))

    assert (anna.ended_at, anna.ended_by) == (moment("09:01:00"), "agent")
