"""Random cells of the reports on what CRMs tell, computed again from cards, codes and answers.

A simulated working day in Kolkata, whose days begin at 18:30 UTC, with a CRM beside the PBX.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

import schemas.events as e
from producers.simulation.day import HOUR_MS
from producers.simulation.plan import Plan
from producers.simulation.simulation import Simulation
from schemas import crm_events as crm
from sql.embedded import EmbeddedStore
from stream_processors.core.pipeline import Batch, Record, apply
from stream_processors.core.state import State
from tests.sql.asking import keep, ms, report, rows
from tests.timetable import moment, terms

ZONE = ZoneInfo("Asia/Kolkata")
BEGIN = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)  # 20:00 in Kolkata: midnight comes after 4 h
HOURS = 8
PLAN = Plan(
    seed=11, begin_ms=moment("14:30:00"), length_ms=HOURS * HOUR_MS, seats=20,
    heartbeat_ms=10_000, crm=True,
)  # fmt: skip


def told() -> Iterator[bytes]:
    """Give out what PBX and CRM tell, with codes and answers of many kinds."""
    for said in Simulation(PLAN).events():
        event = e.decode(said.value)
        chance = Random(event.id)
        if isinstance(event, crm.DispositionSet):
            code = chance.choice("abcd")
            event = _with(event, code=code, name=f"Code {code}")
        elif isinstance(event, crm.SurveyAnswered):
            kind, top = chance.choice([("csat", 5), ("nps", 10), ("ces", 7)])
            low = 0 if kind == "nps" else 1
            event = _with(event, kind=kind, scale_min=low, scale_max=top,
                          score=chance.randint(low, top))  # fmt: skip
        elif isinstance(event, crm.CardSaved) and int(event.data.card_id[-1:]) < 3:
            continue  # a quarter is never saved
        yield e.encode(event)


def _with(event: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(event, data=msgspec.structs.replace(event.data, **changes))


@pytest.fixture(scope="module")
def office(_opened: EmbeddedStore) -> EmbeddedStore:
    """Return the store with what was told; the tests here write nothing."""
    store = _opened
    records = tuple(Record(place, value) for place, value in enumerate(told(), 1))
    state = State(PLAN.tenant, PLAN.tenant)
    for start in range(0, len(records), 500):
        keep(store, apply(state, Batch(records[start : start + 500]), terms()))
    return store


class Cut:
    """A stretch of time, as reports are asked for it and as rows stand in it."""

    def __init__(self, begin: datetime, end: datetime) -> None:
        self.asked = {
            "since": f"{begin.astimezone(ZONE):%Y-%m-%d %H:%M}",
            "until": f"{end.astimezone(ZONE):%Y-%m-%d %H:%M}",
            "zone": str(ZONE),
        }
        self._begin, self._end = (f"{at:%Y-%m-%d %H:%M:%S.000}" for at in (begin, end))

    def holds(self, time: str | None) -> bool:
        """Tell whether an instant (UTC) is in it."""
        return self.has_begun(time) and str(time) < self._end

    def has_begun(self, time: str | None) -> bool:
        """Tell whether an instant (UTC) is in it or later."""
        return time is not None and self._begin <= time


WHOLE = Cut(BEGIN, BEGIN + timedelta(days=1))


def stretches(seed: int) -> Iterator[Cut]:
    """Give out stretches of some length, the last one over midnight in Kolkata."""
    chance = Random(seed)
    for _ in range(5):
        begin = BEGIN + timedelta(minutes=chance.randrange(HOURS * 60 - 60))
        yield Cut(begin, begin + timedelta(minutes=chance.randint(20, 240)))
    yield Cut(BEGIN + timedelta(hours=3, minutes=7), BEGIN + timedelta(hours=5, minutes=1))


def mean(values: list[Any]) -> Any:
    return pytest.approx(sum(values) / len(values)) if values else None


def test_cells_of_card_filling_are_what_cards_and_legs_say(office: EmbeddedStore) -> None:
    cards = rows(office, "SELECT * FROM cards")
    ends = {each["leg_id"]: each["ended_at"] for each in rows(office, "SELECT * FROM legs")}
    wrapups = rows(office, "SELECT * FROM agent_states WHERE state = 'wrapup'")
    seen = 0

    for cut in stretches(1):
        for row in report(office, "card_filling", **cut.asked):
            mine = [
                each for each in cards
                if each["agent_id"] == row["agent_id"] and cut.holds(each["began_at"])
            ]  # fmt: skip
            lengths = sorted(c["filling_ms"] for c in mine if c["filling_ms"] is not None)
            after = [
                max(0, ms(each["saved_at"] or each["closed_at"])
                    - max(ms(each["opened_at"]), ms(ends[each["leg_id"]])))
                for each in mine if each["filling_ms"] is not None and each["leg_id"]
            ]  # fmt: skip
            wrapped = [
                each["duration_ms"] for each in wrapups
                if each["agent_id"] == row["agent_id"] and cut.holds(each["started_at"])
                and each["duration_ms"] is not None
            ]  # fmt: skip
            counts = {
                "cards": len(mine),
                "saved": sum(each["saves"] > 0 for each in mine),
                "dropped": sum(not each["saves"] and each["closed_at"] is not None
                               for each in mine),
                "found": sum(each["interaction_id"] != "" for each in mine),
                "sure": sum((each["confidence"] or 0) >= 0.8 for each in mine),
                "wrapups": len(wrapped),
            }  # fmt: skip
            assert {name: row[name] for name in counts} == counts
            assert row["filling_mean_ms"] == mean(lengths)
            assert row["filling_p90_ms"] == (
                lengths[int(0.9 * len(lengths))] if lengths else None
            )
            assert row["after_talk_mean_ms"] == mean(after)
            assert row["wrapup_mean_ms"] == mean(wrapped)
            seen += row["dropped"] > 0 and row["saved"] > 0
    assert seen > 20


def test_cells_of_codes_are_what_was_set_last(office: EmbeddedStore) -> None:
    said = rows(office, "SELECT * FROM dispositions ORDER BY set_at, disposition_id")
    last = {each["interaction_id"] or each["disposition_id"]: each for each in said}
    assert len(last) < len(said)
    seen = 0

    for cut in stretches(2):
        all_of_it = [each for each in last.values() if cut.holds(each["set_at"])]
        found = report(office, "disposition_report", **cut.asked)
        assert {row["code"] for row in found} == {each["code"] for each in all_of_it}
        for row in found:
            mine = [each for each in all_of_it if each["code"] == row["code"]]
            assert (row["name"], row["times"]) == (f"Code {row['code']}", len(mine))
            assert row["share"] == pytest.approx(len(mine) / len(all_of_it))
            assert row["contacts"] == len({each["interaction_id"] for each in mine} - {""})
            assert row["agents"] == len({each["agent_id"] for each in mine} - {""})
            assert row["sure"] == sum((each["confidence"] or 0) >= 0.8 for each in mine)
            seen += 1
    assert seen > 15


def test_cells_of_satisfaction_are_what_customers_answered(office: EmbeddedStore) -> None:
    answers = rows(office, "SELECT * FROM surveys")
    legs = rows(office, "SELECT * FROM legs WHERE agent_id != '' AND answered_at IS NOT NULL")
    agents = {each["leg_id"]: each["agent_id"] for each in legs}
    seen: set[str] = set()

    for cut in stretches(3):
        for row in report(office, "satisfaction", **cut.asked):
            mine = [
                each for each in answers
                if each["kind"] == row["kind"] and cut.holds(each["answered_at"])
                and agents.get(each["leg_id"], "") == row["agent_id"]
            ]  # fmt: skip
            scores = [each["score"] for each in mine]
            parts = [
                (each["score"] - each["scale_min"]) / (each["scale_max"] - each["scale_min"])
                for each in mine
            ]  # fmt: skip
            contacts = {
                each["interaction_id"] for each in legs
                if each["agent_id"] == row["agent_id"] and cut.holds(each["answered_at"])
            }  # fmt: skip
            assert row["answers"] == len(mine)
            assert row["mean_of_scale"] == mean(parts)
            if row["kind"] == "nps":
                net = sum(score >= 9 for score in scores) - sum(s <= 6 for s in scores)
                assert row["net_promoters"] == pytest.approx(net / len(mine))
                assert row["positive_ratio"] is None
            else:
                positive = sum(part >= 0.75 for part in parts)
                assert row["positive_ratio"] == pytest.approx(positive / len(mine))
                assert row["net_promoters"] is None
            if row["agent_id"] == "":
                assert row["response_ratio"] is None
            else:
                assert row["contacts"] == len(contacts)
                answered_for = {
                    each["interaction_id"] for each in answers
                    if each["kind"] == row["kind"] and cut.has_begun(each["answered_at"])
                    and agents.get(each["leg_id"], "") == row["agent_id"]
                }  # fmt: skip
                assert row["response_ratio"] == (
                    pytest.approx(len(answered_for & contacts) / len(contacts))
                    if contacts
                    else None
                )
            assert row["sure"] == sum((each["confidence"] or 0) >= 0.8 for each in mine)
            seen.add(row["kind"])
    assert seen == {"csat", "nps", "ces"}


SUMS = {
    "card_filling": ("cards", "saved", "dropped", "found", "sure", "wrapups"),
    "disposition_report": ("times", "sure"),
    "satisfaction": ("answers", "sure"),
}


@pytest.mark.parametrize("view", SUMS)
def test_the_whole_is_the_sum_of_hours_that_begin_at_any_half(
    view: str, office: EmbeddedStore
) -> None:
    begins = [BEGIN + timedelta(hours=n) for n in range(HOURS + 2)]
    hours = [Cut(begin, begin + timedelta(hours=1)) for begin in begins]

    whole = report(office, view, **WHOLE.asked)
    parts = [row for each in hours for row in report(office, view, **each.asked)]

    for name in SUMS[view]:
        total = sum(row[name] for row in whole)
        assert total > 0
        assert sum(row[name] for row in parts) == total, name


@pytest.mark.parametrize("view", SUMS)
def test_of_a_stretch_in_which_nothing_was_told_nothing_is_said(
    view: str, office: EmbeddedStore
) -> None:
    empty = {"since": "2026-04-01", "until": "2026-04-02", "zone": "Asia/Kolkata"}

    assert report(office, view, **empty) == []
