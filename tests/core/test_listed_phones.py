"""Phones that a list shows in a call of which nobody has told: what they do, and until when."""

import random

import pytest

from schemas.events import decode
from schemas.facts import Fact, Leg
from tests.readings import comparable, legs, states
from tests.timetable import moment, run, values

AT_WORK = "08:59:00 login Anna sales 0 SIP/anna\n"


def told(text: str) -> list[Fact]:
    return run(values(AT_WORK + text))[1]


def does(facts: list[Fact]) -> list[tuple[str, int, int | None]]:
    """Return what Anna did and when, without what came before her phone."""
    found = [(each.state, each.started_at, each.ended_at) for each in states(facts, "Anna")]
    return [each for each in found if each[1] != moment("08:59:00")]


def told_of(leg: Leg) -> tuple[str, str, int, int | None, int | None, str]:
    return (
        leg.direction,
        leg.outcome,
        leg.entered_at,
        leg.answered_at,
        leg.ended_at,
        leg.clock,
    )


OUTBOUND = """
    09:10:00.100  there  c1 anna1 bridged 300 09:10:00
    09:10:00.100  there  c1 trunk7@anna1 bridged 299 09:10:00
    09:10:00.200  channels_end c1 2 09:10:00
"""


def test_a_call_that_was_placed_unheard_lasts_since_its_channel_was_there() -> None:
    facts = told(f"""{OUTBOUND}
        09:15:00  stops trunk7@anna1
        09:15:00  stops anna1
    """)

    began, answered, over = moment("09:05:00"), moment("09:05:01"), moment("09:15:00")
    assert [told_of(leg) for leg in legs(facts)] == [
        ("out", "answered", began, answered, over, "estimated")
    ]
    assert does(facts) == [("talking", began, over), ("ready", over, None)]


@pytest.mark.parametrize("later", ["", "09:50:01 channels_end c3 0 09:50:00"])
def test_a_phone_that_a_queue_dialled_makes_no_direct_call_once_the_visit_is_forgotten(
    later: str,
) -> None:
    """Its hang-up was lost in a gap; the next list after half an hour is of another gap."""
    facts = told(f"""
        09:10:00.100  starts trunk7
        09:10:00.200  enter  trunk7 sales
        09:10:00.300  starts anna1@trunk7
        09:10:00.300  ring   trunk7 sales Anna anna1 SIP/anna
        09:10:00.310  alerts anna1@trunk7
        09:10:09      log: answer trunk7 sales Anna 9
        09:10:30      log: end    trunk7 sales Anna caller 21
        09:11:01      channels_end c2 0 09:11:00
        {"".join(f"09:{minute}:00 beat" + chr(10) for minute in range(12, 50))}
        {later}
    """)

    assert [(leg.queue_id, leg.outcome) for leg in legs(facts)] == [("sales", "answered")]


@pytest.mark.parametrize("word", ["09:12:01 channels_end c2 0 09:12:00", "09:12:01 restart"])
def test_it_ends_as_any_that_a_later_list_lacks_or_a_restart_cuts(word: str) -> None:
    facts = told(OUTBOUND + word)

    assert [leg.ended_at for leg in legs(facts)] == [moment("09:12:01")]
    assert does(facts)[0] == ("talking", moment("09:05:00"), moment("09:12:01"))


def test_a_call_that_is_listed_after_days_is_given_up_only_when_no_more_is_heard_of_it() -> (
    None
):
    listed = OUTBOUND.replace("bridged 300", "bridged 180000")

    (still,) = legs(told(f"{listed}\n10:00:00 beat"))
    (over,) = legs(told(f"{listed}\n2026-03-03 12:00:00 beat"))

    assert (still.outcome, still.ended_at) == ("answered", None)
    assert over.ended_at is not None
    assert over.ended_at > moment("09:10:00")


def test_who_rang_when_the_gap_began_and_is_connected_after_it_talks_since_the_list() -> None:
    facts = told("""
        09:00:00      starts trunk7
        09:00:01      starts anna1@trunk7
        09:00:02      alerts anna1@trunk7
        09:10:00.100  there  c1 anna1@trunk7 bridged 599 09:10:00
        09:10:00.100  there  c1 trunk7 bridged 600 09:10:00
        09:10:00.200  channels_end c1 2 09:10:00
    """)

    assert [told_of(leg) for leg in legs(facts)] == [
        ("in", "answered", moment("09:00:01"), moment("09:10:00"), None, "estimated")
    ]
    assert does(facts)[-1] == ("talking", moment("09:10:00"), None)


def test_a_list_that_has_a_call_again_takes_its_concluded_end_back() -> None:
    before = OUTBOUND.replace("09:10", "08:10").replace("c1", "c0")
    facts = told(f"""{before}
        08:20:00  channels_end c9 0 08:20:00
        {OUTBOUND}""")

    assert [leg.ended_at for leg in legs(facts)] == [None]


