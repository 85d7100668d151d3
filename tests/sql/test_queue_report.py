"""What queues did, step by step; the table of visits is made and counted by hand."""

from typing import Any

import pytest
from msgspec.structs import replace

import schemas.crm_events as crm
from schemas.events import decode
from schemas.facts import Leg
from sql.embedded import EmbeddedStore
from tests.crm_told import told
from tests.sql.asking import keep, ms, report
from tests.sql.examples import heartbeat, leg, moment, waiting_leg

DAY = "2026-10-25"
"""Clocks in Berlin go back at 01:00 UTC: 02:00 comes twice."""


def visit(
    number: int, at: str, outcome: str, wait: float, talk: float | None = None, **more: Any
) -> Leg:
    """Return a visit of the day; `at` is UTC, `wait` and `talk` are seconds."""
    entered = ms(f"{DAY} {at}")
    left = entered + round(wait * 1000)
    answered = outcome == "answered"
    changes: dict[str, Any] = {
        "entered_at": entered,
        "first_second": entered // 1000,
        "left_at": left,
        "answered_at": left if answered else None,
        "ended_at": left + round((talk or 0) * 1000),
        "outcome": outcome,
        "wait_ms": left - entered,
        "talk_ms": round((talk or 0) * 1000) if answered else None,
        "agent_id": "Anna Petrova" if answered else "",
    }
    return leg(number, **{**changes, **more})


VISITS = [
    visit(1, "00:10:00", "answered", 20, 100),  # exactly on target
    visit(2, "00:20:00", "answered", 20.001, 200),
    visit(3, "00:59:50", "answered", 15, 595, wrapup_ms=60_000),  # handled from 01:00:05
    visit(4, "00:30:00", "abandoned", 5),  # exactly short
    visit(5, "00:31:00", "abandoned", 5.001),
    visit(6, "00:32:00", "timeout", 30),
    visit(7, "00:33:00", "key", 8),
    visit(8, "01:05:00", "abandoned", 40),
    waiting_leg(
        9, entered_at=ms(f"{DAY} 01:59:59.999"), first_second=ms(f"{DAY} 01:59:59") // 1000
    ),
    visit(10, "02:00:00", "answered", 0, 30),
    visit(11, "04:30:00", "answered", 1, 60, queue_id="sales"),
    visit(12, "00:40:00", "answered", 1, 60, queue_id="", direction="out"),  # of no queue
    visit(13, "00:41:00", "answered", 1, 60, voided=True),
]

RATIOS = (
    "service_level",
    "abandon_ratio",
    "answer_ms_mean",
    "abandon_ms_mean",
    "wait_ms_p50",
    "wait_ms_p80",
    "wait_ms_p95",
    "longest_wait_ms",
    "handle_ms_mean",
    "offered_erlangs",
)
SUMS = (
    "offered",
    "answered",
    "answered_in_time",
    "abandoned",
    "short_abandoned",
    "timed_out",
    "left_by_key",
    "found_empty",
    "found_full",
    "withdrawn",
    "moved_on",
    "callbacks",
    "failed",
    "waiting",
    "counted",
    "answer_ms",
    "abandon_ms",
    "talk_ms",
    "hold_ms",
    "wrapup_ms",
    "handled",
    "passed_on",
    "ended_by_agent",
    "offers",
    "busy_ms",
)
OUTCOMES = (
    "answered",
    "abandoned",
    "timed_out",
    "left_by_key",
    "found_empty",
    "found_full",
    "withdrawn",
    "moved_on",
    "callbacks",
    "failed",
    "waiting",
)


def asked(store: EmbeddedStore, step: str, **changes: str) -> list[dict[str, Any]]:
    stretch = {"since": DAY, "until": "2026-10-26", "zone": "Europe/Berlin", "step": step}
    return report(store, "queue_report", "queue_id, started_at", **{**stretch, **changes})


@pytest.mark.parametrize(
    ("heard", "counted"),
    [("02:00:19.998", 1), ("02:00:19.999", 2)],  # the caller of 01:59:59.999: 19.999, 20 s
)
def test_who_waits_past_the_target_is_counted_then(
    heard: str, counted: int, store: EmbeddedStore
) -> None:
    """As /metrics does (docs/metrics.md); what a CRM tells later moves no clock."""
    keep(store, VISITS)
    at = moment(ms(f"{DAY} {heard}"))
    opened = decode(told(crm.CardOpened, "03:00:00", day=DAY, agent_id="Anna", card_id="1"))
    beat = heartbeat(1, time=at, recordedtime=at)
    store.writer.write_events(
        [beat, replace(opened, tenant="demo", domain="demo")], [(0, 1), (0, 2)], "told"
    )

    hours = {(row["queue_id"], row["local"]): row for row in asked(store, "1 hour")}

    hour = hours["support", f"{DAY} 02:00+0100"]
    assert (hour["waiting"], hour["counted"], hour["service_level"]) == (1, counted, 0)


