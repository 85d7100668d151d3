"""Talks that go on though the queue has told of their end.

A script dials a customer by a Local channel and puts that into a queue. As soon as an agent has
answered, Asterisk takes the Local channel out of the way, and the queue takes its end for that
of the caller. Heard of Asterisk 16.28, whose log says so, too.
"""

import pytest

from schemas.facts import Fact
from tests.core.phoned import DIRECTORY, of, shown
from tests.readings import comparable
from tests.timetable import moment, run, terms, values

CALLED_BACK = """
    08:59:00     login  Anna sales
    09:00:00     starts trunk1@local1
    09:00:03     picks  trunk1@local1
    09:00:03     joins  trunk1@local1 b1
    09:00:03     enter  local1 sales
    09:00:05     starts anna1@local1
    09:00:05     ring   local1 sales Anna anna1
    09:00:10     picks  anna1@local1
    09:00:10     leave  local1 sales
    09:00:10     answer local1 sales Anna _ anna1
    09:00:10     joins  anna1@local1 b2
"""
SWAPPED = """
    09:00:10.028 parts  trunk1@local1 b1
    09:00:10.029 joins  trunk1@local1 b2
    09:00:10.031 end    local1 sales Anna caller 0 anna1
    09:00:10.031 hangup local1
"""
HUNG_UP = """
    09:01:00     asks   anna1@local1
    09:01:00     parts  anna1@local1 b2
    09:01:00     parts  trunk1@local1 b2
    09:01:00     stops  anna1@local1 16
    09:01:00     stops  trunk1@local1 16
    09:10:00     beat
"""
LOGGED = "    09:00:10 log: end local1 sales Anna caller 0\n"


def told(text: str) -> list[Fact]:
    return run(values(text), terms(agents=DIRECTORY))[1]


@pytest.mark.parametrize("log", ["", LOGGED], ids=["ami", "both"])
def test_the_talk_is_as_long_as_the_phones_are_connected(log: str) -> None:
    facts = told(CALLED_BACK + SWAPPED + log + HUNG_UP)

    anna = of(facts)
    assert (anna.talk_ms, anna.ended_at, anna.ended_by) == (
        50_000, moment("09:01:00"), "agent",
    )  # fmt: skip
    assert shown(facts)[-2:] == [
        ("talking", moment("09:00:10"), moment("09:01:00")),
        ("ready", moment("09:01:00"), None),
    ]


def test_meanwhile_he_talks() -> None:
    facts = told(f"{CALLED_BACK}{SWAPPED}    09:00:30 beat")

    assert of(facts).ended_at is None
    assert shown(facts)[-1] == ("talking", moment("09:00:10"), None)


def test_a_caller_who_hangs_up_at_once_has_ended_it() -> None:
    gone = """
        09:00:10.028 asks   trunk1@local1
        09:00:10.028 parts  trunk1@local1 b1
        09:00:10.031 end    local1 sales Anna caller 0 anna1
        09:00:10.031 parts  anna1@local1 b2
        09:00:10.031 stops  anna1@local1 16
        09:00:10.031 stops  trunk1@local1 16
        09:10:00     beat
    """
    anna = of(told(CALLED_BACK + gone))

    assert (anna.talk_ms, anna.ended_by) == (31, "caller")


def test_the_order_in_which_it_is_told_changes_nothing() -> None:
    straight = [line for line in (CALLED_BACK + SWAPPED + HUNG_UP).splitlines() if line.strip()]
    log = values("\n".join(straight))
    expected = comparable(run(log, terms(agents=DIRECTORY))[1])

    for late in range(len(log) - 1):
        crooked = [*log[:late], *log[late + 1 : -1], log[late], log[-1]]
        facts = run(crooked, terms(agents=DIRECTORY))[1]
        assert comparable(facts) == expected, straight[late]
