"""What one agent did: sessions, breaks and states, told as timetables."""

import pytest

from schemas.facts import Fact
from tests.core.phoned import shown
from tests.readings import breaks, sessions, states
from tests.timetable import moment, run, terms, values


def told(text: str) -> list[Fact]:
    return run(values(text))[1]


def taken(facts: list[Fact]) -> list[tuple[str, int, int | None]]:
    return [(each.reason, each.started_at, each.ended_at) for each in breaks(facts)]


def present(facts: list[Fact]) -> list[tuple[str, int, int | None]]:
    return [(each.agent_id, each.logged_in_at, each.logged_out_at) for each in sessions(facts)]


# --- talking ------------------------------------------------------------------------------


def test_a_log_out_in_mid_talk_ends_the_session_and_not_the_talk() -> None:
    facts = told("""
        09:00:00  login  Anna sales
        09:00:50  enter  a sales
        09:01:00  answer a sales Anna
        09:02:00  logout Anna sales
        09:03:00  end    a sales Anna caller
    """)

    assert present(facts) == [("Anna", moment("09:00:00"), moment("09:02:00"))]
    assert shown(facts) == [
        ("ready", moment("09:00:00"), moment("09:01:00")),
        ("talking", moment("09:01:00"), moment("09:03:00")),
    ]


def test_a_pause_in_mid_talk_is_a_break_at_once_and_a_state_after_the_talk() -> None:
    facts = told("""
        09:00:00  login   Anna sales
        09:00:50  enter   a sales
        09:01:00  answer  a sales Anna
        09:02:00  pause   Anna sales lunch
        09:03:00  end     a sales Anna caller
        09:10:00  unpause Anna sales
    """)

    assert taken(facts) == [("lunch", moment("09:02:00"), moment("09:10:00"))]
    assert shown(facts) == [
        ("ready", moment("09:00:00"), moment("09:01:00")),
        ("talking", moment("09:01:00"), moment("09:03:00")),
        ("not_ready", moment("09:03:00"), moment("09:10:00")),
        ("ready", moment("09:10:00"), None),
    ]


def test_a_missed_ring_is_a_time_of_its_own() -> None:
    facts = told("""
        09:00:00  login Anna sales
        09:00:50  enter a sales
        09:01:00  ring  a sales Anna
        09:01:08  miss  a sales Anna
    """)

    assert shown(facts) == [
        ("ready", moment("09:00:00"), moment("09:01:00")),
        ("reserved", moment("09:01:00"), moment("09:01:08")),
        ("ready", moment("09:01:08"), None),
    ]


def test_two_queues_may_ring_an_agent_at_once() -> None:
    facts = told("""
        09:00:00  login   Anna sales
        09:00:00  login   Anna support
        09:01:00  enter   a sales
        09:01:00  enter   b support
        09:01:00  enter   c support
        09:01:02  ring    a sales Anna
        09:01:03  ring    b support Anna
        09:01:06  cancel  b support Anna
        09:01:10  ring    c support Anna
        09:01:16  answer  a sales Anna
        09:01:20  end     a sales Anna caller
        09:01:25  miss    c support Anna
    """)

    assert [(each.state, each.started_at) for each in states(facts, "Anna")] == [
        ("ready", moment("09:00:00")), ("reserved", moment("09:01:02")),
        ("talking", moment("09:01:16")), ("reserved", moment("09:01:20")),
        ("ready", moment("09:01:25")),
    ]  # fmt: skip


def test_work_after_a_call_lasts_as_long_as_the_queue_gives() -> None:
    facts = told("""
        09:00:00  login  Anna sales 3
        09:00:50  enter  a sales
        09:01:00  answer a sales Anna
        09:02:00  end    a sales Anna caller
        09:02:10  beat
    """)

    assert shown(facts) == [
        ("ready", moment("09:00:00"), moment("09:01:00")),
        ("talking", moment("09:01:00"), moment("09:02:00")),
        ("wrapup", moment("09:02:00"), moment("09:02:03")),
        ("ready", moment("09:02:03"), None),
    ]


def test_a_member_who_is_only_ever_listed_has_the_work_after_a_call_that_his_list_says() -> (
    None
):
    facts = told("""
        09:00:00  queue    s1 sales 0
        09:00:00  member   s1 Anna sales free - 08:59:59 SIP/7 in 3
        09:00:00  complete s1
        09:00:50  enter    a sales
        09:01:00  answer   a sales Anna
        09:02:00  end      a sales Anna caller
        09:02:10  beat
    """)

    assert shown(facts) == [
        ("ready", moment("09:00:00"), moment("09:01:00")),
        ("talking", moment("09:01:00"), moment("09:02:00")),
        ("wrapup", moment("09:02:00"), moment("09:02:03")),
        ("ready", moment("09:02:03"), None),
    ]


AFTER_WORK_IN_ORDER = """
    09:00:00  login   Anna sales 15
    09:00:50  enter   a sales
    09:01:00  answer  a sales Anna
    09:02:00  end     a sales Anna caller
    09:02:00  pause   Anna * wrap
    09:02:14  unpause Anna *
"""


