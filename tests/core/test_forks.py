"""A call that rings at several phones of one agent, or at one phone by several channels."""

from schemas.facts import Fact
from tests.readings import comparable, legs, states
from tests.timetable import moment, run, terms, values

DIRECTORY = {
    "Anna": {"devices": ["SIP/anna", "SIP/mobile"]},
    "Boris": {"devices": ["SIP/boris"]},
}

RINGING = """
    09:00:00  starts trunk1
    09:00:01  starts anna1@trunk1
    09:00:01  starts anna2@trunk1
    09:00:01  starts mobile1@trunk1
    09:00:02  alerts anna2@trunk1
    09:00:03  alerts mobile1@trunk1
"""
ANSWERED = """
    09:00:10  picks  mobile1@trunk1
    09:00:10  stops  anna1@trunk1 26
    09:00:10  stops  anna2@trunk1 26
    09:00:10  joins  mobile1@trunk1 b
    09:00:10  joins  trunk1 b
    09:01:00  asks   mobile1@trunk1
    09:01:00  parts  mobile1@trunk1 b
    09:01:00  stops  mobile1@trunk1 16
    09:01:00  stops  trunk1 16
"""


def told(log: list[bytes]) -> list[Fact]:
    return run([*log, *values("09:05:00 beat")], terms(agents=DIRECTORY))[1]


def test_whichever_phone_he_takes_it_at_it_is_one_call() -> None:
    facts = told(values(RINGING + ANSWERED))

    (leg,) = legs(facts)
    assert (leg.agent_id, leg.outcome, leg.ended_by) == ("Anna", "answered", "agent")
    assert (leg.entered_at, leg.answered_at) == (moment("09:00:01"), moment("09:00:10"))
    assert (leg.wait_ms, leg.ring_ms, leg.talk_ms) == (9_000, 8_000, 50_000)
    assert [(each.state, each.started_at, each.ended_at) for each in states(facts, "Anna")] == [
        ("reserved", moment("09:00:02"), moment("09:00:10")),
        ("talking", moment("09:00:10"), moment("09:01:00")),
    ]


def test_one_call_has_one_name_while_it_rings_and_after() -> None:
    ringing = {leg.leg_id for leg in legs(told(values(RINGING)))}
    answered = {leg.leg_id for leg in legs(told(values(RINGING + ANSWERED)))}

    assert len(ringing) == 1
    assert ringing == answered


def test_missed_at_all_his_phones_it_is_missed_once() -> None:
    facts = told(values(RINGING + """
        09:00:01  stops  anna1@trunk1 17
        09:00:31  stops  anna2@trunk1 19
        09:00:31  stops  mobile1@trunk1 19
        09:00:40  stops  trunk1 16
    """))  # fmt: skip

    (leg,) = legs(facts)
    assert (leg.outcome, leg.ended_at) == ("timeout", moment("09:00:31"))


def test_others_whom_it_rings_at_have_their_own() -> None:
    facts = told(values(RINGING + """
        09:00:01  starts boris1@trunk1
        09:00:10  stops  boris1@trunk1 26
    """ + ANSWERED))  # fmt: skip

    assert sorted((leg.agent_id, leg.outcome) for leg in legs(facts)) == [
        ("Anna", "answered"), ("Boris", "withdrawn"),
    ]  # fmt: skip


def test_a_later_try_at_another_phone_is_another_call() -> None:
    facts = told(values("""
        09:00:00  starts trunk1
        09:00:01  starts anna1@trunk1
        09:00:21  stops  anna1@trunk1 19
        09:00:22  starts mobile1@trunk1
        09:00:30  picks  mobile1@trunk1
        09:00:30  joins  mobile1@trunk1 b
        09:00:30  joins  trunk1 b
        09:01:00  stops  mobile1@trunk1 16
        09:01:00  stops  trunk1 16
    """))  # fmt: skip

    assert [leg.outcome for leg in legs(facts)] == ["timeout", "answered"]


def test_the_order_in_which_it_is_told_changes_nothing() -> None:
    log = values(RINGING + ANSWERED)
    straight = told(log)
    for late in range(len(log)):
        crooked = told([*log[:late], *log[late + 1 :], log[late], log[late]])

        assert comparable(crooked) == comparable(straight), log[late]


def test_his_other_phone_that_is_tried_after_the_first_is_a_second_call() -> None:
    for second in ("09:00:20", "09:00:20.001"):
        facts = told(values(f"""
            09:00:00  starts trunk1
            09:00:00  starts anna1@trunk1
            09:00:00  alerts anna1@trunk1
            09:00:20  stops  anna1@trunk1 19
            {second}  starts mobile1@trunk1
            {second}  alerts mobile1@trunk1
            09:00:40  stops  mobile1@trunk1 19
            09:00:40  stops  trunk1 16
        """))  # fmt: skip

        rang = [(leg.left_at or 0) // 1000 - moment("09:00:00") // 1000 for leg in legs(facts)]
        assert rang == [20, 40], second


def test_phones_that_begin_to_ring_one_by_one_are_one_call_from_first_to_last() -> None:
    facts = told(values("""
        09:00:00  starts trunk1
        09:00:00  starts anna1@trunk1
        09:00:10  starts anna2@trunk1
        09:00:20  stops  anna1@trunk1 19
        09:00:25  starts mobile1@trunk1
        09:00:30  stops  anna2@trunk1 19
        09:00:40  stops  mobile1@trunk1 19
        09:00:45  stops  trunk1 16
    """))  # fmt: skip

    (leg,) = legs(facts)
    assert (leg.entered_at, leg.left_at) == (moment("09:00:00"), moment("09:00:40"))
