"""Imports of plans by way of Kafka that have read the same history: the later holds, whole."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from producers.frame import Frame, Naming
from producers.identity import CallerKeys
from producers.schedule import published
from producers.schedule.planning import Activities, Item
from pult.importing_plans import Plans, in_force, said_beside, to_say
from pult.plans_in_kafka import Publishing
from sql.embedded import EmbeddedStore
from tests.timetable import TENANT

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
NOW_US = round(NOW.timestamp() * 1_000_000)
DAYS = ("2026-03-02", "2026-03-12")
"""One that is over, and one to come."""


def worked_until(*hours: int) -> list[Activities]:
    """Return work from nine until so many o'clock on each of the days."""
    made = []
    for day, hour in zip(DAYS, hours, strict=True):
        midnight = datetime.fromisoformat(f"{day}T00:00+00:00")
        item: Item = (
            midnight + timedelta(hours=9),
            midnight + timedelta(hours=hour),
            "work",
            "",
        )
        made.append(Activities("Anna", day, "UTC", (item,)))
    return made


class Import:
    """An import that has read the history and says what it has to say later."""

    def __init__(self, store: EmbeddedStore, *hours: int) -> None:
        self._store = store
        self.said: list[str] = []
        file = Plans(Path("p.csv"), worked_until(*hours), ())
        self.beside = said_beside([file], self.ask, TENANT)

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Answer from the history as it is by now."""
        told = self._store.query(query, "JSONEachRow")
        return [json.loads(each) for each in told.splitlines()]

    def publish(self, now_us: int) -> None:
        """Say what it has to say, and wait until it is stored."""
        assert Publishing(self.ask, self._say, TENANT, "wfm").publish(self.beside, now_us)

    def _say(self, frames: Sequence[Frame]) -> None:
        names = Naming(TENANT, TENANT, CallerKeys(b""))
        events = [event for each in frames for event in published.translate(each, names)]
        self.said += [published.plan_in(each)[1].day for each in frames]
        places = [(0, len(self.said) + n) for n in range(len(events))]
        self._store.writer.write_events(events, places, f"{id(self)} {len(self.said)}")

    def held(self) -> list[int]:
        """Return until when is worked on each day."""
        plans = in_force(self.ask, TENANT, DAYS[0], DAYS[-1])
        return [int(plans["Anna", day].items[0].ends_at[11:13]) for day in DAYS]


@pytest.mark.parametrize("hours", [(17, 18), (18, 17), (17, 17)])
@pytest.mark.parametrize("others", [(16, 18), (18, 16), (16, 16)])
def test_what_one_leaves_and_the_other_changes_is_as_the_later_has_it(
    hours: tuple[int, int], others: tuple[int, int], store: EmbeddedStore
) -> None:
    Import(store, 18, 18).publish(NOW_US - 1_000_000)
    one, other = Import(store, *hours), Import(store, *others)

    one.publish(NOW_US)
    other.publish(NOW_US + 1)

    assert other.held() == list(others)


def test_the_order_of_the_log_does_not_matter_where_both_change_something(
    store: EmbeddedStore,
) -> None:
    one, other = Import(store, 17, 17), Import(store, 16, 16)

    other.publish(NOW_US + 1)
    one.publish(NOW_US)

    assert one.held() == [16, 16]


def test_a_clock_that_is_wrong_does_not_make_an_import_an_earlier_one(
    store: EmbeddedStore,
) -> None:
    Import(store, 18, 18).publish(NOW_US + 3_600_000_000)
    Import(store, 17, 18).publish(NOW_US)

    assert Import(store, 18, 18).held() == [17, 18]


def test_a_day_that_is_over_and_stays_as_it_is_is_not_said(store: EmbeddedStore) -> None:
    Import(store, 18, 18).publish(NOW_US)
    later = Import(store, 18, 17)

    later.publish(NOW_US + 1)

    assert later.said == ["2026-03-12"]


def test_of_an_import_that_says_nothing_new_nobody_hears(store: EmbeddedStore) -> None:
    Import(store, 18, 18).publish(NOW_US)

    assert to_say(Import(store, 18, 18).beside, NOW_US) == []
    over, to_come = (
        to_say(Import(store, *hours).beside, NOW_US) for hours in [(17, 18), (18, 17)]
    )
    assert [each.plan.day for each in over] == list(DAYS)
    assert [each.plan.day for each in to_come] == ["2026-03-12"]


def test_where_the_store_is_behind_that_is_told(
    store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pult.plans_in_kafka._WAIT_SECONDS", 0.0)
    behind = Import(store, 18, 18)
    said: list[Frame] = []

    there = Publishing(behind.ask, said.extend, TENANT, "wfm").publish(behind.beside, NOW_US)

    assert (there, len(said)) == (False, 2)
