"""What still lasts does so until a PBX was heard last; what a CRM tells moves nothing."""

from typing import Any

import pytest

import schemas.events as e
from schemas import crm_events as crm
from sql.embedded import EmbeddedStore
from tests.crm_told import told
from tests.sql.asking import fold, keep, report, rows
from tests.sql.examples import violation
from tests.timetable import TENANT, moment, values

MORNING = """
    09:00:00 login  Anna sales
    09:10:00 pause  Anna sales lunch
    09:15:00 enter  c sales
    09:15:03 beat
"""
EVENING = """
    20:00:00 login  Anna sales
    20:00:00 login  Boris sales
    20:00:00 pause  Boris sales lunch
    23:20:00 enter  c sales
    23:20:05 ring   c sales Anna
    23:20:10 answer c sales Anna
    23:30:00 beat
    2026-03-03 01:00:00 beat
"""
DAY = {"since": "2026-03-01", "until": "2026-03-09", "zone": "UTC", "step": "all"}
SECONDS = {"answer_within": "", "short_abandon": ""}


def of_a_crm() -> list[bytes]:
    """Return a case told in time, one dated three days ahead, and a call that a CRM starts."""
    return [
        told(crm.CaseCreated, "11:00:00", case_id="K1"),
        told(crm.CaseCreated, "11:00:00", day="2026-03-05", seen="09:16:00", case_id="K2"),
        told(e.InteractionStarted, "10:15:00", interaction_id="z", channel_id="z"),
    ]


def reports(store: EmbeddedStore) -> dict[str, Any]:
    names = ("queue_report", "agent_report", "breaks_report", "violations_by")
    found: dict[str, Any] = {name: report(store, name, **DAY) for name in names}
    return {**found, "service_levels": report(store, "service_levels", **DAY, **SECONDS)}


def test_what_a_crm_tells_lengthens_nothing_that_still_lasts(store: EmbeddedStore) -> None:
    fold(store, values(MORNING))
    before = reports(store)
    fold(store, [*values(MORNING), *of_a_crm()])

    assert reports(store) == before
    (spell,) = before["breaks_report"]
    assert (spell["break_ms"], spell["login_ms"]) == (303_000, 903_000)
    assert before["queue_report"][0]["counted"] == 0  # 3 s of 20


def test_who_is_logged_in_for_weeks_is_in_the_report_of_each_day(store: EmbeddedStore) -> None:
    days = "".join(f"2026-03-{day:02} 08:00:00 beat\n" for day in range(2, 25))
    fold(store, values(f"""
        2026-03-01 08:00:00 login Anna sales
        2026-03-01 09:00:00 pause Anna sales ill
        {days}
        2026-03-24 09:00:00 unpause Anna sales
        2026-03-24 12:00:00 logout Anna sales
    """))  # fmt: skip

    for day in (2, 9, 23):
        asked = {
            "since": f"2026-03-{day:02}", "until": f"2026-03-{day + 1:02}", "zone": "UTC",
            "step": "day",
        }  # fmt: skip
        for name in ("agent_report", "breaks_report"):
            (row,) = report(store, name, **asked)
            assert (row["login_ms"], row["break_ms"]) == (86_400_000, 86_400_000), (name, day)


@pytest.mark.parametrize(
    ("view", "figure", "day", "next_day"),
    [
        ("agent_report", "login_ms", 14_400_000, 3_600_000),
        ("breaks_report", "break_ms", 14_400_000, 3_600_000),
        ("queue_report", "busy_ms", 2_390_000, 3_600_000),  # from 23:20:10 to midnight
        ("violations_by", "agent_days", 2, 2),
    ],
)
def test_a_day_says_the_same_alone_and_beside_the_next_one(
    view: str, figure: str, day: int, next_day: int, store: EmbeddedStore
) -> None:
    """The next day has a word of the PBX: until midnight all was as it had been."""
    fold(store, values(EVENING))
    late = [moment(f"{day} 00:10:00") for day in ("2026-03-02", "2026-03-03")]
    keep(
        store,
        [violation(n, tenant=TENANT, domain=TENANT, fired_at=at) for n, at in enumerate(late)],
    )
    where = "by = 'all'" if view == "violations_by" else "true"
    first, second = (
        {"since": day, "until": until, "zone": "UTC", "step": "day", "where": where}
        for day, until in (("2026-03-02", "2026-03-03"), ("2026-03-03", "2026-03-05"))
    )

    alone, after = report(store, view, **first), report(store, view, **second)
    both = report(store, view, **{**first, "until": "2026-03-05"})

    assert sorted(map(str, both)) == sorted(map(str, alone + after))
    assert {row[figure] for row in alone} == {day}
    assert {row[figure] for row in after} == {next_day}
    if view != "violations_by":
        quarter = report(store, view, **{**first, "since": "2026-03-02 23:45"})
        assert {row[figure] for row in quarter} == {900_000}


def test_heard_last_is_the_newest_of_what_moves_the_clock(store: EmbeddedStore) -> None:
    fold(store, [*values(MORNING), *of_a_crm()])

    told = rows(store, "SELECT * FROM last_heard")

    assert told == rows(
        store,
        "SELECT tenant, domain, max(occurred_at) AS heard_until FROM clock_events GROUP BY ALL",
    )
    assert told[0]["heard_until"] == "2026-03-02 09:15:03.000"
