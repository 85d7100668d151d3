"""One visit told by two feeds, and exits that a feed tells only half of, as timetables."""

from random import Random

import pytest

from schemas.facts import Fact
from stream_processors.core.state import State
from tests.readings import breaks, comparable, legs, offers, sessions, states
from tests.timetable import moment, run, values


def told(text: str) -> tuple[State, list[Fact]]:
    return run(values(text))


# --- two feeds of one visit ---------------------------------------------------------------


def test_two_feeds_of_one_visit_merge_to_the_finer_times() -> None:
    state, facts = told("""
        09:00:00.250  enter  a sales
        09:00:00      log: enter  a sales
        09:00:10.400  leave  a sales
        09:00:10.401  answer a sales Anna
        09:00:10      log: answer a sales Anna 10
        09:00:40.700  end    a sales Anna caller
        09:00:40      log: end    a sales Anna caller 30
    """)

    (leg,) = legs(facts)
    assert (leg.entered_at, leg.ended_at) == (moment("09:00:00.250"), moment("09:00:40.700"))
    assert (leg.wait_ms, leg.talk_ms) == (10_150, 30_300)
    assert (leg.clock, leg.ended_by) == ("source", "caller")
    assert state.queues["sales"].totals["offered"] == 1
    assert state.queues["sales"].totals["answered"] == 1


BACK_TO_HIS_QUEUE = """
    09:00:00.250  enter  a sales
    09:00:10.400  leave  a sales
    09:00:10.401  answer a sales Anna
    09:00:40.600  transfer a sales
    09:00:40.700  end    a sales Anna agent
    09:00:40.702  enter  a sales
    09:00:40.752  leave  a sales
    09:00:40.753  answer a sales Anna
    09:01:20.300  end    a sales Anna caller
"""
LOG_OF_IT = """
    09:00:00      log: enter  a sales
    09:00:10      log: answer a sales Anna 10
    09:00:40      log: transfer a sales
    09:00:40      log: end    a sales Anna agent 30
    09:00:40      log: enter  a sales
    09:00:40      log: answer a sales Anna 0
    09:01:20      log: end    a sales Anna caller 40
"""


@pytest.mark.parametrize("seed", range(4))
def test_who_passes_a_caller_to_his_own_queue_may_have_him_back_within_the_second(
    seed: int,
) -> None:
    """Agents whose phones answer by themselves: the log tells all of it at one instant."""
    both = [*values(BACK_TO_HIS_QUEUE), *values(LOG_OF_IT)]
    _, facts = run(Random(seed).sample(both, len(both)) if seed else both)

    first, second = legs(facts)
    assert (first.wait_ms, first.talk_ms, first.ended_by) == (10_150, 30_300, "agent")
    assert (first.transferred_to, first.transfer_kind) == ("sales", "blind")
    assert (second.wait_ms, second.talk_ms, second.ended_by) == (50, 39_548, "caller")
    assert (second.transferred_to, second.transfer_kind) == ("", "")


TWICE_IN_A_SECOND = """
    09:00:00      log: enter  a sales
    09:00:00      log: answer a sales Anna 0
    09:00:00      log: end    a sales Anna agent 0
    09:00:00      log: enter  a sales
    09:00:10      log: answer a sales Bo 10
    09:00:40      log: end    a sales Bo caller 30
    09:00:00.350  enter  a sales
    09:00:00.400  leave  a sales
    09:00:00.401  answer a sales Anna
    09:00:00.930  end    a sales Anna agent
    09:00:00.940  enter  a sales
    09:00:10.380  leave  a sales
    09:00:10.381  answer a sales Bo
    09:00:40.400  end    a sales Bo caller
"""


def test_of_two_entries_of_one_second_each_feed_tells_the_first_one_first() -> None:
    _, facts = told(TWICE_IN_A_SECOND)

    assert [(leg.agent_id, leg.wait_ms, leg.talk_ms) for leg in legs(facts)] == [
        ("Anna", 50, 530), ("Bo", 9_440, 30_020)
    ]  # fmt: skip


def test_a_caller_who_comes_back_may_be_missed_by_who_had_answered_him() -> None:
    _, facts = told("""
        09:00:00  log: enter  a sales
        09:00:09  log: answer a sales Anna 9
        09:00:34  log: end    a sales Anna agent 25
        09:00:34  log: enter  a sales
        09:00:44  log: miss   a sales Anna
        09:00:44  log: timeout a sales
    """)

    assert [(each.agent_id, each.result) for each in offers(facts)] == [
        ("Anna", "answered"), ("Anna", "no_answer")
    ]  # fmt: skip


