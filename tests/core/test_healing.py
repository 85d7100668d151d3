"""What a gap hid and a snapshot heals: members, breaks, talks, ringings, as timetables."""

import random

import pytest

from schemas.facts import Fact
from stream_processors.core.state import State
from tests.readings import breaks, comparable, legs, offers, sessions, states
from tests.timetable import moment, run, values


def told(text: str) -> tuple[State, list[Fact]]:
    return run(values(text))


# --- members ------------------------------------------------------------------------------

AT_WORK = """
    09:00:00  login    Anna sales
    09:00:00  login    Anna support
    09:00:00  login    Boris sales
"""


def test_whom_a_snapshot_does_not_list_has_logged_out_when_it_was_complete() -> None:
    _, facts = told(f"""{AT_WORK}
        09:10:00  queue    s1 sales 0
        09:10:00  queue    s1 support 0
        09:10:00  member   s1 Boris sales
        09:10:01  complete s1
    """)

    assert [(each.agent_id, each.logged_out_at) for each in sessions(facts)] == [
        ("Anna", moment("09:10:01")), ("Boris", None),
    ]  # fmt: skip


def test_whoever_is_listed_in_one_of_his_queues_has_left_the_others_alone() -> None:
    state, facts = told(f"""{AT_WORK}
        09:10:00  queue    s1 sales 0
        09:10:00  queue    s1 support 0
        09:10:00  member   s1 Boris sales
        09:10:00  member   s1 Anna support
        09:10:01  complete s1
    """)

    assert set(state.agents["Anna"].now.queues) == {"support"}
    assert {each.logged_out_at for each in sessions(facts)} == {None}


def test_a_snapshot_says_nothing_of_members_of_other_queues() -> None:
    state, _ = told(f"""{AT_WORK}
        09:10:00  queue    s1 support 0
        09:10:01  complete s1
    """)

    assert set(state.agents["Anna"].now.queues) == {"sales"}
    assert set(state.agents["Boris"].now.queues) == {"sales"}


def test_a_queue_that_is_gone_from_the_pbx_has_no_members() -> None:
    _, facts = told(f"""{AT_WORK}
        09:10:00  queue    s1 sales2 0
        09:10:00  member   s1 Anna sales2
        09:10:01  complete s1 09:10:00 all
        09:20:00  pause    Anna sales2 lunch
        09:30:00  unpause  Anna sales2
        09:40:00  queue    s2 sales2 0
        09:40:01  complete s2 09:40:00 all
    """)

    assert [(each.agent_id, each.logged_out_at) for each in sessions(facts)] == [
        ("Anna", moment("09:40:01")), ("Boris", moment("09:10:01")),
    ]  # fmt: skip
    assert [(each.started_at, each.ended_at) for each in breaks(facts)] == [
        (moment("09:20:00"), moment("09:30:00"))
    ]


def test_a_log_in_to_no_queue_in_particular_is_in_no_snapshot() -> None:
    _, facts = told("""
        09:00:00  login    Anna *
        09:10:01  complete s1 09:10:00 all
    """)

    assert [each.logged_out_at for each in sessions(facts)] == [None]


@pytest.mark.parametrize("of", ["", "09:10:00 all"])
def test_a_snapshot_of_another_pbx_says_nothing_of_ours(of: str) -> None:
    ours = values(AT_WORK)
    theirs = values(f"09:10:00 queue s1 sales 0\n09:10:01 complete s1 {of}", source="pbx2")

    _, facts = run([*ours, *theirs])

    assert {each.logged_out_at for each in sessions(facts)} == {None}


def test_who_joined_or_left_after_it_was_asked_for_is_as_he_was_told_to_be() -> None:
    _, facts = told("""
        09:00:00  login    Boris sales
        09:10:00.100  login   Anna sales
        09:10:00.200  logout  Boris sales
        09:10:01  queue    s1 sales 0
        09:10:01  member   s1 Boris sales not - 09:10:00
        09:10:01  complete s1 09:10:00
    """)

    assert [(each.agent_id, each.logged_out_at) for each in sessions(facts)] == [
        ("Boris", moment("09:10:00.200")), ("Anna", None),
    ]  # fmt: skip