def test_who_dials_is_on_the_phone_and_who_is_called_is_reserved() -> None:
    facts = told("""
        09:10:00.100  there  c1 anna1 dialling 5 09:10:00
        09:10:00.200  channels_end c1 1 09:10:00
    """)
    called = told("""
        09:10:00.100  there  c1 trunk7 dialling 6 09:10:00
        09:10:00.100  there  c1 anna1@trunk7 ringing 5 09:10:00
        09:10:00.200  channels_end c1 2 09:10:00
    """)

    assert does(facts) == [("talking", moment("09:09:55"), None)]
    assert does(called) == [("reserved", moment("09:09:55"), None)]


def test_a_channel_that_has_ended_is_in_no_call_whatever_is_listed() -> None:
    facts = told(f"09:09:59.800 stops anna1\n{OUTBOUND}")

    assert legs(facts) == []
    assert does(facts) == []


def test_what_is_told_between_question_and_list_is_not_taken_back() -> None:
    before = """
        09:00:00      starts anna1 2025550101
        09:00:01      starts trunk7@anna1
        09:00:09      picks  trunk7@anna1
        09:00:09      joins  anna1 b1
        09:00:09      joins  trunk7@anna1 b1
    """
    after = "09:10:00.050 stops trunk7@anna1\n09:10:00.050 stops anna1\n"

    assert comparable(told(before + OUTBOUND)) == comparable(told(before))
    assert comparable(told(before + after + OUTBOUND)) == comparable(told(before + after))


# --- phones that a queue has rung ---------------------------------------------------------

OF_A_QUEUE = """
    09:10:00.100  there  c1 trunk7 queued 100 09:10:00
    09:10:00.100  there  c1 anna1@trunk7 queued 61 09:10:00
    09:10:00.200  channels_end c1 2 09:10:00
    09:10:00.300  queue  s1 sales 0
    09:10:00.300  member s1 Anna sales not - 09:10:00
    09:10:00.300  complete s1 09:10:00
"""
OVER = """
    09:12:00  stops anna1@trunk7
    09:12:00  stops trunk7
"""


def test_whom_a_queue_has_connected_unheard_talks_and_has_no_call_of_his_own() -> None:
    facts = told(OF_A_QUEUE + OVER)

    assert legs(facts) == []
    assert does(facts) == [
        ("talking", moment("09:08:59"), moment("09:12:00")),
        ("ready", moment("09:12:00"), None),
    ]


@pytest.mark.parametrize("word", [
    "09:12:00 log: end trunk7 sales Anna caller 178",
    "09:12:00 end trunk7 sales Anna caller 178",
    "09:08:22 log: enter trunk7 sales\n09:09:02 log: answer trunk7 sales Anna 40\n"
    "09:12:00 log: end trunk7 sales Anna caller 178",
])  # fmt: skip
def test_the_queues_word_makes_it_the_talk_of_the_queue(word: str) -> None:
    facts = told(f"{OF_A_QUEUE}{OVER}{word}")

    (leg,) = legs(facts)
    assert (leg.queue_id, leg.agent_id, leg.answered_at, leg.ended_at) == (
        "sales", "Anna", moment("09:09:02"), moment("09:12:00"),
    )  # fmt: skip
    assert does(facts)[-2:] == [
        ("talking", moment("09:09:02"), moment("09:12:00")),
        ("ready", moment("09:12:00"), None),
    ]


RANG = """
    09:09:00      starts trunk7
    09:09:01      enter  trunk7 sales
    09:09:02      starts anna1@trunk7
    09:09:02      ring   trunk7 sales Anna anna1 SIP/anna
"""


def test_who_answered_a_queue_in_the_gap_talks_since_the_list() -> None:
    facts = told(RANG + OF_A_QUEUE)

    assert [leg.queue_id for leg in legs(facts)] == ["sales"]
    assert does(facts)[-1] == ("talking", moment("09:10:00"), None)


# --- order --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_the_order_in_which_all_that_is_told_changes_nothing(seed: int) -> None:
    word = "09:12:00 log: end trunk7 sales Anna caller 120\n"
    at_work = AT_WORK.replace("08:59", "09:05")
    log, later = values(at_work + RANG + OF_A_QUEUE + OVER + word), values("09:30:00 beat")
    other = values(
        OUTBOUND.replace("anna1", "anna2").replace("k7", "k8") + "09:13:00 stops anna2"
    )
    _, in_order = run([*log, *other, *later])
    shuffled = [*log, *other, *log[::3]]
    random.Random(seed).shuffle(shuffled)

    _, facts = run([*shuffled, *later], size=1 + seed * 5)

    assert comparable(facts) == comparable(in_order)


@pytest.mark.parametrize("over", ["10:20:00 stops anna1", ""])
def test_a_call_that_only_a_list_told_of_ends_however_long_it_lasts(over: str) -> None:
    beats = "".join(
        f"\n{minute // 60:02}:{minute % 60:02}:00 beat" for minute in range(555, 840)
    )
    log = [*values(AT_WORK + OUTBOUND), *values(over), *values(beats)]
    facts = run(sorted(log, key=lambda value: decode(value).time))[1]

    ended = moment("10:20:00" if over else "13:10:00")
    assert [leg.ended_at for leg in legs(facts)] == [ended]
    assert does(facts)[-1] == ("ready", ended, None)
