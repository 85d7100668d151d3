"""A call whose beginning was lost still waits: time passes over it, and the fold goes on."""

from itertools import permutations

import pytest

from tests.readings import comparable, legs, offers, walls
from tests.timetable import moment, run, terms, values


def test_a_caller_of_whom_only_a_ringing_is_known_waits_and_holds_nothing_up() -> None:
    state, facts = run(
        values("""
            09:00:00  ring a sales Anna
            09:00:05  miss a sales Anna
            09:00:10  ring a sales Boris
            09:10:00  beat
            13:00:01  beat
        """),
        terms(),
    )

    assert [(leg.outcome, leg.clock) for leg in legs(facts)] == [("system", "estimated")]
    assert state.sources["pbx1"].deadlines == []


# --- callers whom a snapshot lists ----------------------------------------------------------

LISTED = """
    09:05:01  queue    s1 sales 1
    09:05:01  listed   s1 a sales 40 09:05:00
    09:05:01  complete s1 09:05:00
"""


def seen(text: str) -> list[tuple[str, str, int, int | None, str]]:
    """Return outcome, queue, entry, leaving and clock of each visit."""
    _, facts = run(values(text))
    return [
        (leg.outcome, leg.queue_id, leg.entered_at, leg.left_at, leg.clock)
        for leg in legs(facts)
    ]


def test_a_caller_who_is_listed_waits_since_what_he_is_said_to_have_waited() -> None:
    state, facts = run(values(f"{LISTED}\n09:05:10 beat"))

    (leg,) = legs(facts)
    assert (leg.outcome, leg.entered_at, leg.clock) == (
        "waiting", moment("09:04:20"), "estimated",
    )  # fmt: skip
    assert len(state.queues["sales"].waiting) == 1
    wall = walls(facts, "sales")[moment("09:05:05")]
    assert (wall.waiting, wall.longest_wait_ms) == (1, 45_000)


@pytest.mark.parametrize(
    ("told", "outcome", "left"),
    [
        ("09:05:20 leave a sales\n09:05:20 answer a sales Anna", "answered", "09:05:20"),
        ("09:05:20 log: abandon a sales", "abandoned", "09:05:20"),
        ("09:05:20 enter a support", "system", "09:05:20"),
        ("09:05:20 hangup a", "system", "09:05:20"),
        ("09:07:01 queue s2 sales 0\n09:07:01 complete s2 09:07:00", "system", "09:07:01"),
        ("09:07:00 restart", "system", "09:07:00"),
    ],
)
def test_he_leaves_as_anybody(told: str, outcome: str, left: str) -> None:
    visits = seen(f"{LISTED}\n{told}\n09:10:00 beat")

    assert visits[0] == (outcome, "sales", moment("09:04:20"), moment(left), "estimated")
    assert [visit[1] for visit in visits[1:]] == (["support"] if "support" in told else [])


@pytest.mark.parametrize(
    "told",
    [
        "09:05:00.300 abandon a sales",  # in the list, and gone when it came
        "09:05:00.300 leave a sales\n09:05:00.301 answer a sales Anna",
        "09:04:10 enter a sales",  # whatever the list says of how long
        "09:04:20 log: enter a sales",
    ],
)
def test_who_is_known_to_wait_or_to_have_just_left_is_the_one_who_is_listed(told: str) -> None:
    assert len(seen(f"{told}\n{LISTED}")) == 1
    assert len(seen(f"{LISTED}\n{told}")) == 1


def test_a_channel_that_has_ended_waits_no_more_whatever_is_listed() -> None:
    assert seen(f"09:04:50 hangup a\n{LISTED}") == []
    assert seen(f"{LISTED}\n09:04:50 hangup a") == []


def test_who_is_listed_where_he_had_left_has_come_again() -> None:
    visits = seen(f"09:01:00 enter a sales\n09:02:00 timeout a sales\n{LISTED}")

    assert visits == [
        ("timeout", "sales", moment("09:01:00"), moment("09:02:00"), "source"),
        ("waiting", "sales", moment("09:04:20"), None, "estimated"),
    ]


def test_who_is_listed_in_another_queue_has_left_the_first() -> None:
    visits = seen(f"09:01:00 enter a support\n{LISTED}")

    assert visits == [
        ("system", "support", moment("09:01:00"), moment("09:04:20"), "estimated"),
        ("waiting", "sales", moment("09:04:20"), None, "estimated"),
    ]


