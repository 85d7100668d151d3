"""Service level: published worked examples, and the moment at which a call counts.

The examples are those of the sources named beside them.
"""

from datetime import timedelta
from itertools import pairwise

import pytest

from stream_processors.core.queues import Queue
from stream_processors.core.state import State, Terms
from tests.readings import legs, walls
from tests.timetable import moment, run, terms, values

START = "08:00:00"
ALL_DAY = (moment("00:00:00"), moment("23:59:59"))


def clock_face(seconds: float) -> str:
    """Return the time of day, that long after the start."""
    stamp = timedelta(seconds=moment(START) % 86_400_000 / 1000 + seconds)
    return f"{stamp}".rjust(8, "0")


def a_day(*calls: tuple[int, str, int], target: str = "20s", short: str = "5s") -> Queue:
    """Return the queue after so many calls each of which (number, end, wait in seconds)."""
    lines, caller = [], 0
    for number, end, wait in calls:
        for _ in range(number):
            caller += 1
            agent = "Anna" if end == "answer" else ""
            lines.append(f"{clock_face(caller)} enter c{caller} sales")
            lines.append(f"{clock_face(caller + wait)} {end} c{caller} sales {agent}")
    lines.sort(key=lambda line: line.split()[0])
    state, _ = run(values("\n".join(lines)), a_target(target, short), size=50)
    return state.queues["sales"]


def a_target(target: str, short: str) -> Terms:
    return terms(queues={"sales": {"answer_within": target, "short_abandon": short}})


# --- published examples -------------------------------------------------------------------


def test_cisco_counts_abandons_in_three_ways() -> None:
    """Cisco ICM guide p. 117: 70 in time, 10 abandoned within T, 20 exceeded, 100 events.

    Abandoned ignored 70/90, negative 70/100, positive 80/100. With the short abandon set to
    the target, our short abandons are Cisco's abandons within T.
    """
    queue = a_day((70, "answer", 10), (10, "abandon", 15), (20, "answer", 30), short="20s")
    counts = queue.totals

    assert queue.service_level(*ALL_DAY) == pytest.approx(0.778, abs=5e-4)
    assert counts["answered_in_time"] / counts["offered"] == 0.70
    assert (counts["answered_in_time"] + counts["short_abandoned"]) / counts["offered"] == 0.80


def test_cisco_counts_calls_answered_late_against_those_in_time() -> None:
    """Cisco CUIC guide p. 226: 50 within 30 s, 80 later, abandons ignored: 38 %."""
    queue = a_day((50, "answer", 25), (80, "answer", 45), target="30s")

    assert queue.service_level(*ALL_DAY) == pytest.approx(50 / 130)
    assert queue.totals["answered_in_time"] / queue.totals["answered"] == pytest.approx(
        0.38, abs=5e-3
    )


def test_a_support_group_takes_out_abandons_within_ten_seconds() -> None:
    """http://www.sggu.com/smf/index.php/topic,83.0.html: 200 / ((300 + 100) - 50) = 57.14 %."""
    queue = a_day(
        (200, "answer", 15),
        (100, "answer", 40),
        (50, "abandon", 8),
        (30, "abandon", 15),
        (20, "abandon", 60),
        short="10s",
    )

    level = queue.service_level(*ALL_DAY)
    assert level is not None
    assert round(100 * level, 2) == 57.14


def test_aircall_judges_the_number_and_its_agents_by_different_waits() -> None:
    """Aircall: 25 s unanswered at agent 1, 5 s at agent 2, T = 20: number missed, user hit."""
    state, facts = run(
        values("""
        09:00:00  enter  a sales
        09:00:00  ring   a sales Anna
        09:00:25  miss   a sales Anna
        09:00:25  ring   a sales Boris
        09:00:30  answer a sales Boris
    """)
    )

    (leg,) = legs(facts)
    assert (leg.wait_ms, leg.ring_ms) == (30_000, 5_000)
    assert state.queues["sales"].totals["answered_in_time"] == 0
    assert leg.ring_ms is not None
    assert leg.ring_ms <= leg.answer_within_ms


def minutes_busy(state: State, edges: list[str]) -> list[float]:
    busy = state.teams[""].busy
    instants = [moment(edge) for edge in edges]
    return [busy.between(start, end) / 60_000 for start, end in pairwise(instants)]


def test_a_call_is_split_over_the_half_hours_it_lasted() -> None:
    """AWS historical metrics: a call 05:23-06:15 is 7, 30 and 15 minutes of its half hours."""
    state, facts = run(
        values("""
        05:00:00  login  Anna sales
        05:22:50  enter  a sales
        05:23:00  answer a sales Anna
        06:15:00  end    a sales Anna caller
    """)
    )

    half_hours = ["05:00:00", "05:30:00", "06:00:00", "06:30:00"]
    assert minutes_busy(state, half_hours) == [7, 30, 15]
    assert [leg.talk_ms for leg in legs(facts)] == [52 * 60_000]


