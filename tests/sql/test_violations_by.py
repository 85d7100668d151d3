"""Episodes over a Sunday of 23 hours in Berlin, which begins at 23:00 UTC; counted by hand."""

from typing import Any

import pytest

from sql.embedded import EmbeddedStore
from tests.sql.asking import keep, ms, report
from tests.sql.examples import heartbeat, moment, review, session, violation

MINUTE = 60_000
BERLIN = {"since": "2026-03-28", "until": "2026-03-30", "zone": "Europe/Berlin"}


def fired(number: int, time: str, minutes: float | None, **more: Any) -> Any:
    at = ms(f"2026-03-{time}")
    over = None if minutes is None else at + round(minutes * MINUTE)
    state = "firing" if minutes is None else "resolved"
    changes = {"fired_at": at, "pending_at": at - MINUTE, "cleared_at": over, "state": state}
    return violation(number, **{**changes, **more})


EPISODES = [
    fired(1, "28 22:59:59.999", 60, agent_id="Anna"),  # Saturday's, with all its hour
    fired(2, "28 23:00", 5, agent_id="Anna"),
    fired(3, "29 00:10", 0, agent_id="Anna", code="rona", severity="info", queue_id="sales"),
    fired(4, "29 08:00", 10, agent_id="Boris", severity="critical"),
    fired(
        5, "29 08:30", 10, agent_id="Boris", severity="critical", evidence='{"beyond":"shift"}'
    ),
    fired(6, "29 09:00", 20, agent_id="Boris"),  # excused below
    fired(7, "29 10:00", None, agent_id="Boris"),  # lasts until the newest event
    fired(8, "29 11:00", 1, agent_id="", code="system_suspect", severity="critical"),
    fired(9, "29 12:00", 1, agent_id="Anna", state="pending", fired_at=None, cleared_at=None),
    fired(10, "29 12:00", 1, agent_id="Anna", voided=True),
    fired(11, "29 22:00", 1, agent_id="Anna"),  # Monday's
    review(1, episode_id="episode000000006", verdict="excused"),
]
SESSIONS = [
    session(
        1,
        agent_id="Anna",
        logged_in_at=ms("2026-03-28 21:00"),
        logged_out_at=ms("2026-03-29 05:00"),
    ),
    session(
        2,
        agent_id="Anna",
        logged_in_at=ms("2026-03-29 09:00"),
        logged_out_at=ms("2026-03-29 10:00"),
    ),
    session(3, agent_id="Boris", logged_in_at=ms("2026-03-29 07:00")),
    session(
        4,
        agent_id="Dora",
        logged_in_at=ms("2026-03-28 07:00"),
        logged_out_at=ms("2026-03-28 23:00"),
    ),
]


def stored(store: EmbeddedStore) -> None:
    keep(store, [*EPISODES, *SESSIONS])
    at = moment(ms("2026-03-29 15:00"))
    store.writer.write_events([heartbeat(1, time=at, recordedtime=at)], [(0, 1)], "beats")


def asked(store: EmbeddedStore, step: str, **changes: str) -> list[dict[str, Any]]:
    return report(store, "violations_by", step=step, **{**BERLIN, **changes})


def test_two_days_of_which_one_is_short(store: EmbeddedStore) -> None:
    stored(store)

    told = {(row["local"][8:10], row["by"], row["name"]): row for row in asked(store, "day")}

    names = (
        "episodes",
        "duration_ms",
        "open_episodes",
        "alerts",
        "pages",
        "excused",
        "agent_days",
    )
    figures = {key: tuple(row[name] for name in names) for key, row in told.items()}
    assert figures == {
        ("28", "all", ""): (1, 60 * MINUTE, 0, 1, 0, 0, 2),
        ("28", "agent", "Anna"): (1, 60 * MINUTE, 0, 1, 0, 0, 1),
        ("28", "team", "support"): (1, 60 * MINUTE, 0, 1, 0, 0, None),
        ("28", "code", "late_return"): (1, 60 * MINUTE, 0, 1, 0, 0, 2),
        ("29", "all", ""): (6, 326 * MINUTE, 1, 4, 2, 1, 2),
        ("29", "agent", "Anna"): (2, 5 * MINUTE, 0, 1, 0, 0, 1),
        ("29", "agent", "Boris"): (3, 320 * MINUTE, 1, 3, 1, 1, 1),
        ("29", "team", "support"): (6, 326 * MINUTE, 1, 4, 2, 1, None),
        ("29", "code", "late_return"): (4, 325 * MINUTE, 1, 4, 1, 1, 2),
        ("29", "code", "rona"): (1, 0, 0, 0, 0, 0, 2),
        ("29", "code", "system_suspect"): (1, MINUTE, 0, 0, 1, 0, 2),
        ("29", "queue", "sales"): (1, 0, 0, 0, 0, 0, None),
    }
    assert told["29", "all", ""]["alerts_per_agent_day"] == 2
    assert told["29", "all", ""]["excused_ms"] == 20 * MINUTE


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata"])
@pytest.mark.parametrize("step", ["1 hour", "day", "month"])
def test_the_whole_is_the_sum_of_its_steps(step: str, zone: str, store: EmbeddedStore) -> None:
    stored(store)
    stretch = {"since": "2026-03-27", "until": "2026-04-02", "zone": zone}

    wholes = {(row["by"], row["name"]): row for row in asked(store, "all", **stretch)}
    parts = asked(store, step, **stretch)

    assert wholes["all", ""]["episodes"] == 8
    for (by, name), whole in wholes.items():
        mine = [row for row in parts if (row["by"], row["name"]) == (by, name)]
        for figure in ("episodes", "duration_ms", "alerts", "pages", "excused", "excused_ms"):
            assert sum(row[figure] for row in mine) == whole[figure]


def test_without_anybody_there_is_no_ratio_and_without_episodes_no_row(
    store: EmbeddedStore,
) -> None:
    keep(store, EPISODES)

    rows = asked(store, "day")

    assert rows
    assert {row["alerts_per_agent_day"] for row in rows} == {None}
    assert asked(store, "day", since="2026-05-01", until="2026-05-03") == []