def test_the_queue_log_knows_better_when_somebody_left() -> None:
    snapshot = values("09:10:00 queue s1 sales 0\n09:10:01 complete s1")
    log = values("09:06:00 log: logout Anna sales")
    joined = values("09:00:00 login Anna sales")

    for order in ([*joined, *log, *snapshot], [*joined, *snapshot, *log]):
        _, facts = run(order)
        assert [each.logged_out_at for each in sessions(facts)] == [moment("09:06:00")]


# --- breaks -------------------------------------------------------------------------------


def test_a_break_that_began_in_a_gap_begins_with_the_snapshot() -> None:
    _, facts = told("""
        09:00:00  login    Anna sales
        09:10:00  queue    s1 sales 0
        09:10:00  member   s1 Anna sales paused lunch
        09:10:01  complete s1
    """)

    assert [(each.started_at, each.ended_at, each.reason) for each in breaks(facts)] == [
        (moment("09:10:00"), None, "lunch")
    ]


def test_a_break_that_ended_in_a_gap_ends_with_the_snapshot() -> None:
    _, facts = told("""
        09:00:00  login    Anna sales
        09:05:00  pause    Anna sales lunch
        09:10:00  queue    s1 sales 0
        09:10:00  member   s1 Anna sales
        09:10:01  complete s1
    """)

    assert [(each.started_at, each.ended_at) for each in breaks(facts)] == [
        (moment("09:05:00"), moment("09:10:00"))
    ]
    assert [each.state for each in states(facts, "Anna")] == ["ready", "not_ready", "ready"]


@pytest.mark.parametrize(("reason", "told_reasons"), [
    ("", ["lunch"]), ("lunch", ["lunch"]), ("training", ["lunch", "training"]),
])  # fmt: skip
def test_another_reason_is_another_break_and_none_is_no_news(
    reason: str, told_reasons: list[str]
) -> None:
    _, facts = told(f"""
        09:00:00  login    Anna sales
        09:05:00  pause    Anna sales lunch
        09:10:00  queue    s1 sales 0
        09:10:00  member   s1 Anna sales paused {reason}
        09:10:01  complete s1
    """)

    assert [each.reason for each in breaks(facts)] == told_reasons


# --- channels -----------------------------------------------------------------------------

TALK = """
    09:00:00  enter    a sales
    09:00:05  ring     a sales Anna a-Anna SIP/anna
    09:00:10  answer   a sales Anna
"""


def talk_after(text: str, talk: str = TALK) -> tuple[str, int | None, str, str]:
    _, facts = told(f"{talk}{text}")
    (leg,) = legs(facts)
    return leg.outcome, leg.ended_at, leg.ended_by, leg.clock


GONE = ("answered", moment("09:10:01"), "unknown", "estimated")
GOES_ON = ("answered", None, "", "source")


def test_a_talk_whose_caller_is_not_listed_is_over() -> None:
    assert talk_after("09:10:01 channels_end c1 0 09:10:00") == GONE


def test_a_talk_whose_caller_lives_on_without_its_agent_is_over() -> None:
    assert talk_after("""
        09:10:00  channel      c1 a
        09:10:01  channels_end c1 1 09:10:00
    """) == GONE  # fmt: skip


def test_a_talk_whose_channels_are_listed_goes_on() -> None:
    assert talk_after("""
        09:10:00  channel      c1 a
        09:10:00  channel      c1 a-Anna
        09:10:01  channels_end c1 2 09:10:00
    """) == GOES_ON  # fmt: skip


def test_a_local_channel_may_go_while_the_talk_goes_on() -> None:
    local = TALK.replace("SIP/anna", "Local/7@agents")

    assert talk_after("""
        09:10:00  channel      c1 a
        09:10:01  channels_end c1 1 09:10:00
    """, local) == GOES_ON  # fmt: skip


def test_a_talk_that_began_between_question_and_answer_goes_on() -> None:
    assert talk_after("09:00:30 channels_end c1 0 09:00:09") == GOES_ON


def test_a_list_of_which_a_part_is_missing_says_nothing() -> None:
    assert talk_after("09:10:01 channels_end c1 5 09:10:00") == GOES_ON


def test_an_end_that_is_told_later_is_finer_than_the_snapshot() -> None:
    outcome = talk_after("""
        09:10:01       channels_end c1 0 09:10:00
        09:04:00 log:  end a sales Anna caller 230
    """)

    assert outcome == ("answered", moment("09:04:00"), "caller", "source")