def test_which_feed_speaks_first_does_not_matter() -> None:
    fine = values("""
        09:00:00.250  enter  a sales
        09:00:10.400  leave  a sales
        09:00:10.401  answer a sales Anna
        09:00:40.700  end    a sales Anna caller
    """)
    coarse = values("""
        09:00:00  log: enter  a sales
        09:00:10  log: answer a sales Anna 10
        09:00:40  log: end    a sales Anna caller 30
    """)

    _, one = run([*fine, *coarse])
    _, other = run([*coarse, *fine])

    assert [leg.wait_ms for leg in legs(one)] == [10_150]
    assert [leg.wait_ms for leg in legs(other)] == [10_150]
    assert [leg.leg_id for leg in legs(one)] == [leg.leg_id for leg in legs(other)]


def test_a_log_that_writes_a_second_late_tells_of_the_same_visit() -> None:
    _, facts = told("""
        09:00:00.980  enter   a sales
        09:00:01      log: enter   a sales
        09:00:07.990  abandon a sales
        09:00:08      log: abandon a sales
    """)

    (leg,) = legs(facts)
    assert (leg.outcome, leg.wait_ms) == ("abandoned", 7_010)
    assert leg.first_second == moment("09:00:00") // 1000


def test_the_log_tells_what_the_manager_interface_lost() -> None:
    state, facts = told("""
        09:00:00.250  enter  a sales
        09:00:00      log: enter  a sales
        09:00:10      log: answer a sales Anna 10
        09:00:40      log: end    a sales Anna caller 30
    """)

    (leg,) = legs(facts)
    assert (leg.outcome, leg.agent_id, leg.ended_by) == ("answered", "Anna", "caller")
    assert (leg.entered_at, leg.wait_ms) == (moment("09:00:00.250"), 10_000)
    assert (leg.ended_at, leg.talk_ms) == (moment("09:00:40"), 30_000)
    assert len(state.queues["sales"].waiting) == 0


def test_the_manager_interface_tells_how_a_visit_ended_that_began_unseen() -> None:
    _, facts = told("""
        09:00:00      log: enter  a sales
        09:00:10.400  leave  a sales
        09:00:10.401  answer a sales Anna 10
        09:00:40.700  end    a sales Anna caller
        09:00:10      log: answer a sales Anna 10
        09:00:40      log: end    a sales Anna caller 30
    """)

    (leg,) = legs(facts)
    assert (leg.entered_at, leg.wait_ms) == (moment("09:00:00"), 10_000)
    assert (leg.ended_at, leg.talk_ms) == (moment("09:00:40.700"), 30_300)


def test_a_visit_of_which_only_the_end_was_told_began_as_long_ago_as_the_wait() -> None:
    _, facts = told("09:00:10 log: answer a sales Anna 10")

    (leg,) = legs(facts)
    assert (leg.entered_at, leg.wait_ms, leg.clock) == (
        moment("09:00:00"),
        10_000,
        "estimated",
    )


def test_a_miss_told_by_both_feeds_is_one_ring() -> None:
    _, facts = told("""
        09:00:00.100  enter a sales
        09:00:00      log: enter a sales
        09:00:01.200  ring  a sales Anna
        09:00:09.300  miss  a sales Anna
        09:00:09      log: miss a sales Anna
    """)

    (offer,) = offers(facts)
    assert (offer.result, offer.ring_ms) == ("no_answer", 8_100)


def test_the_echo_of_a_pause_is_no_second_break() -> None:
    _, facts = told("""
        09:00:00.300  login   Anna sales
        09:00:00      log: login   Anna sales
        09:10:00.700  pause   Anna sales lunch
        09:10:00      log: pause   Anna sales lunch
        09:20:00.100  unpause Anna sales
        09:20:00      log: unpause Anna sales
        10:00:00.100  logout  Anna sales
        10:00:00      log: logout  Anna sales
    """)

    (lunch,) = breaks(facts)
    assert (lunch.reason, lunch.started_at) == ("lunch", moment("09:10:00.700"))
    assert lunch.ended_at == moment("09:20:00.100")
    assert [(each.logged_in_at, each.logged_out_at) for each in sessions(facts)] == [
        (moment("09:00:00.300"), moment("10:00:00.100"))
    ]


def test_a_break_that_one_feed_lost_is_told_by_the_other() -> None:
    _, facts = told("""
        09:00:00.300  login   Anna sales
        09:00:00      log: login   Anna sales
        09:10:00      log: pause   Anna sales lunch
        09:20:00      log: unpause Anna sales
        09:30:00.200  pause   Anna sales tea
        09:30:00      log: pause   Anna sales tea
        09:35:00.200  unpause Anna sales
        09:35:00      log: unpause Anna sales
    """)

    assert [(each.reason, each.started_at, each.duration_ms) for each in breaks(facts)] == [
        ("lunch", moment("09:10:00"), 600_000),
        ("tea", moment("09:30:00.200"), 300_000),
    ]


