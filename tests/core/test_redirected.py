"""Callers whom somebody sends elsewhere while they wait (AMI Redirect): nobody gave up.

Asterisk tells the queue of it as of a hang-up: its log has ABANDON, AMI has QueueCallerAbandon,
and no QUEUESTATUS follows. But the channel lives on.
"""

import pytest

from schemas.facts import Fact, Leg
from tests.readings import comparable, legs
from tests.timetable import moment, run, values

WAITS = """
    09:00:00.000  enter a sales
"""
LEAVES = """
    09:00:15.000  unanswered a
    09:00:15.000  unanswered a sales inbound,sales,2
    09:00:15.000  leave a sales
"""
LEAVES_UNEXPLAINED = LEAVES.replace("09:00:15.000  unanswered a\n", "")
LOG = """
    09:00:00  log: enter a sales
    09:00:15  log: abandon a sales _ 15
"""
NEXT_QUEUE = """
    09:00:15.004  enter a support
    09:00:25.000  leave a support
    09:00:25.000  answer a support Anna
    09:01:00.000  request a
    09:01:00.000  end a support Anna caller
    09:01:00.001  hangup a inbound,support,2
"""
NEXT_LOG = """
    09:00:15  log: enter a support
    09:00:25  log: answer a support Anna 10
    09:01:00  log: end a support Anna caller 35
"""
MENU = """
    09:03:00.000  request a
    09:03:00.001  hangup a menu,s,4
"""
BEAT = "09:10:00 beat"


def by_time(*parts: str) -> list[bytes]:
    lines = [line for part in parts for line in part.strip().splitlines()]
    return values("\n".join(sorted(lines, key=lambda line: line.split()[0])))


def told(*parts: str) -> list[Fact]:
    return run(by_time(*parts, BEAT))[1]


def first(facts: list[Fact]) -> Leg:
    return legs(facts)[0]


FEEDS = {
    "ami": (WAITS, LEAVES, NEXT_QUEUE),
    "log": (LOG, NEXT_LOG),
    "both": (WAITS, LEAVES, NEXT_QUEUE, LOG, NEXT_LOG),
    "ami without variables": (WAITS, LEAVES_UNEXPLAINED, NEXT_QUEUE),
}


@pytest.mark.parametrize("feeds", FEEDS.values(), ids=FEEDS)
def test_who_is_sent_to_another_queue_was_transferred(feeds: tuple[str, ...]) -> None:
    sales, support = legs(told(*feeds))

    if feeds is not FEEDS["ami without variables"]:
        assert (sales.outcome, sales.ended_by, sales.agent_id) == ("transferred", "system", "")
        assert (sales.transfer_kind, sales.transferred_to) == ("queue", "support")
    else:  # of an Asterisk that tells no variables a time-out looks the same
        assert sales.outcome == "timeout"
    assert (sales.left_at, sales.wait_ms) == (moment("09:00:15"), 15_000)
    assert (support.outcome, support.agent_id) == ("answered", "Anna")


@pytest.mark.parametrize("feeds", [(WAITS, LEAVES, MENU), (WAITS, LEAVES, MENU, LOG),
                                   (WAITS, LEAVES_UNEXPLAINED, MENU, LOG)])  # fmt: skip
def test_who_is_sent_to_a_menu_was_transferred_to_nobody_in_particular(
    feeds: tuple[str, ...],
) -> None:
    sales = first(told(*feeds))

    assert (sales.outcome, sales.ended_by, sales.wait_ms) == ("transferred", "system", 15_000)
    assert (sales.transfer_kind, sales.transferred_to) == ("", "")


def test_a_supervisor_sees_at_once_that_nobody_gave_up() -> None:
    """Both feeds, and he is still in the menu."""
    for feeds in ((WAITS, LEAVES), (WAITS, LEAVES, LOG)):
        state, facts = run(by_time(*feeds, "09:00:16.001  beat"))

        assert first(facts).outcome == "transferred"
        (queue,) = state.queues.values()
        assert queue.outcomes["transferred"] == 1
        assert queue.totals["abandoned"] == queue.totals["level_counted"] == 0
        assert queue.difference() == 0


