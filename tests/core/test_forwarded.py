"""A phone that sends a queue's call on: the same member is rung, at a channel nobody named."""

import random

import pytest

from tests.readings import comparable, legs, offers, states
from tests.timetable import moment, run, values

BEGUN = """
    09:00:00      login    Anna sales
    09:00:10      enter    a sales
    09:00:11      ring     a sales Anna p1 PJSIP/1001
    09:00:11.200  forwards a p1
"""


def test_a_ringing_that_was_sent_on_is_one_ringing_and_answered_where_it_went() -> None:
    log = values(f"""{BEGUN}
        09:00:16  leave  a sales
        09:00:16  answer a sales Anna _ l1
        09:00:50  end    a sales Anna caller
    """)

    facts = run(log)[1]

    (leg,), (offer,) = legs(facts), offers(facts)
    assert (leg.outcome, leg.offers, leg.ring_ms) == ("answered", 1, 5_000)
    assert (offer.result, offer.ring_ms) == ("answered", 5_000)
    random.Random(1).shuffle(log)
    assert comparable(run(log)[1]) == comparable(facts)


@pytest.mark.parametrize(
    ("end", "result"), [("miss a sales Anna l1", "no_answer"), ("request a", "cancelled")]
)
def test_it_ends_where_it_went_and_not_when_it_was_sent_on(end: str, result: str) -> None:
    facts = run(
        values(f"""{BEGUN}
            09:00:26  {end}
            09:00:26  unanswered a sales
            09:00:27  hangup a
        """)
    )[1]

    (offer,) = offers(facts)
    assert (offer.result, offer.ring_ms) == (result, 15_000)
    assert [each.state for each in states(facts, "Anna")] == ["ready", "reserved", "ready"]


def test_a_list_of_channels_without_the_phone_that_sent_it_on_ends_neither_ring_nor_talk() -> (
    None
):
    listed = "channel s{0} a\n        {1}  channels_end s{0} 1"
    facts = run(
        values(f"""{BEGUN}
        09:00:13  {listed.format(1, "09:00:13")}
        09:00:16  leave  a sales
        09:00:16  answer a sales Anna _ l1
        09:00:30  {listed.format(2, "09:00:30")}
        09:00:50  end    a sales Anna caller
    """)
    )[1]

    (leg,), (offer,) = legs(facts), offers(facts)
    assert (offer.result, offer.ring_ms) == ("answered", 5_000)
    assert leg.ended_at == moment("09:00:50")
