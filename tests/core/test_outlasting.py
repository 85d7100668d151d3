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


ASKED_THE_QUEUE = """
    08:59:00     login  Anna sales
    08:59:00     login  Boris support
    09:00:00     starts trunk1
    09:00:00     enter  trunk1 sales
    09:00:05     starts anna1@trunk1
    09:00:05     ring   trunk1 sales Anna anna1
    09:00:10     picks  anna1@trunk1
    09:00:10     leave  trunk1 sales
    09:00:10     answer trunk1 sales Anna _ anna1
    09:00:10     joins  anna1@trunk1 b1
    09:00:10     joins  trunk1 b1
    09:00:20     starts anna2 501
    09:00:20     enter  anna2 support
    09:00:21     starts boris1@anna2
    09:00:21     ring   anna2 support Boris boris1
    09:00:25     picks  boris1@anna2
    09:00:25     leave  anna2 support
    09:00:25     answer anna2 support Boris _ boris1
    09:00:25     joins  boris1@anna2 b2
    09:00:25     joins  anna2 b2
"""
PUT_THROUGH = """
    09:00:40.001 parts  anna2 b2
    09:00:40.001 end    anna2 support Boris caller _ boris1
    09:00:40.002 parts  anna1@trunk1 b1
    09:00:40.004 passes anna1@trunk1 anna2 501 trunk1
    09:00:40.004 end    trunk1 sales Anna agent _ anna1
    09:00:40.005 stops  anna1@trunk1 16
    09:00:40.005 stops  anna2 16
"""
"""Asterisk 22 links both talks by a Local channel, and the queue takes it for a hang-up."""
TALKS_ON = """
    {over}  asks   boris1@trunk1
    {over}  parts  boris1@trunk1 b2
    {over}  stops  boris1@trunk1 16
    {over}  parts  trunk1 b1
    {over}  stops  trunk1 16
    09:10:00     beat
"""
ITS_LOG = """
    09:00:20 log: enter  anna2 support
    09:00:25 log: answer anna2 support Boris 5
    09:00:40 log: end    anna2 support Boris caller 15
"""


@pytest.mark.parametrize("log", ["", ITS_LOG], ids=["ami", "both"])
@pytest.mark.parametrize(
    ("over", "talk_ms"), [("09:00:41.500", 16_500), ("09:01:00.000", 35_000)]
)
def test_whom_a_queue_had_found_talks_on_with_who_is_put_through(
    over: str, talk_ms: int, log: str
) -> None:
    facts = told(ASKED_THE_QUEUE + PUT_THROUGH + TALKS_ON.format(over=over) + log)

    boris = of(facts, "Boris")
    assert (boris.queue_id, boris.outcome, boris.talk_ms) == ("support", "answered", talk_ms)
    assert (boris.ended_at, boris.ended_by) == (moment(over), "agent")
    anna = of(facts)
    assert (anna.transfer_kind, anna.transferred_to) == ("attended", "Boris")
    assert ("talking", moment("09:00:25"), moment(over)) in shown(facts, "Boris")


@pytest.mark.parametrize("log", ["", "09:00:40 log: end trunk2 sales Boris caller 15"])
@pytest.mark.parametrize("told_at", ["09:00:40.002", "09:00:40.005", ""])
def test_an_agent_whom_the_caller_puts_through_to_another_has_had_him_until_then(
    told_at: str, log: str
) -> None:
    """Asterisk 22 tells the end before the transfer, 16 after it."""
    taken = ASKED_THE_QUEUE.replace("anna2", "trunk2").replace("support", "sales")
    end = f"{told_at} end trunk2 sales Boris caller _ boris1" if told_at else ""
    passed = f"""
        09:00:40.001 parts  trunk2 b2
        09:00:40.004 passes trunk2 trunk3 103 boris1
        09:00:40.006 stops  trunk2 16
        {end}
        {log}
        09:01:00.000 asks   boris1@trunk2
        09:01:00.000 parts  boris1@trunk2 b2
        09:01:00.000 stops  boris1@trunk2 16
        09:10:00     beat
    """
    boris = of(told(taken + passed), "Boris")

    assert boris.ended_by == "caller"
    assert 15_000 <= (boris.talk_ms or 0) <= 15_006
    assert (boris.transfer_kind, boris.transferred_to) == ("", "")
