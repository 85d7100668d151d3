"""Agents of Asterisk's pool: they sign in by a number there, and queues know them otherwise."""

import pytest

from schemas.facts import Fact
from tests.core.phoned import shown
from tests.readings import comparable
from tests.timetable import moment, run, terms, values

SHIFT = """
    08:00:00  queue     s1 sales 0
    08:00:00  member    s1 Anna sales _ _ 08:00:00 Agent:1001 out
    08:00:00  complete  s1 08:00:00
    08:30:00  signs_in  1001
    09:00:00  pause     Anna sales lunch
    09:20:00  unpause   Anna sales
    10:00:00  signs_out 1001
    10:05:00  queue     s2 sales 0
    10:05:00  member    s2 Anna sales _ _ 10:05:00 Agent:1001 out
    10:05:00  complete  s2 10:05:00
"""


def told(log: list[bytes]) -> list[Fact]:
    return run([*log, *values("10:09:00 beat")], terms())[1]


AT_WORK = [
    ("ready", moment("08:30:00"), moment("09:00:00")),
    ("not_ready", moment("09:00:00"), moment("09:20:00")),
    ("ready", moment("09:20:00"), moment("10:00:00")),
]


def test_whoever_signs_in_to_the_pool_is_the_one_whom_queues_know_by_it() -> None:
    facts = told(values(SHIFT))

    assert shown(facts, "Anna") == AT_WORK
    assert shown(facts, "1001") == []


@pytest.mark.parametrize(
    ("form", "number"), [("Agent/1001", "1001"), ("Agent:1001", "Agent/1001")]
)
def test_older_forms_of_the_number_mean_the_same(form: str, number: str) -> None:
    text = SHIFT.replace("Agent:1001", form).replace("signs_in  1001", f"signs_in  {number}")

    assert shown(told(values(text)), "Anna") == AT_WORK


def test_whoever_is_listed_as_signed_in_is_at_work() -> None:
    facts = told(values("""
        08:00:00  queue     s1 sales 0
        08:00:00  member    s1 Anna sales _ _ 08:00:00 Agent:1001
        08:00:00  complete  s1 08:00:00
        08:10:00  signs_out 1001
    """))  # fmt: skip

    assert shown(facts, "Anna") == [("ready", moment("08:00:00"), moment("08:10:00"))]


def test_whom_no_queue_knows_by_his_number_is_called_by_it() -> None:
    facts = told(values("08:30:00 signs_in 1002\n 09:00:00 signs_out 1002"))

    assert shown(facts, "1002") == [("ready", moment("08:30:00"), moment("09:00:00"))]


def test_a_number_changes_hands_at_the_next_claim() -> None:
    facts = told(values(SHIFT + """
        10:06:00  login     Boris sales 0 Agent:1001
        10:06:01  logout    Boris sales
        10:07:00  signs_in  1001
        10:08:00  signs_out 1001
    """))  # fmt: skip

    assert shown(facts, "Anna") == AT_WORK
    assert ("ready", moment("10:07:00"), moment("10:08:00")) in shown(facts, "Boris")


def test_the_order_in_which_it_is_told_changes_nothing() -> None:
    log = values("""
        09:58:00  queue     s1 sales 0
        09:58:00  member    s1 Anna sales _ _ 09:58:00 Agent:1001 out
        09:58:00  complete  s1 09:58:00
        10:00:00  signs_in  1001
        10:02:00  pause     Anna sales lunch
        10:03:00  unpause   Anna sales
        10:05:00  signs_out 1001
    """)
    straight = told(log)
    assert shown(straight, "1001") == []
    for late in range(len(log)):
        crooked = told([*log[:late], *log[late + 1 :], log[late], log[late]])

        assert comparable(crooked) == comparable(straight), log[late]


def test_whoever_is_listed_as_signed_out_is_so_though_nobody_told_of_it() -> None:
    facts = told(values("""
        08:00:00  queue     s1 sales 0
        08:00:00  member    s1 Anna sales _ _ 08:00:00 Agent:1001 out
        08:00:00  complete  s1 08:00:00
        08:30:00  signs_in  1001
        09:00:00  lost
        09:30:00  queue     s2 sales 0
        09:30:00  member    s2 Anna sales _ _ 09:30:00 Agent:1001 out
        09:30:00  complete  s2 09:30:00
    """))  # fmt: skip

    assert shown(facts, "Anna") == [("ready", moment("08:30:00"), moment("09:30:00"))]


def test_whoever_signs_out_of_the_pool_stays_in_the_queues_that_ring_his_phone() -> None:
    facts = told(values("""
        08:00:00  login     Anna support 0 SIP/anna
        08:30:00  signs_in  1001
        09:30:00  queue     s1 support 0
        09:30:00  queue     s1 sales 0
        09:30:00  member    s1 Anna support _ _ 09:30:00 SIP/anna
        09:30:00  member    s1 Anna sales _ _ 09:30:00 Agent:1001 out
        09:30:00  complete  s1 09:30:00
    """))  # fmt: skip

    assert shown(facts, "Anna") == [("ready", moment("08:00:00"), None)]


# Nobody hears that Boris takes the number over while Anna is signed in with it.
HANDED_OVER = """
    08:00:00  login     Anna sales 0 Agent:1001
    08:00:01  logout    Anna sales
    08:00:02  signs_in  1001
    08:05:00  login     Boris sales 0 Agent:1001
    08:05:01  logout    Boris sales
    08:08:00  signs_out 1001
"""


def test_a_sign_out_ends_whoever_had_signed_in_though_the_number_is_another_s_since() -> None:
    log = values(HANDED_OVER)
    straight = told(log)

    assert shown(straight, "Anna")[-1] == ("ready", moment("08:00:02"), moment("08:08:00"))
    assert [end for _, _, end in shown(straight, "Boris") if end is None] == []
    for late in range(len(log)):
        crooked = told([*log[:late], *log[late + 1 :], log[late], log[late]])

        assert comparable(crooked) == comparable(straight), log[late]


def test_it_ends_who_has_been_signed_in_for_hours_too() -> None:
    beats = "\n".join(
        f"{minute // 60:02}:{minute % 60:02}:00 beat" for minute in range(485, 600)
    )
    log = [*values(HANDED_OVER.replace("08:08:00  signs_out 1001", "")), *values(beats)]

    facts = told([*log, *values("10:05:00 signs_out 1001")])

    assert shown(facts, "Anna")[-1] == ("ready", moment("08:00:02"), moment("10:05:00"))


def test_a_device_that_goes_to_another_and_back_is_whose_it_was_in_any_order() -> None:
    log = values("""
        08:00:00  login     Anna sales 0 Agent:1001
        08:02:00  login     Boris sales 0 Agent:1001
        08:02:01  logout    Boris sales
        08:04:00  login     Anna support 0 Agent:1001
        08:04:01  logout    Anna sales
        08:04:02  logout    Anna support
        08:06:00  signs_in  1001
        08:08:00  signs_out 1001
    """)
    straight = told(log)

    assert shown(straight, "Anna")[-1] == ("ready", moment("08:06:00"), moment("08:08:00"))
    for late in range(len(log)):
        crooked = told([*log[:late], *log[late + 1 :], log[late]])

        assert comparable(crooked) == comparable(straight), log[late]
