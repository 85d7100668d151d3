"""Members of a queue that stand for several agents: a ring group, a list of FollowMe.

The queue rings a Local channel for such a member, and names the member in all that it tells.
"""

from schemas.facts import Fact
from tests.core.phoned import DIRECTORY, shown
from tests.readings import comparable, legs, offers
from tests.timetable import moment, run, terms, values

TAKEN = """
    08:59:00  login  Group sales
    08:59:00  login  Anna sales
    08:59:00  login  Boris sales
    09:00:00  starts trunk1
    09:00:00  enter  trunk1 sales
    09:00:05  ring   trunk1 sales Group local1
    09:00:05  starts anna1@trunk1
    09:00:05  alerts anna1@trunk1
    09:00:05  starts boris1@trunk1
    09:00:05  alerts boris1@trunk1
    09:00:10  picks  boris1@trunk1
    09:00:10  unheard anna1@trunk1 cancelled
    09:00:10  stops  anna1@trunk1 26
    09:00:10  joins  boris1@trunk1 b1
    09:00:10  leave  trunk1 sales
    09:00:10  answer trunk1 sales Group _ local1
    09:00:10  joins  trunk1 b2
    09:01:00  asks   trunk1
    09:01:00  end    trunk1 sales Group caller _ local1
    09:01:00  parts  trunk1 b2
    09:01:00  parts  boris1@trunk1 b1
    09:01:00  stops  boris1@trunk1 16
    09:01:00  stops  trunk1 16
"""


def told(log: list[bytes]) -> list[Fact]:
    return run([*log, *values("09:10:00 beat")], terms(agents=DIRECTORY))[1]


def test_whoever_takes_the_call_of_a_ring_group_talks() -> None:
    facts = told(values(TAKEN))

    assert shown(facts, "Boris") == [
        ("ready", moment("08:59:00"), moment("09:00:05")),
        ("reserved", moment("09:00:05"), moment("09:00:10")),
        ("talking", moment("09:00:10"), moment("09:01:00")),
        ("ready", moment("09:01:00"), None),
    ]
    assert shown(facts, "Anna") == [
        ("ready", moment("08:59:00"), moment("09:00:05")),
        ("reserved", moment("09:00:05"), moment("09:00:10")),
        ("ready", moment("09:00:10"), None),
    ]


def test_the_call_is_that_of_the_member_and_counts_once() -> None:
    facts = told(values(TAKEN))

    (leg,) = legs(facts)
    assert (leg.queue_id, leg.agent_id, leg.talk_ms) == ("sales", "Group", 50_000)
    assert [(each.agent_id, each.result) for each in offers(facts)] == [("Group", "answered")]


def test_the_order_in_which_it_is_told_changes_nothing() -> None:
    log = values(TAKEN)
    straight = told(log)
    for late in range(len(log)):
        crooked = told([*log[:late], *log[late + 1 :], log[late], log[late]])

        assert comparable(crooked) == comparable(straight), log[late]
