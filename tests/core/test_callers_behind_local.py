"""Queues whose caller is a Local channel: sent on, called back by a script, or asked for."""

from schemas.facts import Fact
from tests.core.phoned import DIRECTORY, shown
from tests.readings import comparable, legs, states
from tests.timetable import moment, run, terms, values

SENT_ON = """
    08:59:00  login  Anna sales
    08:59:00  login  Boris support
    09:00:00  starts trunk1
    09:00:00  enter  trunk1 sales
    09:00:05  ring   trunk1 sales Anna one
    09:00:05  starts anna1@trunk1
    09:00:10  picks  anna1@trunk1
    09:00:10  leave  trunk1 sales
    09:00:10  answer trunk1 sales Anna
    09:00:10  joins  anna1@trunk1 b1
    09:00:10  joins  trunk1 b2
    09:01:00  passes anna1@trunk1 - 701 two
    09:01:00  parts  anna1@trunk1 b1
    09:01:00  stops  anna1@trunk1 16
    09:01:00  enter  two support trunk1
    09:01:05  starts boris1@trunk1
    09:01:05  ring   two support Boris boris1
    09:01:10  picks  boris1@trunk1
    09:01:10  leave  two support
    09:01:10  answer two support Boris
    09:01:10  joins  boris1@trunk1 b3
    09:02:00  asks   trunk1
    09:02:00  end    trunk1 sales Anna caller
    09:02:00  parts  trunk1 b2
    09:02:00  end    two support Boris caller
    09:02:00  parts  boris1@trunk1 b3
    09:02:00  stops  boris1@trunk1 16
    09:02:00  stops  trunk1 16
"""


def told(log: list[bytes]) -> list[Fact]:
    return run([*log, *values("09:10:00 beat")], terms(agents=DIRECTORY))[1]


def test_what_a_queue_rings_for_a_local_channel_is_no_direct_call_besides() -> None:
    facts = told(values(SENT_ON))

    found = [(leg.agent_id, leg.queue_id, leg.ended_at) for leg in legs(facts)]
    assert found == [
        ("Anna", "sales", moment("09:01:00")),
        ("Boris", "support", moment("09:02:00")),
    ]
    assert {leg.interaction_id for leg in legs(facts)} == {"trunk1"}
    assert [
        (each.state, each.started_at, each.ended_at) for each in states(facts, "Boris")
    ] == [
        ("ready", moment("08:59:00"), moment("09:01:05")),
        ("reserved", moment("09:01:05"), moment("09:01:10")),
        ("talking", moment("09:01:10"), moment("09:02:00")),
        ("ready", moment("09:02:00"), None),
    ]


def test_whoever_is_called_back_by_way_of_a_queue_is_one_call() -> None:
    # The script calls Local/700@queues; its other half then calls the customer.
    facts = told(values("""
        08:59:00  login  Boris support
        09:00:00  enter  two support one
        09:00:01  starts boris1@one
        09:00:01  ring   two support Boris boris1
        09:00:05  picks  boris1@one
        09:00:05  leave  two support
        09:00:05  answer two support Boris
        09:00:05  joins  boris1@one b1
        09:00:06  starts trunk1@one
        09:00:20  picks  trunk1@one
        09:00:20  joins  trunk1@one b2
        09:01:00  asks   trunk1@one
        09:01:00  parts  trunk1@one b2
        09:01:00  stops  trunk1@one 16
        09:01:00  end    two support Boris caller
        09:01:00  parts  boris1@one b1
        09:01:00  stops  boris1@one 16
    """))  # fmt: skip

    (leg,) = legs(facts)
    assert (leg.agent_id, leg.queue_id, leg.interaction_id) == ("Boris", "support", "one")


def test_the_order_in_which_it_is_told_changes_nothing() -> None:
    log = values(SENT_ON)
    straight = told(log)
    for late in range(len(log)):
        crooked = told([*log[:late], *log[late + 1 :], log[late], log[late]])

        assert comparable(crooked) == comparable(straight), log[late]


