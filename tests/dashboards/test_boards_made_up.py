"""What questions of boards say of a made-up Monday, counted by hand: two sites, an open end."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.facts import Fact
from sql.embedded import EmbeddedStore
from tests.dashboards.half_hour import CHOSEN, QUESTIONS
from tests.oracles.grafana_macros import expanded
from tests.plans import plan
from tests.sql.asking import fold, keep, ms, report
from tests.sql.examples import heartbeat, interval, leg, moment, pause, session, violation
from tests.timetable import values

HOUR = 3_600_000
DAY = "2026-03-02"


def at(time: str) -> int:
    return ms(time if " " in time else f"{DAY} {time}")


def shown(
    store: EmbeddedStore, title: str, board: str, begin: str = "00:00", end: str = "23:59:59",
    **chosen: str,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return the rows behind a panel, which shows a part of the day."""
    (sql,) = [
        each.target["rawSql"]
        for each in QUESTIONS
        if each.panel["title"] == title and each.board == f"pult-{board}-en"
    ]
    wanted = {**CHOSEN, "agent": ("a",), **{name: (value,) for name, value in chosen.items()}}
    first, last = (datetime.fromtimestamp(at(time) / 1000, UTC) for time in (begin, end))
    told = store.query(
        expanded(sql, wanted, first, last),
        "JSON",
        {"output_format_json_quote_64bit_integers": "0"},
    )
    rows: list[dict[str, Any]] = json.loads(told)["data"]
    return rows


def spell(domain: str, state: str, begin: str, end: str) -> Fact:
    length = at(end) - at(begin)
    return interval(
        domain=domain, agent_id="a", state=state, started_at=at(begin), ended_at=at(end),
        duration_ms=length,
    )  # fmt: skip


def shift(domain: str, begin: str, break_at: str, end: str) -> list[Fact]:
    """Return what is known of an agent who is ready, and then on a break to the end."""
    return [
        session(
            domain=domain, agent_id="a", logged_in_at=at(begin), logged_out_at=at(end)
        ),
        spell(domain, "ready", begin, break_at),
        spell(domain, "not_ready", break_at, end),
        pause(
            domain=domain, agent_id="a", started_at=at(break_at), ended_at=at(end),
            duration_ms=at(end) - at(break_at),
        ),
    ]  # fmt: skip


def call(number: int, begin: str, wait: int = 1_000, **more: Any) -> Fact:
    entered, answered = at(begin), at(begin) + wait
    changes = {
        "leg_id": f"leg{number:013}", "interaction_id": f"c{number}", "agent_id": "a",
        "entered_at": entered, "first_second": entered // 1000, "wait_ms": wait,
        "answered_at": answered, "left_at": answered, "ended_at": answered + 60_000,
    }  # fmt: skip
    return leg(**{**changes, **more})


def test_breaks_are_of_the_time_logged_in_at_all_sites(store: EmbeddedStore) -> None:
    idle = [
        session(
            domain="demo/c", agent_id="a", logged_in_at=at("20:00"), logged_out_at=at("22:00")
        ),
        spell("demo/c", "ready", "20:00", "22:00"),
    ]
    keep(
        store,
        [
            *shift("demo", "00:00", "06:00", "08:00"),
            *shift("demo/b", "09:00", "15:00", "17:00"),
            *idle,
        ],
    )

    (everybody,) = shown(store, "Breaks by agent", "discipline")
    (reason,) = shown(store, "Breaks by reason", "agent")

    for row in (everybody, reason):
        assert (row["breaks"], row["break_ms"], row["longest_ms"]) == (2, 4 * HOUR, 2 * HOUR)
        assert row["login_ratio"] == pytest.approx(4 / 18)


def test_a_queue_of_two_sites_has_each_half_hour_once(store: EmbeddedStore) -> None:
    """Three of four calls in time are 75 %: below 80 %, though one site was in time always."""
    waits = {"demo": (1_000, 1_000), "demo/b": (1_000, 50_000)}
    keep(
        store,
        [
            call(2 * n + m, f"10:0{m}", wait, domain=domain)
            for n, (domain, both) in enumerate(waits.items())
            for m, wait in enumerate(both)
        ],
    )

    (row,) = shown(store, "Half hours below the target (80 %)", "management", zone="UTC")
    levels = shown(store, "Service level by every definition", "management", short_abandon="")

    assert (row["half_hours"], row["half_hours_below"], row["worst_level"]) == (1, 1, 0.75)
    own = [
        (each["site"], each["level"])
        for each in levels
        if each["definition"] == "service_level"
    ]
    assert own == [("demo", 1), ("demo/b", 0.5)]


def test_a_day_that_is_cut_begins_in_the_state_of_then(store: EmbeddedStore) -> None:
    keep(store, shift("demo", "00:00", "06:00", "08:00"))

    rows = shown(store, "The day", "agent", "01:00", "05:00")
    more = shown(store, "The day", "agent", "01:00", "09:00")

    assert [(row["time"], row["state"]) for row in rows] == [(f"{DAY} 01:00:00.000", "ready")]
    assert [row["state"] for row in more] == ["ready", "not_ready", "offline"]


def test_an_open_violation_lasts_until_the_pbx_was_heard_last(store: EmbeddedStore) -> None:
    keep(
        store,
        [
            violation(1, agent_id="a", fired_at=at("01:00"), cleared_at=at("01:01")),
            violation(2, agent_id="a", fired_at=at("02:00"), cleared_at=None, state="firing"),
        ],
    )
    beat = moment(at("20:00"))
    store.writer.write_events([heartbeat(1, time=beat, recordedtime=beat)], [(0, 1)], "beat")

    (row,) = shown(store, "Most violations", "discipline")
    (counted,) = report(
        store, "violations_by", since=DAY, until="2026-03-03", zone="UTC", step="all",
        where="by = 'agent'",
    )  # fmt: skip

    assert row["duration_ms"] == counted["duration_ms"] == 60_000 + 18 * HOUR


def test_what_is_usual_is_of_the_weeks_that_are_known(store: EmbeddedStore) -> None:
    """Eight calls at ten a week ago; of the weeks before them nothing is known."""
    before = [call(n, f"2026-02-23 10:0{n}:00") for n in range(8)]
    keep(store, [*before, call(9, "09:30"), call(10, "10:00")])

    rows = shown(store, "Answered by hour, and usually", "agent")
    keep(store, [call(11, "2026-02-09 09:00:00", agent_id="b")])
    later = shown(store, "Answered by hour, and usually", "agent")

    assert [(row["answered"], row["usual"]) for row in rows] == [(1, None), (1, 8)]
    assert [(row["answered"], row["usual"]) for row in later] == [(1, 0), (1, 8 / 3)]


@pytest.mark.parametrize(
    ("zone", "midnight"),
    [("America/New_York", "2026-03-02 05:00:00"), ("Asia/Kolkata", "2026-03-01 18:30:00")],
)
def test_adherence_of_a_day_stands_at_its_midnight(
    zone: str, midnight: str, store: EmbeddedStore
) -> None:
    log = "09:00 login a sales\n10:00 beat\n"
    fold(store, [plan("a", "09:00 work 17:00"), *values(log)])

    (row,) = shown(store, "Adherence by day", "management", zone=zone)

    assert row["time"] == midnight
