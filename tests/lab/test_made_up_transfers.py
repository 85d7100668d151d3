"""Transfers as Asterisk 16 to 22 tell of them, made up message by message."""

from tests.manager_session import CALLED, HUNG_UP, how, said, told
from tests.readings import legs
from tests.timetable import moment

ASKED = """
    09:00:20  holds  PJSIP/101-2
    09:00:21  new    PJSIP/101-3 num=101 exten=102
    09:00:21  new    PJSIP/102-4 of=PJSIP/101-3
    09:00:23  up     PJSIP/102-4
    09:00:23  up     PJSIP/101-3
    09:00:23  in     PJSIP/102-4 b2
    09:00:23  in     PJSIP/101-3 b2
"""


def test_a_caller_is_put_through_to_an_application() -> None:
    put_through = """
        09:00:20  new    PJSIP/101-3 num=101 exten=*97
        09:00:20  up     PJSIP/101-3
        09:00:30  attends PJSIP/101-2 PJSIP/101-3 whom=PJSIP/line-1 DestType=App
        09:00:30  new    Local/_attended@transfer/m-4;1 of=PJSIP/line-1
        09:00:30  new    Local/_attended@transfer/m-4;2 of=PJSIP/line-1
        09:00:30  out    PJSIP/101-2 b1
        09:00:30  gone   PJSIP/101-2
        09:00:30  named  PJSIP/101-3 PJSIP/101-3<ZOMBIE>
        09:00:30  gone   PJSIP/101-3<ZOMBIE>
        09:01:00  out    PJSIP/line-1 b1
        09:01:00  gone   PJSIP/line-1
        09:01:00  gone   Local/_attended@transfer/m-4;1
        09:01:00  gone   Local/_attended@transfer/m-4;2
    """

    assert how(CALLED + put_through) == ["Anna in answered, attended to *97"]


def test_two_bridges_are_linked_where_more_than_two_take_part() -> None:
    linked = """
        09:00:30 attends PJSIP/101-2 PJSIP/101-3 whom=PJSIP/line-1 to=PJSIP/102-4 DestType=Link
        09:00:30  new    Local/_attended@transfer/m-5;1 of=PJSIP/line-1
        09:00:30  new    Local/_attended@transfer/m-5;2 of=PJSIP/line-1
        09:00:30  out    PJSIP/101-2 b1
        09:00:30  out    PJSIP/101-3 b2
        09:00:30  joins  PJSIP/102-4 PJSIP/line-1
        09:00:30  gone   PJSIP/101-2
        09:00:30  gone   PJSIP/101-3
        09:01:00  out    PJSIP/102-4 b2
        09:01:00  gone   PJSIP/102-4
        09:01:00  out    PJSIP/line-1 b1
        09:01:00  gone   PJSIP/line-1
    """

    assert how(CALLED + ASKED + linked) == [
        "Anna in answered, attended to Boris",
        "Boris in answered, agent hung up",
    ]


def test_transfers_that_fail_leave_the_call_where_it_is() -> None:
    blind = "09:00:30 blind PJSIP/101-2 PJSIP/line-1 exten=999 Result="
    attended = "09:00:30 attends PJSIP/101-2 PJSIP/101-3 DestType=Fail Result="
    back = """
        09:00:40  out    PJSIP/101-3 b2
        09:00:40  gone   PJSIP/101-3
        09:00:40  out    PJSIP/102-4 b2
        09:00:40  gone   PJSIP/102-4
    """
    for result in ("Fail", "Invalid", "NotPermitted"):
        assert how(CALLED + blind + result + HUNG_UP) == ["Anna in answered, agent hung up"]
        assert how(CALLED + ASKED + attended + result + back + HUNG_UP) == [
            "Anna in answered, agent hung up",
            "Anna internal answered, agent hung up",
            "Boris internal answered, caller hung up",
        ]