def test_a_phone_that_waits_in_a_contact_of_others_is_known_by_that() -> None:
    log = values("""
        09:00:43  starts boris7 707
        09:01:05  enter  boris7 sales anna1
    """)

    for told in (log, log[::-1]):
        facts = run([*told, *values("09:03:00 beat")])[1]
        (leg,) = [leg for leg in legs(facts) if leg.queue_id]
        assert leg.interaction_id == "anna1"


def test_who_waits_by_a_local_channel_is_known_by_a_list_too() -> None:
    lost = ("09:01:00  enter  two",)
    text = "\n".join(line for line in SENT_ON.splitlines() if not line.strip().startswith(lost))
    listed = """
        09:01:00  log: enter two support
        09:01:03  channel s1 two trunk1
        09:01:10  log: answer two support Boris
    """
    facts = told(values(text + listed))

    assert [(leg.agent_id, leg.queue_id) for leg in legs(facts)] == [
        ("Anna", "sales"), ("Boris", "support"),
    ]  # fmt: skip
    assert {leg.interaction_id for leg in legs(facts)} == {"trunk1"}


def test_a_talk_ends_by_the_transfer_though_its_caller_hangs_up_right_after_it() -> None:
    text = SENT_ON.partition("09:01:00  enter  two")[0]
    gave_up = """
        09:01:01  asks   trunk1
        09:01:01  end    trunk1 sales Anna caller
        09:01:01  stops  trunk1 16
    """
    (leg,) = legs(told(values(text + gave_up)))

    assert (leg.ended_at, leg.ended_by, leg.transfer_kind) == (
        moment("09:01:00"), "agent", "blind",
    )  # fmt: skip


def test_a_phone_that_a_queue_rings_stays_so_though_the_clock_is_set_back() -> None:
    facts = told(
        values("""
        08:58:00  login  Anna sales
        09:00:20  starts trunk1
        09:00:20  enter  trunk1 sales
        09:00:25  ring   trunk1 sales Anna one
        09:00:25  starts anna1@trunk1
        09:00:27  picks  anna1@trunk1
        09:00:27  leave  trunk1 sales
        09:00:27  answer trunk1 sales Anna _ one
        09:00:27  joins  anna1@trunk1 b1
        08:59:50  end    trunk1 sales Anna caller 0 one
        08:59:50  parts  anna1@trunk1 b1
        08:59:50  stops  anna1@trunk1 16
        08:59:50  stops  trunk1 16
    """)
    )

    assert [(leg.queue_id, leg.agent_id) for leg in legs(facts)] == [("sales", "Anna")]


def test_both_talks_of_an_agent_who_puts_two_callers_together_end_by_that() -> None:
    facts = told(
        values("""
        08:59:00  login  Anna sales
        09:00:00  starts trunk1
        09:00:00  enter  trunk1 sales
        09:00:05  ring   trunk1 sales Anna one
        09:00:05  starts anna1@trunk1
        09:00:10  picks  anna1@trunk1
        09:00:10  leave  trunk1 sales
        09:00:10  answer trunk1 sales Anna _ one
        09:00:10  joins  anna1@trunk1 b1
        09:00:20  starts trunk2
        09:00:20  enter  trunk2 sales
        09:00:25  ring   trunk2 sales Anna two
        09:00:25  starts anna2@trunk2
        09:00:30  picks  anna2@trunk2
        09:00:30  leave  trunk2 sales
        09:00:30  answer trunk2 sales Anna _ two
        09:00:30  joins  anna2@trunk2 b2
        09:01:00  passes anna1@trunk1 anna2 _ three
        09:01:00  merges trunk2 trunk1
        09:01:00  stops  anna1@trunk1 16
        09:01:00  stops  anna2@trunk2 16
        09:02:00  end    trunk1 sales Anna caller _ one
        09:02:00  end    trunk2 sales Anna agent _ two
        09:02:00  stops  trunk2@trunk1 16
        09:02:00  stops  trunk1 16
    """)
    )

    found = [(leg.ended_at, leg.ended_by, leg.transfer_kind) for leg in legs(facts)]
    assert found == [
        (moment("09:01:00"), "agent", "attended"), (moment("09:01:00"), "agent", ""),
    ]  # fmt: skip
    assert shown(facts)[-1] == ("ready", moment("09:01:00"), None)