BY_INTERFACE = """
    09:00:00.300  login   Anna sales 0 SIP/7 SIP/7
    09:00:00      log: login   SIP/7 sales
    09:01:00      log: login   SIP/9 sales
    09:05:00.300  pause   Anna sales lunch
    09:05:00      log: pause   Anna sales lunch
    09:06:00.300  logout  Anna sales SIP/7
    09:06:00      log: logout  SIP/7 sales
    09:07:00.300  login   Boris sales 0 SIP/7 SIP/7
    09:07:00      log: login   SIP/7 sales
    09:07:30      beat
"""
"""Asterisk's default: the log tells names, but not of joining and leaving queues."""


@pytest.mark.parametrize("size", [1, 5, 40])
def test_members_whom_the_log_calls_by_interface_are_those_of_that_name(size: int) -> None:
    log = [*values(BY_INTERFACE), *values(BY_INTERFACE)[::3]]
    later = values("09:40:00 beat")
    expected = {
        ("Anna", moment("09:00:00.300"), moment("09:06:00.300")),
        ("Boris", moment("09:07:00.300"), None),
        ("SIP/9", moment("09:01:00"), None),  # of no other name
    }

    for seed in range(40):
        shuffled = Random(seed).sample(log, len(log)) if seed else log
        _, facts = run([*shuffled, *later], size=size)

        assert {(each.agent_id, each.logged_in_at, each.logged_out_at)
                for each in sessions(facts)} == expected  # fmt: skip
        assert [each.agent_id for each in breaks(facts)] == ["Anna"]
        assert states(facts, "SIP/7") == []


@pytest.mark.parametrize("back", ["09:00", "08:56"])
@pytest.mark.parametrize("finer", [True, False])
def test_a_clock_that_is_set_back_in_a_wait_makes_no_second_visit(
    back: str, finer: bool
) -> None:
    told_so = [
        "09:00:30.250 enter a sales", "09:00:30 log: enter a sales",
        f"{back}:20.400 leave a sales", f"{back}:20.401 answer a sales Anna 0",
        f"{back}:20 log: answer a sales Anna 0", f"{back}:50.700 end a sales Anna caller",
        f"{back}:50 log: end a sales Anna caller 30",
    ]  # fmt: skip
    log = values("\n".join(each for each in told_so if finer or "log:" in each))

    for seed in range(20):
        _, facts = run(Random(seed).sample(log, len(log)) if seed else log)

        (leg,) = legs(facts)
        assert (leg.outcome, leg.wait_ms, leg.talk_ms) == (
            "answered", 0, 30_300 if finer else 30_000,
        )  # fmt: skip
        assert [each.ended_at for each in states(facts, "Anna") if each.state == "talking"] == [
            leg.ended_at
        ]


@pytest.mark.parametrize("back", ["09:00", "08:56"])
@pytest.mark.parametrize("finer", [True, False])
def test_a_clock_that_is_set_back_in_a_talk_makes_no_second_visit(
    back: str, finer: bool
) -> None:
    told_so = [
        "09:00:25.250 enter a sales", "09:00:25 log: enter a sales",
        "09:00:30.400 leave a sales", "09:00:30.401 answer a sales Anna 5",
        "09:00:30 log: answer a sales Anna 5", f"{back}:20.700 end a sales Anna caller 0",
        f"{back}:20 log: end a sales Anna caller 0",
    ]  # fmt: skip
    log = values("\n".join(each for each in told_so if finer or "log:" in each))

    for seed in range(20):
        _, facts = run(Random(seed).sample(log, len(log)) if seed else log)

        (leg,) = legs(facts)
        assert (leg.outcome, leg.talk_ms, leg.ended_at) == ("answered", 0, leg.answered_at)
        assert "talking" not in {each.state for each in states(facts, "Anna")}


@pytest.mark.parametrize("ghost", [
    "09:00:40 log: abandon a sales", "09:00:41 log: abandon a sales desk 21",
    "09:00:55 log: abandon a sales desk 55", "09:00:20 log: abandon a sales",
])  # fmt: skip
@pytest.mark.parametrize("finer", ["09:00:00.250 enter a sales", "09:00:00.250 beat"])
def test_who_was_answered_cannot_abandon_any_more(ghost: str, finer: str) -> None:
    seen = f"""{finer}
        09:00:00  log: login  Anna sales
        09:00:00  log: enter  a sales
        09:00:10  log: answer a sales Anna 10
        09:00:40  log: end    a sales Anna agent 30
    """
    _, without = told(f"{seen}\n09:01:00 beat")

    for text in (f"{seen}\n{ghost}\n09:01:00 beat", f"{ghost}\n{seen}\n09:01:00 beat"):
        _, facts = run([*values(text), *values(ghost)])

        assert comparable(facts) == comparable(without)
        assert [(each.state, each.started_at) for each in states(facts, "Anna")][-2:] == [
            ("talking", moment("09:00:10")), ("ready", moment("09:00:40")),
        ]  # fmt: skip


