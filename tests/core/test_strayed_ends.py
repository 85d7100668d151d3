"""Ends that name another channel than the one that had waited.

Once a queue's caller is a Local channel that Asterisk takes out of the way, whoever stood
behind it has its place, and the queue names him as it tells of the end.

Source: Asterisk apps/app_queue.c (handle_local_optimization_end); heard of Asterisk 16.28.
"""

import pytest

from schemas.facts import Fact
from tests.core.phoned import DIRECTORY
from tests.readings import comparable, legs
from tests.timetable import moment, run, terms, values

ASKED = """
    08:59:00  login  Anna sales
    08:59:00  login  Boris support
    09:00:00  starts trunk1
    09:00:00  enter  trunk1 sales
    09:00:01  starts anna1@trunk1
    09:00:01  ring   trunk1 sales Anna anna1
    09:00:05  picks  anna1@trunk1
    09:00:05  leave  trunk1 sales
    09:00:05  answer trunk1 sales Anna 5 anna1
    09:00:05  joins  anna1@trunk1 b1
    09:00:05  joins  trunk1 b1
    09:01:00  parts  anna1@trunk1 b1
    09:01:00  joins  anna1@trunk1 b2
    09:01:00  enter  local2 support trunk1
    09:01:05  starts boris1@trunk1
    09:01:05  ring   local2 support Boris boris1
    09:01:10  picks  boris1@trunk1
    09:01:10  leave  local2 support
    09:01:10  answer local2 support Boris 10 boris1
    09:01:10  joins  boris1@trunk1 b3
    09:01:30  passes anna1@trunk1 anna1 701 trunk1
    09:01:30  end    trunk1 sales Anna agent 85 anna1
    09:01:30  parts  anna1@trunk1 b2
    09:01:30  stops  anna1@trunk1 16
    09:01:31  hangup local2
    09:02:00  end    trunk1 support Boris agent 50 boris1
    09:02:00  parts  boris1@trunk1 b3
    09:02:00  stops  boris1@trunk1 16
    09:02:01  stops  trunk1 16
"""
LOGGED = """
    09:00:00  log: enter  trunk1 sales
    09:00:05  log: answer trunk1 sales Anna 5
    09:01:00  log: enter  local2 support
    09:01:10  log: answer local2 support Boris 10
    09:01:30  log: end    trunk1 sales Anna agent 85
    09:02:00  log: end    trunk1 support Boris agent 50
"""


def told(log: list[bytes]) -> list[Fact]:
    return run([*log, *values("09:10:00 beat")], terms(agents=DIRECTORY))[1]


def merged(*texts: str) -> list[bytes]:
    lines = [line for text in texts for line in text.strip().splitlines()]
    return values("\n".join(sorted(lines, key=lambda line: line.split()[0])))


@pytest.mark.parametrize(
    "feeds", [(ASKED,), (LOGGED,), (ASKED, LOGGED)], ids=["ami", "log", "both"]
)
def test_the_end_is_of_the_talk_that_had_begun_on_another_channel(
    feeds: tuple[str, ...],
) -> None:
    facts = told(merged(*feeds))

    assert [
        (leg.queue_id, leg.agent_id, leg.outcome, leg.answered_at, leg.ended_at, leg.ended_by)
        for leg in legs(facts)
    ] == [
        ("sales", "Anna", "answered", moment("09:00:05"), moment("09:01:30"), "agent"),
        ("support", "Boris", "answered", moment("09:01:10"), moment("09:02:00"), "agent"),
    ]


@pytest.mark.parametrize("feeds", [(ASKED,), (LOGGED,)], ids=["ami", "log"])
def test_the_order_in_which_it_is_told_changes_nothing(feeds: tuple[str, ...]) -> None:
    straight = merged(*feeds)
    expected = comparable(told(straight))

    for late in range(len(straight)):
        crooked = [*straight[:late], *straight[late + 1 :], straight[late]]
        assert comparable(told(crooked)) == expected, straight[late]


def test_a_log_that_names_a_transfer_so_tells_it_of_that_talk() -> None:
    sent = f"{LOGGED}    09:02:00  log: transfer trunk1 900 blind support Boris 50"
    _, second = legs(told(merged(sent)))

    assert (second.agent_id, second.transfer_kind, second.transferred_to) == (
        "Boris", "blind", "900",
    )  # fmt: skip


def test_an_end_of_a_talk_whose_beginning_was_lost_stays_with_its_caller() -> None:
    lost = LOGGED.replace("09:01:10  log: answer local2 support Boris 10\n", "")
    facts = told(merged(lost))

    assert [(leg.queue_id, leg.agent_id) for leg in legs(facts) if leg.agent_id] == [
        ("sales", "Anna"), ("support", "Boris"),
    ]  # fmt: skip


def test_an_end_that_names_no_caller_may_name_another_channel_of_the_agent() -> None:
    """A member that is a Local channel is taken away, too: then his phone is named."""
    text = """
        08:59:00  login  Anna sales
        09:00:00  enter  trunk1 sales
        09:00:05  ring   trunk1 sales Anna local1
        09:00:10  leave  trunk1 sales
        09:00:10  answer trunk1 sales Anna 10 local1
        09:01:00  end    _ sales Anna caller 50 anna1
        09:01:00  hangup trunk1
    """
    log = [each.replace(b'"channel_id":"_"', b'"channel_id":""') for each in values(text)]
    (leg,) = legs(told(log))

    assert (leg.ended_at, leg.ended_by, leg.clock) == (moment("09:01:00"), "caller", "source")
