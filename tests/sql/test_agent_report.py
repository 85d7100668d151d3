"""What agents did, and their breaks, step by step; counted by hand from a night in Berlin.

The clocks go back at 01:00 UTC on 2026-10-25; that day begins at 22:00 UTC and has 25 hours.
"""

from typing import Any

import pytest

from schemas.facts import Fact
from sql.embedded import EmbeddedStore
from tests.sql.asking import keep, ms, report
from tests.sql.examples import MORNING, heartbeat, interval, leg, moment, offer, pause

MINUTE = 60_000
HOUR = 60 * MINUTE
NIGHT = {"since": "2026-10-24", "until": "2026-10-26", "zone": "Europe/Berlin"}

STATES = [
    ("24 20:00", "25 00:30", "ready", ""),
    ("25 00:30", "25 01:30", "talking", ""),  # over the change of clocks
    ("25 01:30", "25 01:45", "wrapup", ""),
    ("25 01:45", "25 02:30", "not_ready", "lunch"),
    ("25 02:30", "25 04:00", "ready", ""),
    ("25 04:00", None, "offline", ""),
]


def at(time: str) -> int:
    return ms(f"2026-10-{time}")


def state(begin: str, end: str | None, name: str, reason: str) -> Fact:
    started, ended = at(begin), at(end) if end else None
    return interval(
        started_at=started,
        ended_at=ended,
        state=name,
        reason=reason,
        duration_ms=ended - started if ended else None,
    )


def rest(begin: str, end: str | None, reason: str) -> Fact:
    started, ended = at(begin), at(end) if end else None
    return pause(
        started_at=started,
        ended_at=ended,
        reason=reason,
        duration_ms=ended - started if ended else None,
    )


def call(number: int, begin: str, talk_minutes: int, **more: Any) -> Fact:
    entered = at(begin)
    changes = {
        "entered_at": entered,
        "first_second": entered // 1000,
        "answered_at": entered + 7_000,
        "ended_at": entered + 7_000 + talk_minutes * MINUTE,
        "talk_ms": talk_minutes * MINUTE,
    }
    return leg(number, **{**changes, **more})


def rung(number: int, begin: str, result: str) -> Fact:
    started = at(begin)
    return offer(number, started_at=started, ended_at=started + 20_000, result=result)


FACTS: list[Fact] = [
    *(state(*each) for each in STATES),
    rest("25 01:20", "25 02:30", "lunch"),  # from within the call
    rest("24 21:50", "24 22:10", "tea"),  # over midnight
    call(1, "25 00:29:53", 60, wrapup_ms=15 * MINUTE, ended_by="agent"),
    call(2, "25 03:00", 2, queue_id="", direction="out"),
    rung(1, "25 00:29:53", "answered"),
    rung(2, "25 00:59:50", "no_answer"),  # ends in the next hour
    rung(3, "25 03:00", "no_answer"),
    rung(4, "25 03:10", "rejected"),
    rung(5, "25 03:20", "cancelled"),
]
SUMS = (
    "step_ms",
    "login_ms",
    "ready_ms",
    "reserved_ms",
    "talking_ms",
    "holding_ms",
    "after_ms",
    "not_ready_ms",
    "breaks",
    "break_ms",
    "offers",
    "offers_answered",
    "missed",
    "rejected",
    "answered",
    "handled",
    "talk_ms",
    "hold_ms",
    "wrapup_ms",
    "passed_on",
    "ended_by_agent",
    "other_calls",
)


def asked(
    store: EmbeddedStore, step: str, view: str = "agent_report", **changes: str
) -> list[dict[str, Any]]:
    return report(store, view, "agent_id, started_at", step=step, **{**NIGHT, **changes})


def test_a_shift_over_midnight_is_cut_at_it(store: EmbeddedStore) -> None:
    keep(store, FACTS)

    before, after = asked(store, "day")

    assert (before["local"], after["local"]) == (
        "2026-10-24 00:00+0200",
        "2026-10-25 00:00+0200",
    )
    assert (before["login_ms"], after["login_ms"]) == (2 * HOUR, 6 * HOUR)
    assert (before["breaks"], before["break_ms"]) == (1, 10 * MINUTE)
    assert (after["breaks"], after["break_ms"]) == (1, 80 * MINUTE)
    assert (before["longest_break_ms"], after["longest_break_ms"]) == (20 * MINUTE, 70 * MINUTE)
    assert before["break_ratio"] == pytest.approx(10 / 120)
    # Ready from midnight to 00:30 UTC (2.5 h) and for the last 1.5 h; busy for 75 minutes.
    assert after["occupancy"] == pytest.approx(75 / (75 + 240))
    assert after["utilisation"] == pytest.approx(75 / 360)
    assert (after["offers"], after["missed"], after["rejected"]) == (5, 2, 1)
    assert after["answer_ratio"] == 0.25
    assert (after["answered"], after["other_calls"], after["ended_by_agent"]) == (1, 1, 1)
    assert after["handle_ms_mean"] == 75 * MINUTE
    assert (before["occupancy"], before["answer_ratio"], before["handle_ms_mean"]) == (
        0,
        None,
        None,
    )


