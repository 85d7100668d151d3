"""Every denominator on visits that are counted by hand, and on what vendors publish."""

from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.errors import StoreFailed
from schemas.facts import Leg
from sql.embedded import EmbeddedStore
from tests.sql.asking import keep, report, rows
from tests.sql.examples import MORNING, heartbeat, leg, moment, waiting_leg


def visits(start: int, count: int, outcome: str, wait_ms: int, **more: Any) -> list[Leg]:
    """Return so many visits of one fate."""
    answered = outcome == "answered"
    return [
        leg(
            start + number,
            outcome=outcome,
            wait_ms=wait_ms,
            entered_at=MORNING + number,
            first_second=MORNING // 1000,
            answered_at=MORNING + number + wait_ms if answered else None,
            **more,
        )
        for number in range(count)
    ]


def asked(store: EmbeddedStore, within: str = "20", short: str = "5") -> dict[str, Any]:
    (row,) = report(
        store,
        "service_levels",
        since="2026-02-03",
        until="2026-02-04",
        zone="UTC",
        step="day",
        answer_within=within,
        short_abandon=short,
    )
    return row


BY_HAND = [
    *visits(10, 1, "answered", 20_000),  # exactly on target
    *visits(20, 1, "answered", 20_001, ring_ms=21_000),
    *visits(30, 1, "answered", 3_000),
    *visits(40, 1, "abandoned", 5_000),  # exactly short
    *visits(50, 1, "abandoned", 20_000),
    *visits(60, 1, "abandoned", 20_001),
    *visits(70, 1, "timeout", 60_000),
    *visits(80, 1, "key", 9_000),
    *visits(90, 1, "transferred", 10_000),
    *visits(100, 1, "callback", 15_000),
    *visits(110, 1, "full", 0),
    waiting_leg(120, entered_at=MORNING),
]


@pytest.mark.parametrize(("heard_ms", "level"), [(19_999, 2 / 6), (20_000, 2 / 7)])
def test_who_waits_past_the_target_counts_then(
    heard_ms: int, level: float, store: EmbeddedStore
) -> None:
    keep(store, BY_HAND)
    at = moment(MORNING + heard_ms)
    store.writer.write_events([heartbeat(1, time=at, recordedtime=at)], [(0, 1)], "beat")

    assert asked(store)["service_level"] == pytest.approx(level)


def test_every_denominator_of_a_table_counted_by_hand(store: EmbeddedStore) -> None:
    """G 2, A 3, abandoned 3 (2 in T, 1 short); flow-outs 4: time-out, key, transfer, full."""
    keep(store, BY_HAND)

    row = asked(store)

    assert (row["offered"], row["waiting"], row["finished"], row["queued"]) == (12, 1, 11, 10)
    ratios = {name: row[name] for name in row if name.startswith(("sl", "service"))}
    assert {name: round(ratio, 6) for name, ratio in ratios.items()} == {
        "service_level": round(2 / 6, 6),  # 3 answers, 2 abandons over 5 s, the time-out
        "sl1_negative": round(2 / 6, 6),
        "sl2_ignore": round(2 / 9, 6),
        "sl3_positive": round(4 / 11, 6),
        "sl4_handled": round(2 / 3, 6),
        "sl5_removed": 0.5,
        "sl6_minus_short": 0.4,
        "sl7_flow_outs": 0.2,
        "sl7_flow_outs_minus_short": round(2 / 9, 6),
        "sl7_flow_outs_no_abandons": round(2 / 7, 6),
        "sl8_breakouts": round(2 / 7, 6),
        "sl9_strict": round(1 / 3, 6),
        "sl10_no_abandons": 0.5,  # three answers and the time-out
        "sl11_received": round(2 / 12, 6),
        "sl12_negative": 0.2,
        "sl12_ignore": 0.25,
        "sl12_positive": 0.4,
        "sl13_live": round(142 / 182.002, 6),  # 20+20+3+5+20+20+20+9+10+15 s of all waits
        "sl14_interflow": round(2 / 6, 6),
        "sl15_agent": round(2 / 3, 6),
    }


def test_the_published_example_of_cisco_icm(store: EmbeddedStore) -> None:
    keep(
        store,
        [
            *visits(0, 70, "answered", 10_000),
            *visits(100, 10, "abandoned", 10_000),
            *visits(200, 20, "answered", 30_000),
        ],
    )

    row = asked(store)

    assert (row["sl2_ignore"], row["sl1_negative"], row["sl3_positive"]) == (
        pytest.approx(70 / 90),
        0.7,
        0.8,
    )


def test_the_published_example_of_cuic(store: EmbeddedStore) -> None:
    keep(store, [*visits(0, 50, "answered", 30_000), *visits(100, 80, "answered", 31_000)])

    assert asked(store, "30")["sl2_ignore"] == pytest.approx(50 / 130)


def test_the_published_example_of_genesys(store: EmbeddedStore) -> None:
    """57.14 %: 200 in time, 100 later, 50 abandons below 10 s, 50 above."""
    keep(
        store,
        [
            *visits(0, 200, "answered", 10_000),
            *visits(300, 100, "answered", 40_000),
            *visits(500, 50, "abandoned", 9_000),
            *visits(600, 50, "abandoned", 11_000),
        ],
    )

    assert asked(store, short="10")["sl6_minus_short"] == pytest.approx(4 / 7)


def test_aircalls_call_misses_for_its_number_and_hits_for_its_user(
    store: EmbeddedStore,
) -> None:
    """25 s in vain at one agent, then 5 s at another."""
    keep(store, visits(0, 1, "answered", 30_000, ring_ms=5_000))

    row = asked(store)

    assert (row["sl4_handled"], row["sl15_agent"]) == (0, 1)


