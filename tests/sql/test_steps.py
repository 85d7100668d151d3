"""The calendar of the reports: every expected step is read off a paper calendar."""

import re
from itertools import pairwise
from typing import Any

import pytest

from schemas.errors import StoreFailed
from sql.embedded import EmbeddedStore
from tests.sql.asking import ms, report, rows


def steps(store: EmbeddedStore, **parameters: str) -> list[dict[str, Any]]:
    return report(store, "steps", order="started_at", **parameters)


def starts(store: EmbeddedStore, **parameters: str) -> list[str]:
    return [each["local"] for each in steps(store, **parameters)]


def length_ms(step: dict[str, Any]) -> int:
    return ms(step["ended_at"]) - ms(step["started_at"])


@pytest.mark.parametrize(
    ("day", "next_day", "hours"),
    [("2026-03-29", "2026-03-30", 23), ("2026-10-25", "2026-10-26", 25)],
)
def test_a_day_on_which_clocks_change_is_one_step(
    day: str, next_day: str, hours: int, store: EmbeddedStore
) -> None:
    (whole,) = steps(store, since=day, until=next_day, zone="Europe/Berlin", step="day")
    parts = steps(store, since=day, until=next_day, zone="Europe/Berlin", step="1 hour")

    assert length_ms(whole) == hours * 3_600_000
    assert len(parts) == hours
    assert sum(map(length_ms, parts)) == length_ms(whole)


def test_an_hour_that_comes_twice_is_two_steps(store: EmbeddedStore) -> None:
    told = starts(
        store,
        since="2026-10-25 01:00",
        until="2026-10-25 04:00",
        zone="Europe/Berlin",
        step="1 hour",
    )

    assert told == [
        "2026-10-25 01:00+0200",
        "2026-10-25 02:00+0200",
        "2026-10-25 02:00+0100",
        "2026-10-25 03:00+0100",
    ]


def test_hours_of_a_half_hour_zone_begin_at_its_full_hours(store: EmbeddedStore) -> None:
    told = steps(
        store,
        since="2026-03-02 10:15",
        until="2026-03-02 12:00",
        zone="Asia/Kolkata",
        step="1 hour",
    )

    assert [(each["started_at"], each["local"]) for each in told] == [
        ("2026-03-02 04:45:00.000", "2026-03-02 10:15+0530"),
        ("2026-03-02 05:30:00.000", "2026-03-02 11:00+0530"),
    ]


def test_a_day_without_a_midnight_begins_at_one(store: EmbeddedStore) -> None:
    """Cairo puts its clocks forward at midnight: 2026-04-24 begins at 01:00."""
    told = steps(store, since="2026-04-24", until="2026-04-25", zone="Africa/Cairo", step="day")

    assert [(each["local"], length_ms(each)) for each in told] == [
        ("2026-04-24 01:00+0300", 23 * 3_600_000)
    ]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("week", "02-25 03-02 03-09 03-16 03-23 03-30"),
        ("month", "02-25 03-01 04-01"),
        ("quarter", "02-25 04-01"),
        ("year", "02-25"),
        ("all", "02-25"),
    ],
)
def test_calendar_steps_are_cut_at_the_stretch(
    step: str, expected: str, store: EmbeddedStore
) -> None:
    told = starts(
        store, since="2026-02-25", until="2026-04-03", zone="America/New_York", step=step
    )

    assert [each[5:10] for each in told] == expected.split()


@pytest.mark.parametrize("step", ["7 minutes", "6 hours", "day", "month"])
@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Africa/Cairo", "Australia/Lord_Howe"])
def test_steps_follow_one_another_without_hole_or_overlap(
    step: str, zone: str, store: EmbeddedStore
) -> None:
    """April has a change of clocks in three of these zones."""
    told = steps(store, since="2026-03-31 05:55", until="2026-05-02", zone=zone, step=step)

    assert told[0]["local"].startswith("2026-03-31 05:55")
    assert all(here["ended_at"] == after["started_at"] for here, after in pairwise(told))
    (whole,) = steps(store, since="2026-03-31 05:55", until="2026-05-02", zone=zone, step="all")
    assert (told[0]["started_at"], told[-1]["ended_at"]) == (
        whole["started_at"],
        whole["ended_at"],
    )


def test_an_instant_may_bring_its_own_offset(store: EmbeddedStore) -> None:
    (told,) = steps(
        store,
        since="2026-03-01T10:00:00Z",
        until="2026-03-01T18:00:00+05:30",
        zone="Europe/Berlin",
        step="all",
    )

    assert told["local"] == "2026-03-01 11:00+0100"
    assert told["ended_at"] == "2026-03-01 12:30:00.000"


