"""Callers who are kept waiting by whoever they talk with, told as timetables."""

from schemas.facts import Fact, Leg
from tests.core.phoned import shown
from tests.readings import comparable, legs
from tests.timetable import moment, run, terms, values

TALK = """
    08:59:00  login  Anna sales
    09:00:00  enter  trunk1 sales
    09:00:05  ring   trunk1 sales Anna
    09:00:10  answer trunk1 sales Anna
    {holds}
    09:02:10  end    trunk1 sales Anna caller
    09:02:10  stops  trunk1
    09:05:00  beat
"""
# The agent's channel as the queue named it: trunk1-Anna, of the contact trunk1.
MINE = "trunk1-Anna@trunk1"


def told(holds: str) -> tuple[Leg, list[Fact]]:
    facts = run(values(TALK.format(holds=holds)), terms())[1]
    (leg,) = legs(facts)
    return leg, facts


def test_talk_and_hold_are_what_was_handled() -> None:
    leg, facts = told(f"""
        09:00:30  holds   {MINE}
        09:00:50  resumes {MINE}
        09:01:00  holds   {MINE}
        09:01:15  resumes {MINE}
    """)

    assert leg.answered_at is not None
    assert leg.ended_at is not None
    assert (leg.talk_ms, leg.hold_ms) == (85_000, 35_000)
    assert leg.ended_at - leg.answered_at == 85_000 + 35_000
    assert [state for state, *_ in shown(facts)] == [
        "ready", "reserved", "talking", "holding", "talking", "holding", "talking", "ready",
    ]  # fmt: skip
    assert ("holding", moment("09:00:30"), moment("09:00:50")) in shown(facts)


def test_a_caller_who_hangs_up_on_hold_was_held_until_then() -> None:
    leg, facts = told(f"09:01:40  holds {MINE}")

    assert (leg.talk_ms, leg.hold_ms) == (90_000, 30_000)
    assert ("holding", moment("09:01:40"), moment("09:02:10")) in shown(facts)
    assert shown(facts)[-1] == ("ready", moment("09:02:10"), None)


def test_without_any_word_of_holds_their_length_is_unknown() -> None:
    leg, facts = told("")

    assert (leg.talk_ms, leg.hold_ms) == (120_000, None)
    assert "holding" not in {state for state, *_ in shown(facts)}


def test_a_retrieval_without_a_hold_means_nothing() -> None:
    leg, _ = told(f"09:01:40  resumes {MINE}")  # Asterisk sends one before each transfer

    assert (leg.talk_ms, leg.hold_ms) == (120_000, None)


def test_a_caller_who_puts_the_agent_on_hold_is_not_held() -> None:
    leg, facts = told("""
        09:00:30  holds   trunk1
        09:00:50  resumes trunk1
    """)

    assert (leg.talk_ms, leg.hold_ms) == (120_000, None)
    assert "holding" not in {state for state, *_ in shown(facts)}


def test_a_hold_that_two_channels_of_the_agent_tell_of_counts_once() -> None:
    # His phone, and the Local channel through which the queue reached it.
    leg, _ = told(f"""
        09:00:30      holds   {MINE}
        09:00:30.001  holds   anna1@trunk1
        09:00:50      resumes {MINE}
        09:00:50.001  resumes anna1@trunk1
    """)
    behind = TALK.replace(
        "09:00:10  answer", "09:00:06  starts anna1@trunk1\n 09:00:10  answer"
    )
    (both,) = legs(
        run(
            values(behind.format(holds=f"""
                09:00:30      holds   {MINE}
                09:00:30.001  holds   anna1@trunk1
                09:00:50      resumes {MINE}
                09:00:50.001  resumes anna1@trunk1
            """)),
            terms(),
        )[1]
    )  # fmt: skip

    assert (leg.hold_ms, leg.talk_ms) == (20_000, 100_000)
    assert (both.hold_ms, both.talk_ms) == (20_001, 99_999)


def test_a_direct_call_knows_holds_as_well() -> None:
    facts = run(
        values("""
            09:00:00  starts  trunk1
            09:00:01  starts  anna1@trunk1
            09:00:10  picks   anna1@trunk1
            09:00:20  holds   anna1@trunk1
            09:00:30  resumes anna1@trunk1
            09:01:10  parts   trunk1 b
            09:01:10  stops   trunk1
            09:01:10  stops   anna1@trunk1
        """),
        terms(agents={"Anna": {"devices": ["SIP/anna"]}}),
    )[1]

    (leg,) = legs(facts)
    assert (leg.talk_ms, leg.hold_ms) == (50_000, 10_000)
    assert shown(facts)[1:] == [
        ("talking", moment("09:00:10"), moment("09:00:20")),
        ("holding", moment("09:00:20"), moment("09:00:30")),
        ("talking", moment("09:00:30"), moment("09:01:10")),
    ]