def test_listed_again_and_again_he_is_one_caller() -> None:
    again = LISTED.replace("09:05", "09:06").replace("s1", "s2").replace(" 40 ", " 101 ")

    assert seen(LISTED + again) == [
        ("waiting", "sales", moment("09:04:20"), None, "estimated"),
    ]


def test_the_log_knows_better_since_when_in_whatever_order_it_is_told() -> None:
    parts = [
        *values(LISTED),
        *values("09:04:19 log: enter a sales\n09:05:30 log: abandon a sales"),
    ]
    later = values("09:10:00 beat")
    expected = None

    for order in permutations(parts):
        for size in (1, 9):
            state, facts = run([*order, order[0], *later], size=size)
            found = comparable(facts), state.queues["sales"].totals["offered"]
            expected = expected or found
            assert found == expected
    assert expected is not None
    (leg,) = legs(facts)
    assert (leg.entered_at, leg.left_at, leg.clock) == (
        moment("09:04:19"), moment("09:05:30"), "source",
    )  # fmt: skip


CAME_BACK = """
    09:00:00  enter  a sales
    09:00:02  ring   a sales Anna
    09:00:06  leave  a sales
    09:00:06  answer a sales Anna
    09:00:30  lost
"""


@pytest.mark.parametrize(
    "heard",
    [
        "09:02:00  end    a sales Boris caller 74",
        """
        09:00:42  ring   a sales Boris
        09:00:46  answer a sales Boris
        09:02:00  end    a sales Boris caller 74
        """,
    ],
)
def test_who_talks_to_another_agent_has_come_back_to_the_queue_unheard(heard: str) -> None:
    state, facts = run(values(CAME_BACK + heard))

    anna, boris = legs(facts)
    assert (anna.agent_id, anna.answered_at) == ("Anna", moment("09:00:06"))
    assert anna.ended_at is not None
    assert anna.ended_at <= moment("09:00:46")
    assert (boris.agent_id, boris.answered_at, boris.ended_at, boris.talk_ms) == (
        "Boris", moment("09:00:46"), moment("09:02:00"), 74_000,
    )  # fmt: skip
    assert state.queues["sales"].totals["answered"] == 2
    assert {queue.difference() for queue in state.queues.values()} == {0}


def test_a_ringing_was_answered_at_which_the_talk_was_that_ends() -> None:
    log = values("""
        09:00:00  enter  a sales
        09:00:02  ring   a sales Anna one
        09:00:02  ring   a sales Anna two
        09:00:05  lost
        09:01:00  end    a sales Anna agent 49 two
        09:01:05  beat
    """)
    facts = run(log)[1]

    assert [(each.result, each.ended_at) for each in offers(facts)] == [
        ("elsewhere", moment("09:00:11")), ("answered", moment("09:00:11")),
    ]  # fmt: skip
    for late in range(len(log)):
        assert comparable(run([*log[:late], *log[late + 1 :], log[late]])[1]) == comparable(
            facts
        )


def test_who_leaves_and_comes_back_within_the_second_has_ended_his_first_visit() -> None:
    """The finer feed has not heard of the first one's beginning."""
    state, facts = run(
        values("""
        09:05:00      log: enter   a sales
        09:05:05      log: timeout a sales
        09:05:05      log: enter   a sales
        09:05:05.100  leave   a sales
        09:05:05.500  enter   a sales
        09:05:06      log: timeout a sales
        09:05:06      log: enter   a sales
        09:05:06.200  leave   a sales
        09:05:06.600  enter   a sales
        09:05:20      log: abandon a sales
        09:05:20      leave   a sales
        09:06:00      beat
    """)
    )

    assert [(leg.outcome, leg.left_at) for leg in legs(facts)] == [
        ("timeout", moment("09:05:05.1")),
        ("timeout", moment("09:05:06.2")),
        ("abandoned", moment("09:05:20")),
    ]
    assert state.queues["sales"].totals["offered"] == 3