@pytest.mark.parametrize(
    ("text", "started_at"),
    [
        ("2026-03-02", "2026-03-01 21:00:00.000"),
        ("2026-03-02 10", "2026-03-02 07:00:00.000"),
        ("2026-03-02 10:15", "2026-03-02 07:15:00.000"),
        ("2026-03-02T10:15:30", "2026-03-02 07:15:30.000"),
        ("2026-03-02 10:15:30.125", "2026-03-02 07:15:30.125"),
        ("2026-03-02 24:00", "2026-03-02 21:00:00.000"),
        ("2026-03-02T10:15:30Z", "2026-03-02 10:15:30.000"),
        ("2026-03-02T10:15:30+0530", "2026-03-02 04:45:30.000"),
        ("1772435730", "2026-03-02 07:15:30.000"),
        ("1772435730.5", "2026-03-02 07:15:30.500"),
        ("1772435730125", "2026-03-02 07:15:30.125"),
    ],
)
def test_a_time_may_be_written_in_some_ways(
    text: str, started_at: str, store: EmbeddedStore
) -> None:
    (told,) = steps(store, since=text, until="2026-03-05", zone="Europe/Moscow", step="all")

    assert told["started_at"] == started_at


@pytest.mark.parametrize(
    ("zone", "text", "local"),
    [
        ("Europe/Berlin", "2026-03-29 02:30", "2026-03-29 01:30+0100"),
        ("Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-04 01:45+1030"),
    ],
)
def test_a_time_that_the_clock_skips_is_so_much_earlier(
    zone: str, text: str, local: str, store: EmbeddedStore
) -> None:
    assert starts(store, since=text, until="2026-12-31", zone=zone, step="all") == [local]


@pytest.mark.parametrize(
    "text",
    [
        "03/01/2026", "01.03.2026", "1900-01-01", "1969-12-31", "2200-01-01", "9999-12-31",
        "2026-00-10", "2026-02-30", "2026-13-01", "2026-3-1", "20260301", "2026-03-01 25:00",
        "2026-03-01 10:61", "2026-03-01 10:15 PM", "2026-03-01 noon", " 2026-03-01", "today",
        "1", "9772435730", "",
    ],
)  # fmt: skip
@pytest.mark.parametrize("end", ["since", "until"])
def test_a_time_that_could_be_read_as_another_is_refused(
    text: str, end: str, store: EmbeddedStore
) -> None:
    """The engine takes 03/01/2026 for 3 January and 1900-01-01 for the beginning of 1970."""
    given = {"since": "2026-03-01", "until": "2026-03-02", end: text}

    with pytest.raises(StoreFailed, match=re.escape("since and until are days (2026-03-01)")):
        steps(store, **given, zone="UTC", step="day")


@pytest.mark.parametrize("view", ["card_filling", "disposition_report", "satisfaction"])
def test_reports_of_a_crm_refuse_such_times_too(view: str, store: EmbeddedStore) -> None:
    with pytest.raises(StoreFailed, match=re.escape("since and until are days (2026-03-01)")):
        report(store, view, since="03/01/2026", until="2026-03-02", zone="UTC")


@pytest.mark.parametrize("view", ["adherence", "adherence_spans"])
def test_adherence_takes_the_same_times_and_no_others(view: str, store: EmbeddedStore) -> None:
    for text in ("03/01/2026", "1900-01-01", "2026-02-30"):
        with pytest.raises(
            StoreFailed, match=re.escape("since and until are days (2026-03-01)")
        ):
            report(store, view, since=text, until="2026-03-08")
    assert report(store, view, since="2026-03-01T00:00:00Z", until="1772928000") == []


def test_the_macros_of_grafana_are_instants_where_they_are_written_as_such(
    store: EmbeddedStore,
) -> None:
    """Bare, as docs/sql.md says, they are times of day by the clock of the zone."""
    asked = (
        "SELECT started_at FROM steps(since = {}, until = '2026-03-05', "
        "zone = 'Europe/Moscow', step = 'all')"
    )
    macro = "toDateTime(1772323200)"

    (told,) = rows(store, asked.format(f"toString(toUnixTimestamp({macro}))"))
    (bare,) = rows(store, asked.format(macro))

    assert told["started_at"] == "2026-03-01 00:00:00.000"
    assert bare["started_at"] == "2026-02-28 21:00:00.000"


@pytest.mark.parametrize("until", ["2026-03-01", "2026-02-01"])
def test_an_empty_stretch_has_no_steps(until: str, store: EmbeddedStore) -> None:
    assert steps(store, since="2026-03-01", until=until, zone="UTC", step="15 minutes") == []


@pytest.mark.parametrize(
    "step", ["2 days", "0 minutes", "25 hours", "1441 minutes", "hourly", ""]
)
def test_a_step_that_means_nothing_is_refused(step: str, store: EmbeddedStore) -> None:
    with pytest.raises(StoreFailed, match=re.escape("step is 1 to 1440 minutes")):
        steps(store, since="2026-03-01", until="2026-03-02", zone="UTC", step=step)


def test_a_stretch_is_two_instants_of_its_zone(store: EmbeddedStore) -> None:
    told = report(
        store, "stretch", since="2026-03-29", until="2026-03-29T12:00:00Z", zone="Europe/Berlin"
    )

    # Berlin is at +01:00 until two o'clock of that day.
    assert told == [
        {"since_at": "2026-03-28 23:00:00.000", "until_at": "2026-03-29 12:00:00.000"}
    ]


def test_what_ends_before_it_begins_is_no_stretch(store: EmbeddedStore) -> None:
    assert report(store, "stretch", since="2026-03-02", until="2026-03-02", zone="UTC") == []