def test_a_parked_caller_is_passed_to_whoever_fetches_him() -> None:
    parked = """
        09:00:30  blind  PJSIP/101-2 PJSIP/line-1 exten=700
        09:00:30  out    PJSIP/101-2 b1
        09:00:30  out    PJSIP/line-1 b1
        09:00:30  gone   PJSIP/101-2
        09:00:30  in     PJSIP/line-1 lot BridgeType=parking BridgeTechnology=holding_bridge
        09:01:00  new    PJSIP/103-3 num=103 exten=701
        09:01:00  up     PJSIP/103-3
        09:01:00  out    PJSIP/line-1 lot
        09:01:00  joins  PJSIP/103-3 PJSIP/line-1
        09:01:00  in     PJSIP/103-3 b2
        09:01:00  in     PJSIP/line-1 b2
        09:01:40  out    PJSIP/line-1 b2
        09:01:40  gone   PJSIP/line-1
        09:01:40  out    PJSIP/103-3 b2
        09:01:40  gone   PJSIP/103-3
    """

    assert how(CALLED + parked) == [
        "Anna in answered, blind to Clara",
        "Clara in answered, caller hung up",
    ]


def test_who_hangs_up_before_the_asked_one_answers_has_left_the_caller_then() -> None:
    """By a feature code: the PBX tells of the transfer when the asked one picks up."""
    facts = told(
        CALLED
        + """
        09:00:20  out    PJSIP/101-2 b1
        09:00:20  in     PJSIP/101-2 b2
        09:00:20  new    Local/102@code-3;1 of=PJSIP/line-1
        09:00:20  new    Local/102@code-3;2 of=PJSIP/line-1
        09:00:21  new    PJSIP/102-4 of=PJSIP/line-1
        09:00:21  rings  PJSIP/102-4
        09:00:24  out    PJSIP/101-2 b2
        09:00:24  gone   PJSIP/101-2
        09:00:29  up     PJSIP/102-4
        09:00:29  in     PJSIP/102-4 b3
        09:00:29  attends PJSIP/101-2 PJSIP/101-2 whom=PJSIP/line-1 to=Local/102@code-3;1
        09:01:10  out    PJSIP/102-4 b3
        09:01:10  gone   PJSIP/102-4
        09:01:10  gone   Local/102@code-3;2
        09:01:10  gone   Local/102@code-3;1
        09:01:10  out    PJSIP/line-1 b1
        09:01:10  gone   PJSIP/line-1
    """
    )

    anna, boris = legs(facts)
    assert said(anna) == "Anna in answered, attended to Boris"
    assert (anna.ended_at, anna.ended_by) == (moment("09:00:24"), "agent")
    assert said(boris) == "Boris in answered, agent hung up"
    assert boris.answered_at == moment("09:00:29")


def test_a_caller_who_is_put_through_to_another_caller_is_so_to_his_number() -> None:
    second = """
        09:00:20  new    PJSIP/line-3 num=2025550102 exten=600
        09:00:21  new    PJSIP/101-4 of=PJSIP/line-3
        09:00:21  rings  PJSIP/101-4
        09:00:24  holds  PJSIP/101-2
        09:00:25  up     PJSIP/101-4
        09:00:25  up     PJSIP/line-3
        09:00:25  in     PJSIP/101-4 b2
        09:00:25  in     PJSIP/line-3 b2
    """
    joined = """
        09:00:40 attends PJSIP/101-4 PJSIP/101-2 whom=PJSIP/line-3 to=PJSIP/line-1
        09:00:40  out    PJSIP/101-2 b1
        09:00:40  out    PJSIP/101-4 b2
        09:00:40  out    PJSIP/line-3 b2
        09:00:40  joins  PJSIP/line-3 PJSIP/line-1
        09:00:40  in     PJSIP/line-3 b1
        09:00:40  gone   PJSIP/101-2
        09:00:40  gone   PJSIP/101-4
        09:01:10  out    PJSIP/line-1 b1
        09:01:10  gone   PJSIP/line-1
        09:01:10  out    PJSIP/line-3 b1
        09:01:10  gone   PJSIP/line-3
    """

    first, later = legs(told(CALLED + second + joined))
    assert (first.ended_by, first.ended_at) == ("agent", moment("09:00:40"))
    assert (later.transfer_kind, later.transferred_to) == ("attended", first.caller_key)