def test_of_missed_calls_those_count_whose_callers_waited_no_longer_than_the_target(
    store: EmbeddedStore,
) -> None:
    """Talkdesk: of 2 answers and 3 missed calls 1 and 2 in time; abandons and voicemail out."""
    keep(
        store,
        [
            *visits(0, 1, "answered", 20_000),
            *visits(10, 1, "answered", 20_001),
            *visits(20, 2, "timeout", 20_000),
            *visits(30, 1, "timeout", 20_001),
            *visits(40, 7, "abandoned", 1_000),
            *visits(50, 5, "key", 1_000),
        ],
    )

    row = asked(store)

    assert (row["timed_out"], row["timed_out_within"]) == (3, 2)
    assert row["sl10_no_abandons"] == pytest.approx(3 / 5)


def test_the_live_level_is_the_mean_of_what_a_display_shows(store: EmbeddedStore) -> None:
    """Looked at every second, between entries and ends, which are at whole seconds."""
    chance = Random(13)
    spans = [(chance.randrange(600), chance.randrange(90)) for _ in range(40)]
    keep(
        store,
        [
            visit
            for place, (begin, length) in enumerate(spans)
            for visit in visits(
                place, 1, chance.choice(["answered", "abandoned", "timeout"]), length * 1_000
            )
        ],
    )
    waiting = over = 0
    for second in range(700):
        waits = [second + 0.5 - b for b, length in spans if b < second + 0.5 < b + length]
        waiting += len(waits)
        over += sum(wait > 20 for wait in waits)

    assert over > 100
    assert asked(store)["sl13_live"] == pytest.approx((waiting - over) / waiting)


def test_business_hours_are_the_steps_that_are_added_up(store: EmbeddedStore) -> None:
    """One answer in time at 9, one too late at 20, when the centre is closed in Kolkata."""
    evening = MORNING + 11 * 3_600_000
    keep(
        store,
        [
            *visits(0, 1, "answered", 10_000),
            leg(10, entered_at=evening, first_second=evening // 1000, wait_ms=30_000,
                answered_at=evening + 30_000),
        ],
    )  # fmt: skip

    (row,) = rows(
        store,
        "SELECT sum(answered_within + timed_out_within) / sum(answered + timed_out) AS level "
        "FROM service_levels(since = '2026-02-03', until = '2026-02-05', "
        "zone = 'Asia/Kolkata', step = '30 minutes', answer_within = '20', "
        "short_abandon = '5') WHERE substring(local, 12, 5) BETWEEN '09:00' AND '17:59'",
    )

    assert row["level"] == 1


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata"])
@pytest.mark.parametrize("step", ["30 minutes", "1 hour", "day"])
def test_the_whole_is_the_sum_of_its_steps(step: str, zone: str, store: EmbeddedStore) -> None:
    """Visits of every fate through the night in which Berlin has an hour twice."""
    midnight = MORNING + 263 * 86_400_000 + 12 * 3_600_000  # 2026-10-24T21:00:00Z
    keep(
        store,
        [
            replace(
                each,
                leg_id=f"{each.leg_id}-{hour}",
                entered_at=midnight + hour * 1_700_000,
                first_second=midnight // 1000 + hour * 1_700,
            )
            for hour in range(70)
            for each in BY_HAND
        ],
    )
    stretch = {"since": "2026-10-24", "until": "2026-10-27", "zone": zone}
    given = {**stretch, "answer_within": "20", "short_abandon": "5"}

    (whole,) = report(store, "service_levels", step="all", **given)
    parts = report(store, "service_levels", step=step, **given)

    assert whole["offered"] == 70 * len(BY_HAND)
    sums = [name for name in whole if isinstance(whole[name], int)]
    assert len(sums) == 17
    for name in sums:
        assert sum(row[name] for row in parts) == whole[name], name
    assert {round(row["sl10_no_abandons"], 9) for row in parts} == {0.5}


def test_thresholds_left_empty_are_those_in_force_for_each_call(store: EmbeddedStore) -> None:
    keep(
        store,
        [
            *visits(0, 1, "answered", 25_000, answer_within_ms=30_000),
            *visits(10, 1, "answered", 25_000),
            *visits(20, 1, "abandoned", 8_000, short_abandon_ms=10_000),
        ],
    )

    assert asked(store, "", "")["service_level"] == 0.5
    assert asked(store, "24.9995", "")["service_level"] == 1  # 25 s to the millisecond
    assert asked(store, "24.999", "")["service_level"] == 0


def test_ratios_are_unknown_where_nothing_is_finished(store: EmbeddedStore) -> None:
    keep(store, [waiting_leg(0)])

    row = asked(store)

    ratios = [name for name in row if name.startswith(("sl", "service"))]
    assert len(ratios) == 20
    assert {row[name] for name in ratios if name != "sl11_received"} == {None}
    assert row["sl11_received"] == 0


@pytest.mark.parametrize("limit", ["20s", "-5", "-0.001", "1e300", "86401", "inf", "nan"])
def test_limits_that_no_wait_can_have_are_refused(store: EmbeddedStore, limit: str) -> None:
    keep(store, [waiting_leg(0)])

    with pytest.raises(StoreFailed, match="are seconds from 0 to 86400"):
        asked(store, within=limit)
    with pytest.raises(StoreFailed, match="are seconds from 0 to 86400"):
        asked(store, short=limit)