def test_two_calls_are_split_over_the_half_hours_they_lasted() -> None:
    """Genesys forum: calls 9:16-9:32 and 9:35-10:05 split into 14, 27, 5; 46 minutes in all."""
    state, facts = run(
        values("""
        09:00:00  login  Anna sales
        09:15:50  enter  a sales
        09:16:00  answer a sales Anna
        09:32:00  end    a sales Anna caller
        09:34:50  enter  b sales
        09:35:00  answer b sales Anna
        10:05:00  end    b sales Anna caller
    """)
    )

    half_hours = ["09:00:00", "09:30:00", "10:00:00", "10:30:00"]
    assert minutes_busy(state, half_hours) == [14, 27, 5]
    assert [(leg.talk_ms or 0) // 60_000 for leg in legs(facts)] == [16, 30]


# --- when a call counts -------------------------------------------------------------------


def test_no_calls_is_no_service_level() -> None:
    queue = a_day((1, "timeout", 10))

    assert queue.service_level(*ALL_DAY) is None


def test_a_breach_shows_at_the_instant_the_target_passes() -> None:
    _, facts = run(
        values("""
        09:00:00  enter a sales
        09:00:26  beat
    """)
    )

    shown = walls(facts, "sales")
    before, at, after = (shown[moment(t)] for t in ("09:00:15", "09:00:20", "09:00:25"))
    assert (before.service_level_5m, before.waiting_over_target) == (None, 0)
    # At 20 s he may still be answered in time by an event of that instant; none came.
    assert (at.service_level_5m, at.waiting_over_target) == (0.0, 0)
    assert (after.service_level_5m, after.waiting_over_target) == (0.0, 1)
    assert [each.waiting for each in (before, at, after)] == [1, 1, 1]


def test_an_answer_at_the_very_instant_the_target_passes_is_in_time() -> None:
    _, facts = run(
        values("""
        09:00:00  enter  a sales
        09:00:20  answer a sales Anna
        09:00:21  beat
    """)
    )

    assert walls(facts, "sales")[moment("09:00:20")].service_level_5m == 1.0


@pytest.mark.parametrize("end", ["answer a sales Anna", "abandon a sales", "timeout a sales"])
def test_a_call_counted_at_the_target_stays_counted_however_it_ends(end: str) -> None:
    state, _ = run(
        values(f"""
        09:00:00  enter a sales
        09:00:25  beat
        09:00:30  {end}
    """)
    )

    queue = state.queues["sales"]
    assert (queue.totals["level_counted"], queue.totals["answered_in_time"]) == (1, 0)
    assert queue.instants["level_counted"] == [moment("09:00:20")]


def test_an_abandon_after_the_target_counts_though_the_misdial_limit_is_longer() -> None:
    queue = a_day((1, "abandon", 7), target="5s", short="10s")

    assert (queue.totals["short_abandoned"], queue.totals["level_counted"]) == (1, 1)


@pytest.mark.parametrize("end", ["timeout", "empty"])
def test_a_call_let_go_before_the_target_never_counts(end: str) -> None:
    queue = a_day((1, end, 15), (1, "answer", 10))

    assert (queue.totals["level_counted"], queue.totals["answered_in_time"]) == (1, 1)
    assert queue.difference() == 0


def test_a_call_let_go_at_exactly_the_target_never_counts() -> None:
    queue = a_day((1, "timeout", 20))

    assert queue.totals["level_counted"] == 0


def test_an_abandon_counts_when_it_happens() -> None:
    queue = a_day((1, "abandon", 12))

    assert queue.instants["level_counted"] == queue.instants["abandoned"]
    assert (queue.totals["level_counted"], queue.totals["answered_in_time"]) == (1, 0)


# --- windows ------------------------------------------------------------------------------


def test_a_window_is_open_at_its_beginning_and_closed_at_its_end() -> None:
    state, _ = run(
        values("""
        09:00:00      enter  a sales
        09:00:10.000  answer a sales Anna
    """)
    )
    queue, answered = state.queues["sales"], moment("09:00:10")
    five = 5 * 60_000

    assert queue.count("answered", answered - five - 1, answered - 1) == 0
    assert queue.count("answered", answered - five, answered) == 1
    assert queue.count("answered", answered - 1, answered + five - 1) == 1
    assert queue.count("answered", answered, answered + five) == 0


def test_the_wall_forgets_a_call_five_minutes_after_it_was_answered() -> None:
    beats = "\n".join(f"09:0{minute}:50 beat" for minute in range(6))
    _, facts = run(
        values(f"""
        09:00:00  enter  a sales
        09:00:10  answer a sales Anna
        {beats}
    """)
    )

    shown = walls(facts, "sales")
    still, gone = shown[moment("09:05:05")], shown[moment("09:05:10")]
    assert (still.answered_5m, still.service_level_5m) == (1, 1.0)
    assert (gone.answered_5m, gone.service_level_5m) == (0, None)
    assert (gone.answered_30m, gone.service_level_30m) == (1, 1.0)


def test_the_wall_shows_an_answer_of_its_own_instant() -> None:
    _, facts = run(
        values("""
        09:00:00      enter  a sales
        09:00:10      answer a sales Anna
        09:00:10.001  beat
    """)
    )

    shown = walls(facts, "sales")[moment("09:00:10")]
    assert (shown.answered_5m, shown.waiting, shown.talking) == (1, 0, 1)


def test_the_longest_wait_is_that_of_the_first_in_line() -> None:
    _, facts = run(
        values("""
        09:00:00.500  enter a sales
        09:00:03      enter b sales
        09:00:06      beat
        09:00:07      answer a sales Anna
        09:00:11      beat
    """)
    )

    shown = walls(facts, "sales")
    assert shown[moment("09:00:05")].longest_wait_ms == 4_500
    assert shown[moment("09:00:10")].longest_wait_ms == 7_000


def test_the_mean_wait_is_that_of_the_calls_answered_in_the_window() -> None:
    queue = a_day((1, "answer", 10), (1, "answer", 30), (1, "abandon", 60))

    assert queue.mean_wait_ms(*ALL_DAY) == 20_000
    assert queue.mean_wait_ms(ALL_DAY[1], ALL_DAY[1]) is None