# --- nobody answered: why did he leave ----------------------------------------------------


@pytest.mark.parametrize(
    ("after", "outcome"),
    [
        ("09:00:30.300 hangup a desk,100,4", "abandoned"),
        ("09:00:45 hangup a desk,200,1", "timeout"),
        ("09:00:45 beat", "timeout"),
        ("09:00:30.080 hangup a desk,h,1", "abandoned"),
        ("09:00:45 hangup a desk,h,1", "timeout"),
        ("09:00:30.080 hangup a", "abandoned"),
        ("09:00:45 hangup a", "timeout"),
        ("09:00:30.001 timeout a", "timeout"),
        ("09:00:30.001 empty a", "empty"),
    ],
    ids=[
        "died where he stood", "went on elsewhere", "lives on",
        "hang-up handler at once", "hang-up handler later",
        "place unknown, at once", "place unknown, later",
        "dial plan says timeout", "dial plan says empty",
    ],
)  # fmt: skip
def test_a_caller_nobody_answered_is_told_apart_by_what_his_channel_does(
    after: str, outcome: str
) -> None:
    _, facts = told(f"""
        09:00:00  enter      a sales
        09:00:30  unanswered a sales desk,100,4
        {after}
    """)

    assert [(leg.outcome, leg.wait_ms) for leg in legs(facts)] == [(outcome, 30_000)]


def test_a_caller_who_had_hung_up_before_has_abandoned() -> None:
    _, facts = told("""
        09:00:00      enter      a sales
        09:00:29.990  request    a
        09:00:30      unanswered a sales desk,100,4
        09:00:31      hangup     a desk,200,1
    """)

    (leg,) = legs(facts)
    assert (leg.outcome, leg.ended_by) == ("abandoned", "caller")


def test_what_the_log_says_of_an_exit_wins_over_what_the_channel_suggests() -> None:
    _, facts = told("""
        09:00:00.100  enter      a sales
        09:00:00      log: enter a sales
        09:00:15.200  unanswered a sales desk,100,4
        09:00:15      log: timeout a sales
        09:00:15.300  hangup     a desk,100,4
    """)

    assert [(leg.outcome, leg.ended_by) for leg in legs(facts)] == [("timeout", "system")]


def test_a_caller_of_whom_only_his_leaving_was_said_pressed_a_key() -> None:
    _, facts = told("""
        09:00:00  enter  a sales
        09:00:30  leave  a sales
        09:01:00  hangup a desk,200,1
    """)

    assert [leg.outcome for leg in legs(facts)] == ["key"]


def test_a_caller_who_hung_up_and_left_has_abandoned_though_nobody_said_so() -> None:
    _, facts = told("""
        09:00:00      enter   a sales
        09:00:29.990  request a
        09:00:30      leave   a sales
    """)

    assert [leg.outcome for leg in legs(facts)] == ["abandoned"]


def test_who_comes_back_to_a_queue_unheard_is_answered_for_the_second_time_he_waits() -> None:
    text = """
        09:00:00    enter a sales
        09:00:00    log: enter a sales
        09:00:04    log: answer a sales Anna
        09:00:20    log: end a sales Anna agent
        09:00:20    log: enter a sales
        09:00:26.1  ring  a sales Boris
        09:00:30.2  leave a sales
        09:00:30.2  answer a sales Boris
        09:00:30    log: answer a sales Boris
        09:00:50.3  end   a sales Boris caller
        09:00:50    log: end a sales Boris caller
        09:10:00    beat
    """
    log = values(text)
    _, straight = run(log)
    _, crooked = run([log[0], *log[5:], *log[1:5]])

    assert [(leg.agent_id, leg.answered_at, leg.ended_at) for leg in legs(straight)] == [
        ("Anna", moment("09:00:04"), moment("09:00:20")),
        ("Boris", moment("09:00:30.2"), moment("09:00:50.3")),
    ]
    assert comparable(crooked) == comparable(straight)


def test_who_comes_back_to_a_queue_unheard_gives_up_for_the_second_time_he_waits() -> None:
    text = """
        09:00:00    enter   a sales
        09:00:00    log: enter a sales
        09:00:04    log: answer a sales Anna
        09:00:20    log: end a sales Anna agent
        09:00:20    log: enter a sales
        09:00:30.2  request a
        09:00:30.2  unanswered a sales
        09:00:30.2  leave   a sales
        09:00:30    log: abandon a sales
        09:10:00    beat
    """

    assert [(leg.outcome, leg.left_at) for leg in legs(run(values(text))[1])] == [
        ("answered", moment("09:00:04")), ("abandoned", moment("09:00:30.2")),
    ]  # fmt: skip