def test_a_ringing_and_a_wait_whose_channels_are_not_listed_are_over() -> None:
    _, facts = told("""
        09:00:00  enter    a sales
        09:00:00  enter    b sales
        09:00:05  ring     a sales Anna
        09:00:20  channel      c1 a
        09:00:21  channels_end c1 1 09:00:20
    """)

    assert [(each.result, each.ended_at) for each in offers(facts)] == [
        ("failed", moment("09:00:21"))
    ]
    assert [(leg.interaction_id, leg.outcome, leg.left_at) for leg in legs(facts)] == [
        ("a", "waiting", None), ("b", "system", moment("09:00:21")),
    ]  # fmt: skip


OUTBOUND = """
    08:59:00  login    Anna sales 0 SIP/anna
    09:00:00  starts   anna1 2025550101
    09:00:01  starts   trunk7@anna1
    09:00:09  picks    trunk7@anna1
    09:00:09  joins    anna1 b1
    09:00:09  joins    trunk7@anna1 b1
"""


def test_a_direct_call_whose_channel_is_not_listed_is_over_and_its_agent_is_free() -> None:
    state, facts = told(f"""{OUTBOUND}
        09:10:01  channels_end c1 0 09:10:00
    """)

    (leg,) = legs(facts)
    assert (leg.ended_at, leg.ended_by, leg.clock) == (
        moment("09:10:01"), "system", "estimated",
    )  # fmt: skip
    assert state.agents["Anna"].now.state == "ready"


def test_a_part_of_a_list_that_comes_late_takes_the_end_of_a_call_back() -> None:
    listed = values("09:10:00 channel c1 anna1\n09:10:00 channel c1 trunk7")
    done = values("09:10:01 channels_end c1 1 09:10:00")

    _, facts = run([*values(OUTBOUND), listed[1], *done, listed[0]])

    assert [leg.ended_at for leg in legs(facts)] == [None]


# --- order --------------------------------------------------------------------------------

GAP = (
    AT_WORK
    + TALK
    + OUTBOUND
    + """
    09:01:00       login    Clara sales
    09:02:00       pause    Clara sales lunch
    09:03:00 log:  login    Dora support
    09:03:00 log:  login    Ewa old
    09:03:30       enter    w sales
    09:04:00 log:  logout   Boris sales
    09:04:10       channel  c1 w
    09:04:10       channels_end c1 1 09:04:09
    09:04:10       queue    s1 sales 1
    09:04:10       queue    s1 support 0
    09:04:10       listed   s1 w sales 40 09:04:09
    09:04:10       listed   s1 v sales 30 09:04:09
    09:04:10       listed   s1 u sales 20 09:04:09
    09:04:10       member   s1 Clara sales not - 09:04:09
    09:04:10       member   s1 Anna support paused lunch 09:04:09
    09:04:11       complete s1 09:04:09 all
    09:04:30 log:  abandon  u sales
    09:04:40       login    Boris sales
    09:05:00       beat
"""
)


@pytest.mark.parametrize("seed", range(12))
def test_a_gap_heals_the_same_in_whatever_order_it_is_told(seed: int) -> None:
    log, later = values(GAP), values("09:30:00 beat")
    _, in_order = run([*log, *later])
    shuffled = [*log, *log[::3]]
    random.Random(seed).shuffle(shuffled)

    state, facts = run([*shuffled, *later])

    assert comparable(facts) == comparable(in_order)
    assert {name: each.now.state for name, each in state.agents.items()} == {
        "Anna": "not_ready", "Boris": "ready", "Clara": "ready", "Dora": "offline",
        "Ewa": "offline",
    }  # fmt: skip


def test_a_snapshot_that_agrees_with_what_is_known_changes_nothing() -> None:
    before = AT_WORK + TALK + "09:02:00 pause Boris sales lunch\n"
    _, without = told(before)
    _, facts = told(f"""{before}
        09:04:10  channel  c1 a
        09:04:10  channel  c1 a-Anna
        09:04:10  channels_end c1 2 09:04:09
        09:04:10  queue    s1 sales 0
        09:04:10  queue    s1 support 0
        09:04:10  member   s1 Anna sales
        09:04:10  member   s1 Anna support
        09:04:10  member   s1 Boris sales paused lunch
        09:04:11  complete s1 09:04:09
    """)

    assert comparable(facts) == comparable(without)
