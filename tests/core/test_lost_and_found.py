"""What was never told: restarts, snapshots, limits and silence, as timetables."""

from random import Random

import pytest

from schemas.facts import Fact
from stream_processors.core.state import State
from tests.readings import breaks, legs, sessions, states, walls
from tests.timetable import moment, run, values


def told(text: str) -> tuple[State, list[Fact]]:
    return run(values(text))


# --- restarts -----------------------------------------------------------------------------


def test_a_restart_ends_a_wait() -> None:
    state, facts = told("""
        09:00:00  enter   a sales
        09:00:30  restart
    """)

    (leg,) = legs(facts)
    assert (leg.outcome, leg.clock, leg.left_at) == ("system", "estimated", moment("09:00:30"))
    assert len(state.queues["sales"].waiting) == 0


def test_a_restart_ends_talks_and_sessions() -> None:
    _, facts = told("""
        08:59:00  login   Anna sales
        09:00:00  enter   a sales
        09:00:10  answer  a sales Anna
        09:05:00  restart
        09:06:00  login   Anna sales
    """)

    (leg,) = legs(facts)
    assert (leg.outcome, leg.ended_at, leg.talk_ms) == (
        "answered",
        moment("09:05:00"),
        290_000,
    )
    assert (leg.ended_by, leg.clock) == ("unknown", "estimated")
    assert [(each.logged_in_at, each.logged_out_at) for each in sessions(facts)] == [
        (moment("08:59:00"), moment("09:05:00")),
        (moment("09:06:00"), None),
    ]
    assert [(each.state, each.started_at) for each in states(facts, "Anna")] == [
        ("ready", moment("08:59:00")),
        ("talking", moment("09:00:10")),
        ("ready", moment("09:06:00")),
    ]


def test_a_restart_told_late_spares_what_came_after_it() -> None:
    _, facts = told("""
        08:59:00  login Anna sales
        09:00:00  enter a sales
        09:02:00  login Boris sales
        09:02:00  enter b sales
        09:03:00  boot  09:01:00
    """)

    first, second = legs(facts)
    assert (first.outcome, first.left_at) == ("system", moment("09:01:00"))
    assert second.outcome == "waiting"
    assert [(each.agent_id, each.logged_out_at) for each in sessions(facts)] == [
        ("Anna", moment("09:01:00")),
        ("Boris", None),
    ]


@pytest.mark.parametrize("order", ["first", "last"])
def test_what_a_log_tells_of_the_second_of_a_boot_began_after_it(order: str) -> None:
    """Whoever signs his people in again as soon as Asterisk is up: the log cuts the second."""
    booted, log = (
        ["09:00:02  boot  09:00:00.400"],
        [
            "09:00:00  log: login   Clara sales",
            "09:00:00  log: enter   c sales",
        ],
    )
    before = ["08:59:59  log: login   Anna sales", "08:59:59  log: enter   a sales"]

    lines = [*before, *(booted + log if order == "first" else log + booted)]
    _, facts = told("\n".join(lines))

    assert {(each.agent_id, each.logged_in_at, each.logged_out_at)
            for each in sessions(facts)} == {
        ("Anna", moment("08:59:59"), moment("09:00:00")), ("Clara", moment("09:00:00"), None),
    }  # fmt: skip
    assert {each.interaction_id: each.outcome for each in legs(facts)} == {
        "a": "system", "c": "waiting",
    }  # fmt: skip


WITHIN_A_SECOND = """
    08:59:00  log: login   Anna sales
    08:59:00  log: enter   a sales
    09:00:00  log: login   Boris sales
    09:00:00  log: enter   b sales
    09:00:00  log: restart
    09:00:00  log: login   Clara sales
    09:00:00  log: pause   Clara sales Tea
    09:00:00  log: enter   c sales
    09:00:00  log: login   Anna support
"""
"""A log of whole seconds: what stands before the restart is over, what after it begins."""


@pytest.mark.parametrize("size", [1, 4, 9])
def test_of_one_second_the_log_tells_what_came_before_a_restart(size: int) -> None:
    log = values(WITHIN_A_SECOND)
    restart = moment("09:00:00")

    for order in range(40):
        facts = run(Random(order).sample(log, len(log)) if order else log, size=size)[1]

        assert {(each.agent_id, each.logged_in_at, each.logged_out_at)
                for each in sessions(facts)} == {
            ("Anna", moment("08:59:00"), restart), ("Anna", restart, None),
            ("Clara", restart, None),
        }  # fmt: skip
        assert [(each.agent_id, each.reason) for each in breaks(facts)] == [("Clara", "Tea")]
        assert {each.interaction_id: each.outcome for each in legs(facts)} == {
            "a": "system", "b": "system", "c": "waiting",
        }  # fmt: skip


