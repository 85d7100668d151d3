"""Midnight and daylight-saving changes: waits do not notice them, counters of the day do."""

from datetime import UTC, date, datetime, timedelta

import pytest

from stream_processors.core.instants import day_bounds, day_name
from stream_processors.core.state import State
from tests.readings import legs
from tests.timetable import moment, run, terms, values

HOUR_MS = 3_600_000


def day(state: State, start: str) -> dict[str, int]:
    """Return what was counted of sales on the local day that began at an instant (UTC)."""
    return state.queues["sales"].days.get(moment(start), {})


def test_a_call_over_midnight_counts_on_the_day_of_each_of_its_ends() -> None:
    state, facts = run(
        values("""
            2026-03-02 20:59:50  enter  a sales
            2026-03-02 21:00:10  answer a sales Anna
        """),
        terms(timezone="Europe/Moscow"),
    )

    second_of_march, third_of_march = "2026-03-01 21:00:00", "2026-03-02 21:00:00"
    assert [leg.wait_ms for leg in legs(facts)] == [20_000]
    assert (day(state, second_of_march)["offered"], day(state, third_of_march)["offered"]) == (
        1,
        0,
    )
    assert day(state, second_of_march)["answered"] == 0
    assert day(state, third_of_march)["answered_in_time"] == 1
    assert day(state, third_of_march)["answered_in_time"] == 1


def test_midnight_itself_belongs_to_the_new_day() -> None:
    state, _ = run(
        values("""
            2026-03-02 20:59:59.999  enter a sales
            2026-03-02 21:00:00      enter b sales
        """),
        terms(timezone="Europe/Moscow"),
    )

    assert day(state, "2026-03-01 21:00:00")["offered"] == 1
    assert day(state, "2026-03-02 21:00:00")["offered"] == 1


def test_a_target_that_passes_after_midnight_is_a_breach_of_the_new_day() -> None:
    state, _ = run(
        values("""
            2026-03-02 20:59:50  enter a sales
            2026-03-02 21:00:11  beat
        """),
        terms(timezone="Europe/Moscow"),
    )

    assert day(state, "2026-03-01 21:00:00")["level_counted"] == 0
    assert day(state, "2026-03-02 21:00:00")["level_counted"] == 1


@pytest.mark.parametrize(
    ("date_", "start", "hours"),
    [("2026-03-29", "2026-03-28 23:00:00", 23), ("2026-10-25", "2026-10-24 22:00:00", 25)],
    ids=["clocks go forward", "clocks go back"],
)
def test_a_call_over_the_change_of_the_clocks_waits_as_long_as_it_waits(
    date_: str, start: str, hours: int
) -> None:
    last = moment(start) + hours * HOUR_MS - 1
    before_midnight = datetime.fromtimestamp(last // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")

    state, facts = run(
        values(f"""
            {date_} 00:59:50      enter  a sales
            {date_} 01:00:05      answer a sales Anna
            {before_midnight}.999 enter  b sales
        """),
        terms(timezone="Europe/Berlin"),
    )

    assert [leg.wait_ms for leg in legs(facts)] == [15_000, None]
    assert list(state.queues["sales"].days) == [moment(start)]
    assert day(state, start)["offered"] == 2
    assert day(state, start)["answered_in_time"] == 1


@pytest.mark.parametrize(
    ("inside", "start", "hours"),
    [
        ("2026-03-28 12:00:00", "2026-03-27 23:00:00", 24),
        ("2026-03-29 00:30:00", "2026-03-28 23:00:00", 23),
        ("2026-03-29 21:59:59", "2026-03-28 23:00:00", 23),
        ("2026-03-29 22:00:00", "2026-03-29 22:00:00", 24),
        ("2026-10-25 00:30:00", "2026-10-24 22:00:00", 25),
        ("2026-10-25 01:30:00", "2026-10-24 22:00:00", 25),
        ("2026-10-25 22:59:59", "2026-10-24 22:00:00", 25),
        ("2026-10-25 23:00:00", "2026-10-25 23:00:00", 24),
    ],
)
def test_a_day_in_berlin_has_as_many_hours_as_it_has(
    inside: str, start: str, hours: int
) -> None:
    begins, ends = day_bounds(moment(inside) // 1000, "Europe/Berlin")

    assert begins == moment(start)
    assert ends - begins == hours * HOUR_MS


@pytest.mark.parametrize(
    "zone",
    [
        "UTC", "Europe/Moscow", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu",
        "Africa/Cairo", "Asia/Beirut", "America/Havana", "America/Santiago",
        "Australia/Lord_Howe", "Pacific/Kiritimati",
    ],
)  # fmt: skip
def test_the_days_of_a_year_follow_each_other_without_a_gap(zone: str) -> None:
    # Some of these change their clocks at midnight, so a day may begin at 01:00 or at 24:00.
    at, last = moment("2026-01-01 12:00:00"), moment("2026-12-31 12:00:00")
    named = []
    begins, ends = day_bounds(at // 1000, zone)
    while begins <= last:
        named.append(day_name(begins, zone))
        assert day_name(ends - 1, zone) == named[-1]
        following, ends_then = day_bounds(ends // 1000, zone)
        assert following == ends
        begins, ends = following, ends_then

    first = date.fromisoformat(named[0])
    assert named == [(first + timedelta(days=n)).isoformat() for n in range(len(named))]


@pytest.mark.parametrize("at", ["03:00:00", "03:01:00", "03:30:00", "04:00:00", "04:00:30"])
def test_a_clock_set_back_over_midnight_ends_no_day_twice(at: str) -> None:
    """At 00:01 in Goose Bay it was 23:01 again; a fold goes on to the end of each day."""
    second = moment(f"2010-11-07 {at}") // 1000

    begins, ends = day_bounds(second, "America/Goose_Bay")

    assert (begins, ends) == (moment("2010-11-07 03:00:00"), moment("2010-11-08 04:00:00"))
