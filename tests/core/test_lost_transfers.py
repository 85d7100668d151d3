"""Attended transfers that happened while the connection was lost: nothing tells of them."""

from schemas.facts import Fact
from tests.core.phoned import DIRECTORY, of, shown
from tests.readings import comparable, legs
from tests.timetable import moment, run, terms, values

QUEUED = """
    08:59:00  login  Anna sales
    09:00:00  starts trunk1
    09:00:00  enter  trunk1 sales
    09:00:05  starts anna1@trunk1
    09:00:05  ring   trunk1 sales Anna anna1
    09:00:10  picks  anna1@trunk1
    09:00:10  leave  trunk1 sales
    09:00:10  answer trunk1 sales Anna _ anna1
    09:00:10  joins  anna1@trunk1 b1
    09:00:10  joins  trunk1 b1
"""
DIRECT = """
    08:59:00  login  Anna sales
    09:00:00  starts trunk1
    09:00:05  starts anna1@trunk1
    09:00:10  picks  anna1@trunk1
    09:00:10  joins  anna1@trunk1 b1
    09:00:10  joins  trunk1 b1
"""
ASKED = """
    09:01:00  holds  anna1@trunk1
    09:01:00  starts anna2 102
    09:01:01  starts boris1@anna2
    09:01:05  picks  boris1@anna2
    09:01:05  joins  boris1@anna2 b2
    09:01:05  joins  anna2 b2
    09:01:20  lost
"""
LOGGED = """
    09:01:30  log: end trunk1 sales Anna agent 80
"""
LISTED = """
    09:01:45  there  c1 trunk1 bridged 105 09:01:45
    09:01:45  there  c1 boris1@trunk1 bridged 44 09:01:45
    09:01:45  channels_end c1 2 09:01:45
    09:02:30  asks   trunk1
    09:02:30  parts  trunk1 b2
    09:02:30  parts  boris1@trunk1 b2
    09:02:30  stops  trunk1 16
    09:02:30  stops  boris1@trunk1 16
"""


def told(log: list[bytes]) -> list[Fact]:
    return run([*log, *values("09:10:00 beat")], terms(agents=DIRECTORY))[1]


def test_the_queue_log_tells_when_and_the_list_to_whom() -> None:
    facts = told(values(QUEUED + ASKED + LOGGED + LISTED))

    anna, boris = legs(facts)
    assert (anna.queue_id, anna.ended_at, anna.ended_by) == (
        "sales", moment("09:01:30"), "agent",
    )  # fmt: skip
    assert (anna.transfer_kind, anna.transferred_to) == ("attended", "Boris")
    assert (boris.agent_id, boris.direction, boris.talk_ms) == ("Boris", "in", 85_000)
    assert shown(facts)[-2:] == [
        ("holding", moment("09:01:00"), moment("09:01:30")),
        ("ready", moment("09:01:30"), None),
    ]


def test_without_a_log_it_was_when_both_channels_were_found_gone() -> None:
    facts = told(values(QUEUED + ASKED + LISTED))

    anna, _ = legs(facts)
    assert (anna.ended_at, anna.ended_by, anna.clock) == (
        moment("09:01:45"), "agent", "estimated",
    )  # fmt: skip
    assert (anna.transfer_kind, anna.transferred_to) == ("attended", "Boris")


def test_a_direct_call_is_passed_on_in_the_same_way() -> None:
    facts = told(values(DIRECT + ASKED + LISTED))

    assert len(legs(facts)) == 2
    anna = of(facts)
    assert (anna.direction, anna.ended_at, anna.ended_by, anna.clock) == (
        "in", moment("09:01:45"), "agent", "estimated",
    )  # fmt: skip
    assert (anna.transfer_kind, anna.transferred_to) == ("attended", "Boris")


def test_who_had_asked_and_is_still_there_has_passed_on_nobody() -> None:
    there = "09:01:45  there  c1 anna1@trunk1 bridged 100 09:01:45\n"
    listed = LISTED.replace("channels_end c1 2", "channels_end c1 3")
    facts = told(values(QUEUED + ASKED + there + listed))

    assert {leg.transfer_kind for leg in legs(facts)} == {""}


def test_the_order_in_which_it_is_told_changes_nothing() -> None:
    log = values(QUEUED + ASKED + LOGGED + LISTED)
    straight = told(log)
    for late in range(len(log)):
        crooked = told([*log[:late], *log[late + 1 :], log[late], log[late]])

        assert comparable(crooked) == comparable(straight), log[late]


