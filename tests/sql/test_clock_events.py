"""What still lasts does so until a PBX was heard last; what a CRM tells moves nothing."""

from typing import Any

import schemas.events as e
from schemas import crm_events as crm
from sql.embedded import EmbeddedStore
from tests.crm_told import told
from tests.sql.asking import report
from tests.sql.test_adherence import fold
from tests.timetable import values

MORNING = """
    09:00:00 login  Anna sales
    09:10:00 pause  Anna sales lunch
    09:15:00 enter  c sales
    09:15:03 beat
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