@pytest.mark.parametrize("size", [1, 60])
@pytest.mark.parametrize(
    "late",
    ["09:02:15.001 beat", "09:02:15.001 enter b sales\n09:02:15.001 answer b sales Anna"],
    ids=["time", "call"],
)
def test_an_unpause_told_after_the_queues_time_was_over_shortens_nothing(
    late: str, size: int
) -> None:
    """The queue gives fifteen seconds, whatever he pauses, and whichever comes first."""
    in_order = values(AFTER_WORK_IN_ORDER + late)
    unpause = in_order[5]
    swapped = [*in_order[:5], *in_order[6:], unpause]

    straight = run(in_order, size=size)[1]
    crooked = run(swapped, size=size)[1]

    assert ("wrapup", moment("09:02:00"), moment("09:02:15")) in shown(straight)
    assert shown(crooked) == shown(straight)


# --- breaks -------------------------------------------------------------------------------


def test_pauses_of_all_queues_some_milliseconds_apart_are_one_break() -> None:
    facts = told("""
        09:00:00      login   Anna sales
        09:00:00.001  login   Anna support
        09:10:00.004  pause   Anna sales lunch
        09:10:00.011  pause   Anna support lunch
        09:20:00.004  unpause Anna sales
        09:20:00.009  unpause Anna support
    """)

    assert taken(facts) == [("lunch", moment("09:10:00.004"), moment("09:20:00.004"))]
    assert shown(facts) == [
        ("ready", moment("09:00:00"), moment("09:10:00.011")),
        ("not_ready", moment("09:10:00.011"), moment("09:20:00.004")),
        ("ready", moment("09:20:00.004"), None),
    ]


def test_paused_in_one_of_two_queues_is_no_break() -> None:
    facts = told("""
        09:00:00  login Anna sales
        09:00:00  login Anna support
        09:10:00  pause Anna sales lunch
        09:20:00  unpause Anna sales
    """)

    assert taken(facts) == []
    assert shown(facts) == [("ready", moment("09:00:00"), None)]


def test_paused_in_the_only_queue_left_is_a_break_from_then_on() -> None:
    facts = told("""
        09:00:00  login  Anna sales
        09:00:00  login  Anna support
        09:10:00  pause  Anna sales lunch
        09:30:00  logout Anna support
    """)

    assert taken(facts) == [("lunch", moment("09:30:00"), None)]
    assert shown(facts) == [
        ("ready", moment("09:00:00"), moment("09:30:00")),
        ("not_ready", moment("09:30:00"), None),
    ]


def test_a_log_out_ends_the_break() -> None:
    facts = told("""
        09:00:00      login  Anna sales
        09:00:00      login  Anna support
        09:10:00      pause  Anna * lunch
        09:30:00      logout Anna sales
        09:30:00.003  logout Anna support
        09:50:00      login  Anna sales
    """)

    assert taken(facts) == [("lunch", moment("09:10:00"), moment("09:30:00.003"))]
    assert present(facts) == [
        ("Anna", moment("09:00:00"), moment("09:30:00.003")),
        ("Anna", moment("09:50:00"), None),
    ]
    assert shown(facts)[-1] == ("ready", moment("09:50:00"), None)


def test_another_reason_is_another_break() -> None:
    facts = told("""
        09:00:00  login   Anna sales
        09:10:00  pause   Anna sales lunch
        09:30:00  pause   Anna sales training
        09:50:00  unpause Anna sales
    """)

    assert taken(facts) == [
        ("lunch", moment("09:10:00"), moment("09:30:00")),
        ("training", moment("09:30:00"), moment("09:50:00")),
    ]


def test_a_pause_to_finish_a_call_is_work_and_no_break() -> None:
    _, facts = run(
        values("""
            09:00:00  login   Anna sales
            09:10:00  pause   Anna sales Wrap-Up
            09:12:00  unpause Anna sales
        """),
        terms(),
    )

    assert taken(facts) == []
    assert shown(facts)[1] == ("wrapup", moment("09:10:00"), moment("09:12:00"))


# --- sessions -----------------------------------------------------------------------------


def test_the_first_queue_is_the_log_in_and_the_last_the_log_out() -> None:
    facts = told("""
        09:00:00  login  Anna sales
        09:05:00  login  Anna support
        17:00:00  logout Anna sales
        17:30:00  logout Anna support
    """)

    assert present(facts) == [("Anna", moment("09:00:00"), moment("17:30:00"))]


def test_a_ring_tells_of_a_membership_whose_beginning_was_not_seen() -> None:
    facts = told("""
        09:00:00  enter a sales
        09:00:02  ring  a sales Anna
        09:00:10  miss  a sales Anna
    """)

    assert present(facts) == [("Anna", moment("09:00:02"), None)]
    assert shown(facts) == [
        ("reserved", moment("09:00:02"), moment("09:00:10")),
        ("ready", moment("09:00:10"), None),
    ]


def test_whoever_signed_in_to_no_queue_in_particular_pauses_in_those_that_are_known() -> None:
    # A PBX that tells of the log-in once (AGENTLOGIN) and of pauses queue by queue.
    facts = told("""
        09:00:00  login   Anna *
        09:00:00  login   Anna support
        09:30:00  pause   Anna sales lunch
        09:30:00  pause   Anna support lunch
        09:50:00  unpause Anna sales
        09:50:00  unpause Anna support
        10:00:00  pause   Anna sales desk
        10:10:00  unpause Anna sales
        10:30:00  logout  Anna *
    """)

    assert taken(facts) == [("lunch", moment("09:30:00"), moment("09:50:00"))]
    assert shown(facts) == [
        ("ready", moment("09:00:00"), moment("09:30:00")),
        ("not_ready", moment("09:30:00"), moment("09:50:00")),
        ("ready", moment("09:50:00"), moment("10:30:00")),
    ]