BEHIND_LOCAL = """
    08:59:00  login  Anna sales
    08:59:00  login  Boris support
    09:00:00  starts trunk1
    09:00:00  enter  trunk1 sales
    09:00:05  ring   trunk1 sales Anna one
    09:00:05  starts anna1@trunk1
    09:00:10  picks  anna1@trunk1
    09:00:10  leave  trunk1 sales
    09:00:10  answer trunk1 sales Anna _ one
    09:00:10  joins  anna1@trunk1 b1
    09:00:10  joins  trunk1 b2
    09:00:50  lost
"""
NEXT_QUEUE = """
    09:01:00  log: enter  two support trunk1
    09:01:10  log: answer two support Boris 10 boris1
"""
FOUND = """
    09:01:20  there  c1 trunk1 bridged 80 09:01:20
    09:01:20  there  c1 boris1@trunk1 bridged 15 09:01:20
    09:01:20  channels_end c1 2 09:01:20
    09:02:00  asks   trunk1
    09:02:00  end    trunk1 sales Anna caller _ one
    09:02:00  parts  trunk1 b2
    09:02:00  end    two support Boris caller _ boris1
    09:02:00  parts  boris1@trunk1 b3
    09:02:00  stops  boris1@trunk1 16
    09:02:00  stops  trunk1 16
"""


def test_who_has_sent_a_caller_on_to_a_queue_talks_until_the_caller_enters_it() -> None:
    facts = told(values(BEHIND_LOCAL + NEXT_QUEUE + FOUND))

    anna, boris = legs(facts)
    assert (anna.queue_id, anna.ended_at, anna.ended_by, anna.talk_ms) == (
        "sales", moment("09:01:00"), "agent", 50_000,
    )  # fmt: skip
    assert (anna.transfer_kind, anna.transferred_to) == ("blind", "support")
    assert (boris.queue_id, boris.agent_id, boris.ended_at) == (
        "support", "Boris", moment("09:02:00"),
    )  # fmt: skip
    assert shown(facts)[-1] == ("ready", moment("09:01:00"), None)


def test_who_has_sent_a_caller_on_elsewhere_talks_until_his_phone_is_found_gone() -> None:
    elsewhere = FOUND.replace("09:02:00  end    two support Boris caller _ boris1\n", "")
    facts = told(values(BEHIND_LOCAL + elsewhere))

    anna = legs(facts)[0]
    assert (anna.queue_id, anna.ended_at, anna.ended_by) == (
        "sales", moment("09:01:20"), "agent",
    )  # fmt: skip


def test_a_talk_that_ended_in_the_gap_was_not_sent_on() -> None:
    over = """
    09:01:00  log: end    trunk1 sales Anna caller 50
    09:01:20  channels_end c1 0 09:01:20
    """
    facts = told(values(BEHIND_LOCAL + over))

    (anna,) = legs(facts)
    assert (anna.ended_at, anna.ended_by, anna.transfer_kind) == (
        moment("09:01:00"), "caller", "",
    )  # fmt: skip


def test_sent_on_in_a_gap_told_in_any_order() -> None:
    log = values(BEHIND_LOCAL + NEXT_QUEUE + FOUND)
    straight = told(log)
    for late in range(len(log)):
        crooked = told([*log[:late], *log[late + 1 :], log[late], log[late]])

        assert comparable(crooked) == comparable(straight), log[late]


ASKED_A_QUEUE = """
    09:01:00  holds  anna1@trunk1
    09:01:00  starts anna2 700
    09:01:00  enter  anna2 support
    09:01:05  starts boris1@anna2
    09:01:05  ring   anna2 support Boris boris1
    09:01:10  picks  boris1@anna2
    09:01:10  leave  anna2 support
    09:01:10  answer anna2 support Boris _ boris1
    09:01:10  joins  boris1@anna2 b2
    09:01:10  joins  anna2 b2
    09:01:20  lost
    09:01:30  log: transfer trunk1 _ attended sales Anna
    09:01:30  log: end trunk1 sales Anna agent 80
    09:01:30  log: transfer anna2 _ attended support Boris
    09:01:30  log: end anna2 support Boris agent 20
"""