def test_so_he_has_whom_the_finer_feed_tells_to_have_found_nobody() -> None:
    log = values("""
        09:05:00      log: enter   a sales
        09:05:05      log: timeout a sales
        09:05:05      log: enter   a sales
        09:05:05.300  unanswered a sales
        09:05:05.301  leave   a sales
        09:05:05.302  timeout a
        09:05:05.700  enter   a sales
        09:05:12      log: answer  a sales Anna 7
        09:05:12.900  leave   a sales
        09:05:12.901  answer  a sales Anna
        09:05:42      log: end     a sales Anna agent 29
        09:05:42.100  end     a sales Anna agent 29
        09:06:00      beat
    """)
    facts = run(log)[1]

    first, second = legs(facts)
    assert (first.outcome, first.left_at) == ("timeout", moment("09:05:05.301"))
    assert (second.outcome, second.agent_id, second.wait_ms, second.talk_ms) == (
        "answered", "Anna", 7_200, 29_200,
    )  # fmt: skip
    for late in range(len(log)):
        assert comparable(run([*log[:late], *log[late + 1 :], log[late]])[1]) == comparable(
            facts
        )


@pytest.mark.parametrize(
    "unheard",
    [
        ["09:05:19.200  enter   a sales"],
        ["09:05:19.200  enter   a sales", "09:05:19.900  leave   a sales"],
    ],
)
def test_who_comes_back_unheard_and_is_answered_at_once_was_not_answered_before(
    unheard: list[str],
) -> None:
    told = """
        09:05:00.200  enter   a sales
        09:05:00      log: enter   a sales
        09:05:18      log: timeout a sales
        09:05:18.400  unanswered a sales
        09:05:18.401  leave   a sales
        09:05:18.402  timeout a
        09:05:19      log: enter   a sales
        09:05:19      log: answer  a sales Anna 0
        09:05:19.200  enter   a sales
        09:05:19.900  leave   a sales
        09:05:19.901  answer  a sales Anna
        09:05:30      log: end     a sales Anna agent 11
        09:05:30.500  end     a sales Anna agent 11
        09:06:00      beat
    """
    for line in unheard:
        assert line in told
        told = told.replace(line, "")
    _, facts = run(values(told))

    first, second = legs(facts)
    assert (first.outcome, first.left_at) == ("timeout", moment("09:05:18.401"))
    assert (second.outcome, second.agent_id, second.answered_at) == (
        "answered", "Anna", moment("09:05:19.9" if len(unheard) == 1 else "09:05:19.901"),
    )  # fmt: skip


def test_so_he_was_where_one_feed_alone_tells() -> None:
    _, facts = run(
        values("""
        09:05:00.200  enter   a sales
        09:05:18.400  unanswered a sales
        09:05:18.401  leave   a sales
        09:05:18.402  timeout a
        09:05:19.901  answer  a sales Anna 1
        09:05:30.500  end     a sales Anna agent 11
        09:06:00      beat
    """)
    )

    assert [(leg.outcome, leg.agent_id) for leg in legs(facts)] == [
        ("timeout", ""), ("answered", "Anna"),
    ]  # fmt: skip


LEFT_FOR_AN_AGENT = """
    09:00:00      enter  a sales
    09:00:02      ring   a sales Anna one
    09:00:06      leave  a sales
    09:00:06.001  lost
"""


@pytest.mark.parametrize(
    "heard",
    [
        "09:00:46.003  end a sales Anna caller 40 one",
        "09:00:46  hangup a\n09:00:46.003  end a sales Anna caller 40 one",
        "09:00:46.700  end a sales Anna caller 40",  # whole seconds, cut off
    ],
)
def test_who_left_the_queue_when_the_talk_began_that_ends_was_answered(heard: str) -> None:
    log = values(f"{LEFT_FOR_AN_AGENT}\n{heard}\n09:01:00  beat")
    state, facts = run(log)

    (leg,) = legs(facts)
    assert (leg.outcome, leg.agent_id, leg.answered_at, leg.wait_ms) == (
        "answered", "Anna", moment("09:00:06"), 6_000,
    )  # fmt: skip
    assert state.queues["sales"].totals["offered"] == 1
    assert {queue.difference() for queue in state.queues.values()} == {0}
    for late in range(len(log)):
        assert comparable(run([*log[:late], *log[late + 1 :], log[late]])[1]) == comparable(
            facts
        )


def test_who_was_said_to_give_up_when_a_talk_began_has_come_back_for_it() -> None:
    _, facts = run(
        values("""
        09:00:00  log: enter   a sales
        09:00:06  log: timeout a sales
        09:00:46  log: end     a sales Anna caller 40
        09:01:00  beat
    """)
    )

    assert [leg.outcome for leg in legs(facts)] == ["timeout", "answered"]