def test_an_hour_that_comes_twice_is_counted_apart(store: EmbeddedStore) -> None:
    keep(store, VISITS)

    hours = {(row["queue_id"], row["local"]): row for row in asked(store, "1 hour")}

    first = hours["support", f"{DAY} 02:00+0200"]
    assert [first[name] for name in OUTCOMES] == [3, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0]
    assert (first["offered"], first["answered_in_time"], first["short_abandoned"]) == (7, 2, 1)
    # Three answers, the abandon after 5.001 s, the time-out after 30 s; not the key after 8 s.
    assert (first["counted"], first["service_level"]) == (5, 0.4)
    assert first["abandon_ratio"] == 0.25
    assert first["answer_ms_mean"] == pytest.approx((20_000 + 20_001 + 15_000) / 3)
    assert (first["wait_ms_p50"], first["wait_ms_p80"], first["wait_ms_p95"]) == (
        15_000,
        20_001,
        30_000,
    )
    assert first["handle_ms_mean"] == pytest.approx((100 + 200 + 595 + 60) * 1000 / 3)
    assert first["busy_ms"] == 300_000
    assert first["offered_erlangs"] == pytest.approx(7 * (955 / 3) / 3600)
    second = hours["support", f"{DAY} 02:00+0100"]
    assert (second["offered"], second["abandoned"], second["waiting"]) == (2, 1, 1)
    assert (second["counted"], second["service_level"], second["abandon_ratio"]) == (1, 0, 1)
    # The third call, taken in this hour: from 01:00:05 to 01:10:00, and a minute after it.
    assert second["busy_ms"] == 655_000
    assert second["carried_erlangs"] == pytest.approx(655 / 3600)
    assert (second["handle_ms_mean"], second["offered_erlangs"]) == (None, None)


def test_a_step_without_visits_has_no_ratios(store: EmbeddedStore) -> None:
    keep(store, VISITS)

    (quiet,) = [
        row
        for row in asked(store, "1 hour")
        if (row["queue_id"], row["local"]) == ("support", f"{DAY} 04:00+0100")
    ]

    assert [quiet[name] for name in SUMS] == [0] * len(SUMS)
    assert [quiet[name] for name in RATIOS] == [None] * len(RATIOS)
    assert quiet["carried_erlangs"] == 0


def test_nothing_is_said_of_a_stretch_that_nobody_called_in(store: EmbeddedStore) -> None:
    keep(store, VISITS)

    assert asked(store, "1 hour", since="2026-11-01", until="2026-11-08") == []


@pytest.mark.parametrize("step", ["7 minutes", "1 hour", "day"])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata"])
def test_the_whole_is_the_sum_of_its_steps(step: str, zone: str, store: EmbeddedStore) -> None:
    keep(store, VISITS)
    stretch = {"since": "2026-10-24", "until": "2026-10-27", "zone": zone}

    wholes = {row["queue_id"]: row for row in asked(store, "all", **stretch)}
    parts = asked(store, step, **stretch)

    assert wholes["support"]["offered"] == 10
    assert wholes["support"]["busy_ms"] == (100 + 200 + 595 + 60 + 30) * 1000
    for queue, whole in wholes.items():
        for name in SUMS:
            assert sum(r[name] for r in parts if r["queue_id"] == queue) == whole[name], name
    assert all(row["offered"] == sum(row[name] for name in OUTCOMES) for row in parts)


def test_a_call_from_before_the_stretch_is_busy_in_it_but_not_offered(
    store: EmbeddedStore,
) -> None:
    keep(store, VISITS)

    (row,) = asked(store, "all", since=f"{DAY}T01:05:30Z", until=f"{DAY}T01:08:00Z")

    assert (row["offered"], row["busy_ms"]) == (0, 150_000)
    assert row["carried_erlangs"] == 1


def test_an_open_conversation_lasts_to_the_newest_thing_known(store: EmbeddedStore) -> None:
    talking = visit(1, "10:00:00", "answered", 10, ended_at=None, talk_ms=None)
    keep(store, [talking, visit(2, "10:05:00", "abandoned", 10)])

    (row,) = asked(store, "all")

    assert (row["offered"], row["answered"], row["handled"]) == (2, 1, 0)
    assert row["busy_ms"] == 290_000  # from 10:00:10 to the second entry


def test_who_talks_on_alone_is_busy_for_no_less_than_no_time(store: EmbeddedStore) -> None:
    """His answer, ten minutes after he came, is the newest thing known."""
    keep(store, [visit(1, "00:00:00", "answered", 600, ended_at=None, talk_ms=None)])

    (hour,) = asked(store, "1 hour")

    assert (hour["offered"], hour["answered"], hour["busy_ms"]) == (1, 1, 0)


def test_a_corrected_visit_counts_once(store: EmbeddedStore) -> None:
    early = visit(1, "10:00:00", "abandoned", 10)
    keep(store, [early])
    keep(store, [visit(1, "10:00:00", "answered", 12, 30, revision=2)])

    (row,) = asked(store, "day")

    assert (row["offered"], row["answered"], row["abandoned"]) == (1, 1, 0)
