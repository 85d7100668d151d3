"""`pult violations report` against an example worked out by hand, and on a real history.

The day is Sunday 2026-03-29 in Berlin: it begins at 23:00 UTC, has 23 hours, and ends at 22:00.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pult.commands.violations_report import Span, day_span, month_span, report_query, week_span
from schemas.policies import AgentPolicy, Policies
from sql.embedded import EmbeddedStore
from tests.pult.command import good, once
from tests.pult.conftest import History
from tests.sql.examples import heartbeat, moment, review, session, violation

BERLIN = Policies(
    timezone="Europe/Berlin",
    agents={name: AgentPolicy(team="support") for name in ("Anna", "Boris", "Dora")},
)


def at(text: str) -> int:
    """Return an instant [ms] written as day and UTC time of March 2026."""
    moment = datetime.fromisoformat(f"2026-03-{text.replace(' ', 'T')}")
    return int(moment.replace(tzinfo=UTC).timestamp() * 1000)


def episode(
    number: int, agent: str, code: str, fired: str, minutes: float | None, **more: Any
) -> Any:
    fired_at = at(fired)
    told: dict[str, Any] = {
        "episode_id": f"{number:016x}", "agent_id": agent, "code": code, "fired_at": fired_at,
        "pending_at": fired_at - 1000, "state": "firing" if minutes is None else "resolved",
        "cleared_at": None if minutes is None else fired_at + int(minutes * 60_000),
        "severity": "warning", "team": "sales" if agent in ("Clara", "") else "support",
        "evidence": "{}", "voided": False,
    }  # fmt: skip
    return violation(number, **{**told, **more})


EPISODES = [
    episode(1, "Anna", "late_return", "28 22:59:59.999", 60),  # the day before
    episode(2, "Anna", "late_return", "28 23:30", 5),
    episode(3, "Anna", "rona", "29 00:10", 0, severity="info"),
    episode(4, "Boris", "late_return", "29 08:00", 10, severity="critical"),
    episode(5, "Boris", "late_return", "29 09:00", 20),  # a person excuses it
    episode(6, "Boris", "late_return", "29 10:00", 4, severity="critical",
            evidence='{"beyond":"per_agent_shift","paged":false}'),
    episode(7, "Clara", "acw_too_long", "29 21:59:59.999", None),  # lasts until 22:30
    episode(8, "Clara", "toggle", "29 10:00", 7, voided=True),
    episode(9, "Clara", "toggle", "29 11:00", None, state="pending", fired_at=None),
    episode(10, "", "system_suspect", "29 12:00", 3, severity="critical"),
    episode(11, "Clara", "toggle", "29 22:00", 9),  # the day after
]  # fmt: skip
SESSIONS = [
    # From Saturday evening, over the midnight and the hour that is left out.
    session(1, agent_id="Anna", logged_in_at=at("28 21:00"), logged_out_at=at("29 04:00")),
    session(2, agent_id="Boris", logged_in_at=at("29 07:00"), logged_out_at=at("29 11:00")),
    session(3, agent_id="Boris", logged_in_at=at("29 12:00"), logged_out_at=at("29 16:00")),
    session(4, agent_id="Clara", logged_in_at=at("29 07:00"), logged_out_at=None),
    session(5, agent_id="Dora", logged_in_at=at("29 07:00"), logged_out_at=at("29 16:00")),
    session(6, agent_id="Emil", logged_in_at=at("27 07:00"), logged_out_at=at("28 23:00")),
]
EXPECTED = {
    # episodes, minutes, alerts, pages, excused, its minutes, agent days, alerts per agent day
    ("all", ""): (6, 52, 4, 2, 1, 20, 4, 1.0),
    ("agent", "Anna"): (2, 5, 1, 0, 0, 0, 1, 1.0),
    ("agent", "Boris"): (2, 14, 2, 1, 1, 20, 1, 2.0),
    ("agent", "Clara"): (1, 30, 1, 0, 0, 0, 1, 1.0),
    ("team", "support"): (4, 19, 3, 1, 1, 20, 3, 1.0),
    ("team", "sales"): (2, 33, 1, 1, 0, 0, 1, 1.0),
    ("code", "late_return"): (3, 19, 3, 1, 1, 20, 4, 0.75),
    ("code", "rona"): (1, 0, 0, 0, 0, 0, 4, 0.0),
    ("code", "acw_too_long"): (1, 30, 1, 0, 0, 0, 4, 0.25),
    ("code", "system_suspect"): (1, 3, 0, 1, 0, 0, 4, 0.0),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    opened = EmbeddedStore(tmp_path_factory.mktemp("report"))
    excuse = review(verdict="excused", episode_id=f"{5:016x}")
    opened.writer.write_facts([*EPISODES, *SESSIONS, excuse], "facts")
    later = "2026-03-29T22:30:00.000Z"
    beat = heartbeat(time=later, recordedtime=later)
    opened.writer.write_events([beat], [(0, 1)], "event")
    yield opened
    opened.close()


def told(store: EmbeddedStore, span: Span, tenant: str = "demo") -> dict[tuple[str, str], Any]:
    lines = store.query(report_query(span, tenant, BERLIN), "JSONCompactEachRow").splitlines()
    found = [json.loads(line) for line in lines]
    return {(by, name): tuple(float(v) if v is not None else None for v in values)
            for by, name, *values in found}  # fmt: skip


def test_a_day_that_lacks_an_hour_is_counted_as_by_hand(store: EmbeddedStore) -> None:
    assert told(store, day_span("2026-03-29")) == EXPECTED


def test_the_month_counts_the_days_on_which_somebody_was_there(store: EmbeddedStore) -> None:
    """Anna two days, Emil the 27th, 28th and, at 00:00 on the 29th, no more; Clara two."""
    month = told(store, month_span("2026-03"))

    assert month["agent", "Anna"][-2:] == (2, 1.0)
    # Logged in at the last event, half past midnight of Monday.
    assert month["agent", "Clara"][-2:] == (2, 1.0)
    assert month["all", ""][-2] == 2 + 1 + 2 + 1 + 2


def test_an_open_episode_lasts_as_far_as_its_own_site_was_heard(store: EmbeddedStore) -> None:
    later = moment(at("29 23:30"))
    beat = heartbeat(2, domain="elsewhere", time=later, recordedtime=later)
    store.writer.write_events([beat], [(0, 2)], "elsewhere")

    assert told(store, day_span("2026-03-29")) == EXPECTED


def test_the_week_is_from_monday_to_sunday(store: EmbeddedStore) -> None:
    week = told(store, week_span("2026-03-25"))

    assert week["agent", "Anna"][:3] == (3, 65, 2)
    assert week["agent", "Clara"][:3] == (1, 30, 1)


def test_another_tenant_has_other_violations(store: EmbeddedStore) -> None:
    assert told(store, day_span("2026-03-29"), "acme") == {}


def test_the_command_prints_three_tables_or_one(queue_log_history: History) -> None:
    data = ("--data", queue_log_history.data)
    query = "SELECT min(toDate(fired_at)) FROM violations WHERE fired_at IS NOT NULL"
    day = good("sql", query, "--format", "TSV", *data).strip()
    count = good("sql", "SELECT count() FROM violations WHERE fired_at IS NOT NULL "
                 "AND state != 'voided'", "--format", "TSV", *data).strip()  # fmt: skip

    whole = good("violations", "report", "--day", day, *data)
    agents = good("violations", "report", "--day", day, "--by", "agent", *data)
    csv = good("violations", "report", "--month", day[:7], "--format", "CSVWithNames", *data)
    nothing = good("violations", "report", "--week", "1999-01-01", *data)

    assert whole.startswith(f"{day} (UTC): {count} episodes, ")
    assert "(target 1 to 2)" in whole
    assert [line for line in whole.splitlines() if line.startswith("by ")] == [
        "by agent", "by team", "by code",
    ]  # fmt: skip
    assert "by team" not in agents
    assert csv.startswith('"by","name","episodes","minutes","alerts"')
    assert f'"all","",{count},' in csv
    assert nothing == "1998-12-28 to 1999-01-03 (UTC): no violations\n"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ((), "one of the arguments --day --week --month is required"),
        (("--day", "2026-02-30"), "is no day"),
        (("--month", "2026-3"), "is no month"),
        (("--month", "2026-13"), "is no month: a year has twelve"),
        (("--day", "0001-01-01"), "is no day of a history"),
        (("--day", "2026-03-02", "--week", "2026-03-02"), "not allowed with"),
        (("--day", "2026-03-02", "--by", "queue"), "invalid choice"),
    ],
)
def test_wrong_usage_is_one_line(options: tuple[str, ...], why: str, tmp_path: Path) -> None:
    done = once("violations", "report", *options, "--data", tmp_path)

    assert (done.code, done.complaint.count("\n")) == (2, 0)
    assert why in done.complaint
