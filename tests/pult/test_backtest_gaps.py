"""Back-tests of after-work around gaps of the source; limits and instants by hand."""

from typing import Any

import pytest

from sql.embedded import EmbeddedStore
from tests.pult.backtested import in_history, kept, shown, tried, whole_day, worked_after
from tests.timetable import DAY, moment, values

MORNING = "2026-03-01 08:00:00 login Anna sales\n" + "".join(
    worked_after(f"2026-03-02 09:{5 * n:02}:00", 10 * n) for n in range(1, 10)
)
"""Nine after-works of 10, 20, ... 90 s."""

NOON = """
    2026-03-02 11:59:50 enter  x sales
    2026-03-02 11:59:50 answer x sales Anna
    2026-03-02 12:00:00 end    x sales Anna caller
"""

INTERRUPTED = """
    2026-03-02 12:00:00 pause  Anna * wrap
    2026-03-02 12:01:00 lost
    2026-03-02 12:01:02 beat
    2026-03-02 12:01:02 member s Anna sales paused wrap
    2026-03-02 12:01:02 complete s
    2026-03-02 12:01:40 unpause Anna *
"""

BEGUN_UNSEEN = """
    2026-03-02 12:00:01 lost
    2026-03-02 12:00:20 beat
    2026-03-02 12:00:20 member s Anna sales paused wrap
    2026-03-02 12:00:20 complete s
    2026-03-02 12:02:00 unpause Anna *
"""

ENDED_UNSEEN = """
    2026-03-02 12:00:00 pause  Anna * wrap
    2026-03-02 12:01:00 lost
    2026-03-02 12:01:40 beat
    2026-03-02 12:01:40 member s Anna sales
    2026-03-02 12:01:40 complete s
"""


TENS: dict[str, Any] = {"discipline": {"acw_too_long": {"least_count": 10}}}
"""Limit 60 s, grace 15 s, twice the 90th percentile, critical at four limits."""


@pytest.mark.parametrize(
    ("tenth", "fired", "severity"),
    [
        (INTERRUPTED, "09:03:15", "warning"),
        (BEGUN_UNSEEN, "09:01:15", "critical"),
        (ENDED_UNSEEN, "09:01:15", "critical"),
    ],
)
def test_of_after_work_around_a_gap_counts_what_was_seen_to_begin_and_to_end(
    store: EmbeddedStore, tenth: str, fired: str, severity: str
) -> None:
    """Of ten the ninth, 90 s, makes the limit 180 s; nine are too few, so it is 60 s."""
    day = "2026-03-03"
    long = worked_after(f"{day} 09:00:00", 300)
    kept(store, values(MORNING + NOON + tenth + long + f"{day} 10:00:00 beat"), **TENS)

    (found,) = tried(store, "acw_too_long", whole_day(day), **TENS)

    assert (found.fired_at, found.severity) == (moment(f"{day} {fired}"), severity)
    assert shown([found]) == in_history(store, "acw_too_long", whole_day(day))


def test_after_work_that_may_have_ended_in_time_is_not_too_long(store: EmbeddedStore) -> None:
    """Unheard from 60 s on, and late only after 75 s: it may have ended between."""
    text = f"""
        {DAY} 08:00:00 login Anna sales
        {DAY} 12:00:00 pause Anna * wrap
        {DAY} 12:01:00 lost
        {DAY} 12:05:00 beat
        {DAY} 12:05:00 member s Anna sales
        {DAY} 12:05:00 complete s
    """
    kept(store, values(text))

    assert tried(store, "acw_too_long", whole_day()) == []
    assert in_history(store, "acw_too_long", whole_day()) == []


def test_after_work_that_a_call_began_counts_though_there_was_a_gap_before(
    store: EmbeddedStore,
) -> None:
    """Its length is the queue's, 100 s, so the limit is 200 s; no event of the agent tells."""
    calls = "".join(
        f"""
        2026-03-02 09:{5 * n:02}:00 enter  c{n} sales
        2026-03-02 09:{5 * n:02}:00 answer c{n} sales Anna
        2026-03-02 09:{5 * n:02}:10 end    c{n} sales Anna caller
        """
        for n in range(10)
    )
    text = f"""
        2026-03-01 08:00:00 login Anna sales 100
        2026-03-01 08:10:00 lost
        2026-03-01 08:10:05 beat
        2026-03-01 08:10:05 member s Anna sales
        2026-03-01 08:10:05 complete s
        {calls}
        {worked_after("2026-03-03 09:00:00", 300)}
        2026-03-03 10:00:00 beat
    """
    kept(store, values(text), **TENS)

    (found,) = tried(store, "acw_too_long", whole_day("2026-03-03"), **TENS)

    assert found.fired_at == moment("2026-03-03 09:03:35")
    assert shown([found]) == in_history(store, "acw_too_long", whole_day("2026-03-03"))