def test_who_comes_back_to_the_same_place_was_transferred() -> None:
    again = """
        09:00:15.004  enter a sales
        09:00:40.000  request a
        09:00:40.001  unanswered a
        09:00:40.001  unanswered a sales inbound,sales,2
        09:00:40.001  leave a sales
        09:00:40.002  hangup a inbound,sales,2
    """
    one, other = legs(told(WAITS, LEAVES, again))

    assert (one.outcome, one.transferred_to) == ("transferred", "sales")
    assert (other.outcome, other.ended_by) == ("abandoned", "caller")


GIVES_UP = {
    "asks": "09:00:14.999  request a\n09:00:15.001  hangup a inbound,sales,2",
    "dies where he stood": "09:00:15.001  hangup a inbound,sales,2",
    "dies in a hang-up handler": "09:00:15.001  hangup a inbound,h,1",
}


@pytest.mark.parametrize("end", GIVES_UP.values(), ids=GIVES_UP)
@pytest.mark.parametrize("log", ["", LOG])
@pytest.mark.parametrize("leaves", [LEAVES, LEAVES_UNEXPLAINED])
def test_who_gives_up_has_abandoned(end: str, log: str, leaves: str) -> None:
    sales = first(told(WAITS, leaves, end, log))

    assert (sales.outcome, sales.ended_by) == ("abandoned", "caller")


def test_a_log_that_knows_no_more_of_a_caller_is_believed() -> None:
    """Whoever has hung up enters no queue: a new call of that name is another one."""
    later = "09:05:00  log: enter a support"
    gone = "09:00:15.500  hangup a inbound,sales,2"

    assert first(told(LOG)).outcome == "abandoned"
    assert first(told(LOG, gone, later)).outcome == "abandoned"


def test_what_a_caller_does_long_after_tells_nothing_of_how_he_left() -> None:
    """Nor could it: a call is forgotten at some time after it was over."""
    within = "09:10:14  log: enter a support"
    beyond = "09:10:16  log: enter a support"

    assert first(told(LOG, within)).outcome == "transferred"
    assert first(told(LOG, beyond)).outcome == "abandoned"


def test_who_is_asked_to_hang_up_long_after_his_wait_had_not_given_up() -> None:
    """AMI missed that he left, and heard his end."""
    assert first(told(WAITS, LOG, MENU)).outcome == "transferred"


def test_a_reason_that_is_told_stands() -> None:
    reason = "09:00:15.001  timeout a"

    assert first(told(WAITS, LEAVES, reason, MENU)).outcome == "timeout"


@pytest.mark.parametrize("log", [(), (LOG, NEXT_LOG)])
def test_the_order_in_which_it_is_told_changes_nothing(log: tuple[str, ...]) -> None:
    straight, beat = by_time(WAITS, LEAVES, NEXT_QUEUE, *log), values(BEAT)
    expected = comparable(run([*straight, *beat])[1])
    for late in range(len(straight)):
        crooked = [*straight[:late], *straight[late + 1 :], straight[late], *beat]

        assert comparable(run(crooked)[1]) == expected, straight[late]


@pytest.mark.parametrize("feeds", [(), (LOG,)], ids=["ami", "both"])
@pytest.mark.parametrize(
    ("gone", "outcome"), [("09:00:15.300", "abandoned"), ("09:00:18.445", "transferred")]
)
def test_who_had_been_sent_on_before_the_queue_noticed_lives_on_there(
    feeds: tuple[str, ...], gone: str, outcome: str
) -> None:
    # Asterisk 22: the place of QueueCallerAbandon was the new one, and of the hang-up, too.
    left = LEAVES.replace("inbound,sales,2", "inbound,103,1")

    (leg,) = legs(told(WAITS, left, f"{gone} hangup a inbound,103,1", *feeds))

    assert (leg.outcome, leg.wait_ms) == (outcome, 15_000)