def test_the_hour_that_comes_twice_holds_half_a_call_each(store: EmbeddedStore) -> None:
    keep(store, FACTS)

    hours = {row["local"]: row for row in asked(store, "1 hour")}

    first, second = hours["2026-10-25 02:00+0200"], hours["2026-10-25 02:00+0100"]
    assert (first["ready_ms"], first["talking_ms"]) == (30 * MINUTE, 30 * MINUTE)
    assert (second["talking_ms"], second["after_ms"], second["not_ready_ms"]) == (
        30 * MINUTE,
        15 * MINUTE,
        15 * MINUTE,
    )
    assert (first["answered"], second["answered"]) == (1, 0)  # by the caller's entry
    assert (first["offers"], second["offers"]) == (1, 1)  # by the end of the ringing
    assert (second["breaks"], second["break_ms"]) == (1, 40 * MINUTE)
    # An hour in which nothing began or ended.
    assert hours["2026-10-25 01:00+0200"]["ready_ms"] == HOUR
    assert "2026-10-25 05:00+0100" not in hours


@pytest.mark.parametrize("step", ["1 hour", "day"])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata"])
def test_the_whole_is_the_sum_of_its_steps(step: str, zone: str, store: EmbeddedStore) -> None:
    keep(store, FACTS)

    (whole,) = asked(store, "all", zone=zone)
    parts = asked(store, step, zone=zone)

    assert whole["login_ms"] == 8 * HOUR
    for name in SUMS[1:]:
        assert sum(row[name] for row in parts) == whole[name], name
    reasons = asked(store, "all", "breaks_report", zone=zone)
    cut = asked(store, step, "breaks_report", zone=zone)
    for name in ("breaks", "break_ms", "open_breaks"):
        assert sum(row[name] for row in cut) == sum(row[name] for row in reasons)
    assert sum(row["break_ms"] for row in reasons) == whole["break_ms"] == 90 * MINUTE


def test_ratios_are_unknown_where_nobody_was_logged_in(store: EmbeddedStore) -> None:
    keep(store, [rung(1, "25 05:00", "cancelled")])

    (row,) = asked(store, "day")

    assert (row["login_ms"], row["offers"]) == (0, 1)
    ratios = ("occupancy", "utilisation", "break_ratio", "answer_ratio", "handle_ms_mean")
    assert [row[name] for name in ratios] == [None] * len(ratios)
    assert asked(store, "day", since="2026-11-01", until="2026-11-05") == []


def test_what_lasts_does_so_to_the_last_thing_heard(store: EmbeddedStore) -> None:
    keep(store, [state("24 20:00", None, "ready", ""), rest("24 20:30", None, "tea")])
    begin = at("24 20:00")
    beats = [
        heartbeat(n, time=moment(begin + n * HOUR), recordedtime=moment(begin + n * HOUR))
        for n in (0, 3)
    ]
    store.writer.write_events(beats, [(0, 1), (0, 2)], "beats")

    days = asked(store, "day")
    (tea,) = asked(store, "all", "breaks_report")

    assert [row["login_ms"] for row in days] == [2 * HOUR, HOUR]
    assert (tea["breaks"], tea["open_breaks"], tea["break_ms"]) == (1, 1, 150 * MINUTE)
    # An hour of which nothing was heard counts for nobody.
    assert asked(store, "all", since="2026-10-25 02:00", until="2026-10-25 03:00") == []


def test_breaks_by_reason_of_a_month(store: EmbeddedStore) -> None:
    keep(store, [*FACTS, rest("25 03:00", "25 03:06", "tea")])

    lunch, tea = report(
        store,
        "breaks_report",
        "reason",
        step="month",
        zone="Europe/Berlin",
        since="2026-10-01",
        until="2026-11-01",
    )

    assert (lunch["breaks"], lunch["break_ms"], lunch["longest_ms"]) == (
        1,
        70 * MINUTE,
        70 * MINUTE,
    )
    assert (tea["breaks"], tea["break_ms"], tea["length_ms_mean"]) == (
        2,
        26 * MINUTE,
        13 * MINUTE,
    )
    assert tea["login_ms"] == lunch["login_ms"] == 8 * HOUR
    assert lunch["login_ratio"] == pytest.approx(70 / 480)


def test_a_break_of_nobody_who_logged_in_has_no_share(store: EmbeddedStore) -> None:
    keep(store, [pause(started_at=MORNING, ended_at=MORNING + MINUTE, duration_ms=MINUTE)])

    (row,) = asked(store, "day", "breaks_report", since="2026-02-03", until="2026-02-04")

    assert (row["break_ms"], row["login_ms"], row["login_ratio"]) == (MINUTE, 0, None)