def test_a_connection_to_a_source_that_runs_since_yesterday_ends_nothing() -> None:
    _, facts = told("""
        09:00:00  login Anna sales
        09:00:00  enter a sales
        09:03:00  boot  04:00:00
    """)

    assert [leg.outcome for leg in legs(facts)] == ["waiting"]
    assert [each.logged_out_at for each in sessions(facts)] == [None]


# --- gaps ---------------------------------------------------------------------------------


def gap_after(*lines: str) -> int | None:
    state, _ = run([value for line in lines for value in values(line)])
    return state.sources["pbx1"].gap_since


def test_a_gap_lasts_from_the_last_message_until_a_snapshot_is_complete() -> None:
    lost, found = "09:00:00 lost", "09:03:00 complete s1"

    assert gap_after("08:59:00 enter a sales") is None
    assert gap_after(lost, "09:02:00 login Anna sales") == moment("09:00:00")
    assert gap_after(lost, found) is None
    assert gap_after(lost, found, "09:10:00 lost") == moment("09:10:00")


def test_a_gap_and_its_end_may_be_told_in_any_order() -> None:
    lost, found = "09:00:00 lost", "09:03:00 complete s1"

    assert gap_after(found, lost, lost) is None
    assert gap_after("08:58:00 complete s0", lost) == moment("09:00:00")


def test_a_gap_ends_though_the_clock_of_the_source_was_set_back_meanwhile() -> None:
    lost, found = "09:00:00 lost", "08:55:00 complete s1"

    assert gap_after(lost, found) is None
    assert gap_after(found, lost, found) == moment("09:00:00"), "an old snapshot told twice"


# --- snapshots ----------------------------------------------------------------------------


def test_a_snapshot_that_lacks_a_waiting_caller_ends_his_wait() -> None:
    _, facts = told("""
        09:00:00  enter    a sales
        09:00:00  enter    b sales
        09:05:00  queue    s1 sales 1
        09:05:00  listed   s1 b sales
        09:05:01  complete s1
    """)

    outcomes = {
        leg.interaction_id: (leg.outcome, leg.left_at, leg.clock) for leg in legs(facts)
    }
    assert outcomes == {
        "a": ("system", moment("09:05:01"), "estimated"),
        "b": ("waiting", None, "source"),
    }


def test_a_snapshot_speaks_only_of_its_own_queues() -> None:
    _, facts = told("""
        09:00:00  enter    a sales
        09:05:00  queue    s1 support 0
        09:05:01  complete s1
    """)

    assert [leg.outcome for leg in legs(facts)] == ["waiting"]


def test_a_snapshot_may_be_older_than_a_join_just_before_it() -> None:
    _, facts = told("""
        09:05:00      enter    a sales
        09:05:01.900  queue    s1 sales 0
        09:05:02      complete s1
    """)

    assert [leg.outcome for leg in legs(facts)] == ["waiting"]


def test_a_snapshot_lists_who_waits_and_ends_no_talk() -> None:
    _, facts = told("""
        09:00:00  enter    a sales
        09:00:10  answer   a sales Anna
        09:05:00  queue    s1 sales 0
        09:05:01  complete s1
    """)

    assert [leg.ended_at for leg in legs(facts)] == [None]


@pytest.mark.parametrize(
    "lines",
    [
        ["queue s1 sales 1", "complete s1", "listed s1 a sales"],
        ["complete s1", "listed s1 a sales", "queue s1 sales 1"],
        [
            "queue s1 sales 1",
            "listed s1 a sales",
            "complete s1",
            "queue s1 sales 1",
            "complete s1",
        ],
    ],
    ids=["end before an item", "end first", "part of it twice"],
)
def test_the_parts_of_a_snapshot_may_come_in_any_order_and_twice(lines: list[str]) -> None:
    entered = values("09:00:00 enter a sales")
    snapshot = [value for line in lines for value in values(f"09:05:00 {line}")]

    state, facts = run([*entered, *snapshot])

    assert [leg.outcome for leg in legs(facts)] == ["waiting"]
    assert len(state.queues["sales"].waiting) == 1