SECOND = """
    08:59:00  login  Anna sales
    09:00:00  enter  trunk1 sales
    09:00:05  ring   trunk1 sales Anna
    09:00:10  answer trunk1 sales Anna
    09:00:30  enter  trunk2 sales
    09:00:35  ring   trunk2 sales Anna
    09:00:40  holds  trunk1-Anna@trunk1
    09:00:41  answer trunk2 sales Anna
    09:01:10  end    trunk2 sales Anna caller
"""


def test_whoever_takes_a_second_call_still_has_the_first_that_he_keeps_on_hold() -> None:
    facts = run(values(SECOND + """
        09:01:15  resumes trunk1-Anna@trunk1
        09:02:00  end    trunk1 sales Anna caller
        09:05:00  beat
    """), terms())[1]  # fmt: skip

    assert shown(facts)[2:] == [
        ("talking", moment("09:00:10"), moment("09:00:40")),
        ("holding", moment("09:00:40"), moment("09:00:41")),
        ("talking", moment("09:00:41"), moment("09:01:10")),
        ("holding", moment("09:01:10"), moment("09:01:15")),
        ("talking", moment("09:01:15"), moment("09:02:00")),
        ("ready", moment("09:02:00"), None),
    ]


def test_calls_that_ended_on_hold_leave_nothing_behind() -> None:
    state, facts = run(values(SECOND + """
        09:01:20  end    trunk1 sales Anna caller
        09:05:00  beat
    """), terms())  # fmt: skip

    assert shown(facts)[-1] == ("ready", moment("09:01:20"), None)
    assert state.agents["Anna"].now.held == []


def test_a_hold_lasts_no_longer_than_the_channel_that_told_of_it() -> None:
    # Passed on from hold, the caller comes back to the queue, and to the same agent.
    facts = run(values("""
        08:59:00  login  Anna sales
        09:00:00  enter  trunk1 sales
        09:00:05  ring   trunk1 sales Anna anna1
        09:00:05  starts anna1@trunk1
        09:00:10  answer trunk1 sales Anna
        09:00:30  holds  anna1@trunk1
        09:01:00  passes anna1@trunk1 - 700 trunk1
        09:01:00  end    trunk1 sales Anna agent
        09:01:00  stops  anna1@trunk1 16
        09:01:01  enter  trunk1 sales
        09:01:05  ring   trunk1 sales Anna anna2
        09:01:05  starts anna2@trunk1
        09:01:15  answer trunk1 sales Anna
        09:02:15  end    trunk1 sales Anna caller
        09:05:00  beat
    """), terms())[1]  # fmt: skip

    first, second = legs(facts)
    assert (first.talk_ms, first.hold_ms) == (20_000, 30_000)
    assert (second.talk_ms, second.hold_ms) == (60_000, None)


def test_a_talk_before_the_one_with_a_hold_has_none() -> None:
    first, second = legs(run(values("""
        08:59:00  login   Anna sales
        09:00:00  enter   trunk1 sales
        09:00:05  ring    trunk1 sales Anna anna1
        09:00:10  answer  trunk1 sales Anna
        09:01:10  end     trunk1 sales Anna agent
        09:01:11  enter   trunk1 sales
        09:01:15  ring    trunk1 sales Anna anna2
        09:01:15  starts  anna2@trunk1
        09:01:20  answer  trunk1 sales Anna _ anna2
        09:01:30  holds   anna2@trunk1
        09:01:40  resumes anna2@trunk1
        09:02:20  end     trunk1 sales Anna caller
        09:05:00  beat
    """), terms())[1])  # fmt: skip

    assert (first.talk_ms, first.hold_ms) == (60_000, None)
    assert (second.talk_ms, second.hold_ms) == (50_000, 10_000)


def test_a_talk_whose_end_was_lost_ended_when_its_caller_was_passed_on() -> None:
    log = values("""
        08:59:00  login  Anna sales
        09:00:00  enter  trunk1 sales
        09:00:05  starts anna1@trunk1
        09:00:10  answer trunk1 sales Anna
        09:00:30  holds  anna1@trunk1
        09:01:00  passes anna1@trunk1 - 700 trunk1
        09:01:00  stops  anna1@trunk1 16
        09:01:01  enter  trunk1 sales
        09:10:00  beat
    """)
    straight = run(log, terms())[1]
    crooked = run([*log[:5], log[6], log[5], *log[7:]], terms())[1]

    first = legs(straight)[0]
    assert (first.ended_at, first.ended_by) == (moment("09:01:00"), "agent")
    assert (first.talk_ms, first.hold_ms) == (20_000, 30_000)
    assert comparable(crooked) == comparable(straight)