def test_whom_a_queue_had_found_talks_on_with_the_caller_who_was_put_through() -> None:
    """The caller takes the agent's place, as where the transfer is heard."""
    facts = told(values(QUEUED + ASKED_A_QUEUE + LISTED))

    anna, boris = legs(facts)
    assert (anna.queue_id, anna.ended_at, anna.transfer_kind, anna.transferred_to) == (
        "sales", moment("09:01:30"), "attended", "Boris",
    )  # fmt: skip
    assert (boris.queue_id, boris.ended_at, boris.ended_by, boris.talk_ms) == (
        "support", moment("09:02:30"), "caller", 80_000,
    )  # fmt: skip
    assert (boris.transfer_kind, boris.caller_key, boris.interaction_id) == (
        "", "key of trunk1", "trunk1",
    )  # fmt: skip
    talks = [each for each in shown(facts, "Boris") if each[0] == "talking"]
    assert talks == [("talking", moment("09:01:10"), moment("09:02:30"))]


def test_whom_a_queue_had_found_talks_on_told_in_any_order() -> None:
    log = values(QUEUED + ASKED_A_QUEUE + LISTED)
    straight = told(log)
    for late in range(len(log)):
        crooked = told([*log[:late], *log[late + 1 :], log[late], log[late]])

        assert comparable(crooked) == comparable(straight), log[late]


def test_a_phone_that_is_gone_with_its_talk_talks_no_longer() -> None:
    gone = """
    09:01:45  there  c1 trunk1 bridged 105 09:01:45
    09:01:45  channels_end c1 1 09:01:45
    """
    facts = told(values(QUEUED + ASKED_A_QUEUE + gone))

    talks = [each for each in shown(facts, "Boris") if each[0] == "talking"]
    assert talks == [("talking", moment("09:01:10"), moment("09:01:30"))]


UNHEARD = """
    09:00:50  lost
"""
PASSED_BY_CODE = """
    09:01:30  log: transfer trunk1 _ attended sales Anna
    09:01:30  log: end trunk1 sales Anna agent 80
"""
SENT_ON = PASSED_BY_CODE.replace("_ attended", "102 blind")


def test_whom_an_agent_asked_unheard_is_who_a_list_shows_with_his_caller() -> None:
    """By a feature code, or by a second call of which nothing was heard either."""
    facts = told(values(QUEUED + UNHEARD + PASSED_BY_CODE + LISTED))

    anna, boris = legs(facts)
    assert (anna.ended_at, anna.ended_by, anna.talk_ms) == (
        moment("09:01:30"), "agent", 80_000,
    )  # fmt: skip
    assert (anna.transfer_kind, anna.transferred_to) == ("attended", "Boris")
    assert (boris.agent_id, boris.queue_id, boris.direction) == ("Boris", "", "in")


def test_who_took_a_call_that_was_sent_on_unheard_is_who_a_list_shows_with_the_caller() -> None:
    listed = LISTED.replace("bridged 44", "bridged 9")
    facts = told(values(QUEUED + UNHEARD + SENT_ON + listed))

    anna, boris = legs(facts)
    assert (anna.transfer_kind, anna.transferred_to) == ("blind", "Boris")
    assert (boris.entered_at, boris.agent_id) == (moment("09:01:36"), "Boris")


def test_where_no_list_shows_who_took_it_the_log_alone_tells_where_to() -> None:
    nobody = "09:01:45  channels_end c1 0 09:01:45"
    for log, passed in ((SENT_ON, ("blind", "102")), (PASSED_BY_CODE, ("attended", ""))):
        (anna,) = legs(told(values(QUEUED + UNHEARD + log + nobody)))

        assert (anna.transfer_kind, anna.transferred_to) == passed


def test_an_agent_behind_a_local_channel_passes_on_unheard_in_the_same_way() -> None:
    facts = told(values(BEHIND_LOCAL + PASSED_BY_CODE + LISTED))

    anna = legs(facts)[0]
    assert (anna.transfer_kind, anna.transferred_to) == ("attended", "Boris")
    assert (anna.ended_at, anna.ended_by) == (moment("09:01:30"), "agent")


def test_who_is_listed_at_a_phone_that_the_queue_rang_was_asked_by_nobody() -> None:
    """Boris was rung for the caller, too, and Anna's own phone is still in the list."""
    rung = "09:00:05  ring trunk1 sales Boris boris1\n09:00:05  starts boris1@trunk1\n"
    facts = told(values(QUEUED + rung + UNHEARD + SENT_ON + LISTED))

    anna = next(leg for leg in legs(facts) if leg.agent_id == "Anna")
    assert (anna.transfer_kind, anna.transferred_to) == ("blind", "102")


def test_passed_on_unheard_told_in_any_order() -> None:
    log = values(QUEUED + UNHEARD + PASSED_BY_CODE + LISTED)
    straight = told(log)
    for late in range(len(log)):
        crooked = told([*log[:late], *log[late + 1 :], log[late], log[late]])

        assert comparable(crooked) == comparable(straight), log[late]