def test_a_snapshot_told_out_of_order_still_ends_whom_it_lacks() -> None:
    parts = ["complete s1", "listed s1 a sales", "queue s1 sales 1"]
    entered = values("09:00:00 enter a sales\n09:00:00.5 enter b sales")

    _, facts = run([*entered, *(v for part in parts for v in values(f"09:05:00 {part}"))])

    assert [(leg.interaction_id, leg.outcome) for leg in legs(facts)] == [
        ("a", "waiting"),
        ("b", "system"),
    ]


def test_a_name_of_a_snapshot_used_again_is_another_snapshot() -> None:
    _, facts = told("""
        09:00:00  enter    a sales
        09:05:00  queue    s1 sales 1
        09:05:00  listed   s1 a sales
        09:05:00  complete s1
        09:10:00  queue    s1 sales 0
        09:10:00  complete s1
    """)

    assert [(leg.outcome, leg.left_at) for leg in legs(facts)] == [
        ("system", moment("09:10:00"))
    ]


def test_a_snapshot_without_its_end_says_nothing() -> None:
    _, facts = told("""
        09:00:00  enter a sales
        09:05:00  queue s1 sales 0
        09:06:00  beat
    """)

    assert [leg.outcome for leg in legs(facts)] == ["waiting"]


# --- limits and silence -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("beat", "outcome", "left"),
    [("13:00:00", "waiting", None), ("13:00:00.001", "system", "13:00:00")],
)
def test_a_wait_nobody_ended_is_given_up_after_four_hours(
    beat: str, outcome: str, left: str | None
) -> None:
    _, facts = told(f"""
        09:00:00  enter a sales
        {beat}    beat
    """)

    (leg,) = legs(facts)
    assert (leg.outcome, leg.left_at) == (outcome, left and moment(left))


def test_a_talk_nobody_ended_is_given_up_four_hours_after_its_answer() -> None:
    _, facts = told("""
        09:00:00  enter  a sales
        09:00:10  answer a sales Anna
        13:00:05  beat
        13:00:11  beat
    """)

    (leg,) = legs(facts)
    assert (leg.outcome, leg.ended_at, leg.clock) == (
        "answered",
        moment("13:00:10"),
        "estimated",
    )


def test_a_hang_up_ends_a_wait_of_which_nothing_else_was_said() -> None:
    _, facts = told("""
        09:00:00  enter  a sales
        09:00:30  hangup a
    """)

    (leg,) = legs(facts)
    assert (leg.outcome, leg.left_at, leg.clock) == ("system", moment("09:00:30"), "estimated")


def test_a_silent_source_is_not_sampled_later_than_a_minute_after_its_last_word() -> None:
    _, facts = told("""
        09:00:02  enter a sales
        09:10:02  beat
    """)

    shown = sorted(walls(facts, "sales"))
    assert shown[0] == moment("09:00:05")
    assert shown[-1] == moment("09:01:00")
    assert len(shown) == 12


def test_a_source_that_answers_is_sampled_every_five_seconds() -> None:
    beats = "\n".join(f"09:{minute:02}:30 beat" for minute in range(10))
    _, facts = told(f"09:00:02 enter a sales\n{beats}")

    shown = sorted(walls(facts, "sales"))
    assert shown == list(range(moment("09:00:05"), moment("09:09:30"), 5_000))


def test_no_target_passes_while_the_source_is_silent() -> None:
    waiting = values("09:00:00 enter a sales", "pbx1")
    elsewhere = values("09:10:00 beat", "pbx2")
    answering = values("09:10:01 beat", "pbx1")

    silent, _ = run([*waiting, *elsewhere])
    level_of_silence = silent.queues["sales"].totals["level_counted"]
    heard, _ = run(answering, state=silent)

    assert level_of_silence == 0
    assert heard.queues["sales"].totals["level_counted"] == 1


def test_a_call_longer_than_the_limit_is_counted_once() -> None:
    log = values("""
        09:00:00 enter a sales
        09:00:10 answer a sales Anna
        13:00:11 beat
        13:30:00 beat
        14:05:00 end a sales Anna caller
    """)

    state, facts = run(log)

    (leg,) = legs(facts)
    assert leg.ended_at == moment("14:05:00")
    assert state.queues["sales"].totals["offered"] == 1
