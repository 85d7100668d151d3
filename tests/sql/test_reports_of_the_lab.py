"""Random cells of the reports over the recorded half hour, computed again from their legs."""

import random
from typing import Any

import pytest

from sql.embedded import EmbeddedStore
from tests.lab import recording
from tests.sql.asking import keep, ms, report, rows

STRETCH = {"since": "2026-11-21", "until": "2026-11-23", "zone": "Asia/Kolkata"}
BUSY = ("talking", "holding", "wrapup")


@pytest.fixture
def lab(store: EmbeddedStore) -> EmbeddedStore:
    keep(store, recording.fold(recording.ami()).facts)
    return store


def cells(store: EmbeddedStore, view: str, step: str) -> list[dict[str, Any]]:
    told = report(store, view, step=step, **STRETCH)
    assert len(told) > 20
    return random.Random(step).sample(told, 20)


def within(row: dict[str, Any], time: str | None) -> bool:
    return time is not None and row["started_at"] <= time < row["ended_at"]


def overlap_ms(row: dict[str, Any], begin: str, end: str) -> int:
    here = max(ms(begin), ms(row["started_at"]))
    return max(0, min(ms(end), ms(row["ended_at"])) - here)


@pytest.mark.parametrize("step", ["1 minute", "5 minutes"])
def test_cells_of_queues_are_what_their_legs_say(step: str, lab: EmbeddedStore) -> None:
    legs = rows(lab, "SELECT * FROM legs WHERE queue_id != ''")

    for row in cells(lab, "queue_report", step):
        own = [each for each in legs if each["queue_id"] == row["queue_id"]]
        mine = [each for each in own if within(row, each["entered_at"])]
        answered = [each for each in mine if each["outcome"] == "answered"]
        gone = [each for each in mine if each["outcome"] == "abandoned"]
        good = [each for each in answered if each["wait_ms"] <= each["answer_within_ms"]]
        short = [each for each in gone if each["wait_ms"] <= each["short_abandon_ms"]]
        late = [
            each for each in mine
            if each not in answered + gone and each["wait_ms"] > each["answer_within_ms"]
        ]  # fmt: skip
        below = len(answered) + len(gone) - len(short) + len(late)
        assert (row["offered"], row["answered"], row["abandoned"]) == (
            len(mine), len(answered), len(gone),
        )  # fmt: skip
        assert row["service_level"] == (len(good) / below if below else None)
        assert row["talk_ms"] == sum(each["talk_ms"] or 0 for each in mine)
        assert row["busy_ms"] == sum(
            overlap_ms(row, each["answered_at"], each["ended_at"])
            for each in own if each["answered_at"]
        )  # fmt: skip


@pytest.mark.parametrize("step", ["1 minute", "5 minutes"])
def test_cells_of_agents_are_what_their_states_say(step: str, lab: EmbeddedStore) -> None:
    states = rows(lab, "SELECT * FROM agent_states WHERE ended_at IS NOT NULL")
    breaks = rows(lab, "SELECT * FROM breaks WHERE ended_at IS NOT NULL")
    offers = rows(lab, "SELECT * FROM offers")

    for row in cells(lab, "agent_report", step):
        mine = [each for each in states if each["agent_id"] == row["agent_id"]]
        spent = {
            name: sum(
                overlap_ms(row, each["started_at"], each["ended_at"])
                for each in mine if each["state"] == name
            )
            for name in (*BUSY, "ready", "reserved", "not_ready")
        }  # fmt: skip
        assert row["login_ms"] == sum(spent.values())
        on_calls = sum(spent[name] for name in BUSY)
        free = spent["ready"] + spent["reserved"]
        expected = on_calls / (on_calls + free) if on_calls + free else None
        assert row["occupancy"] == (None if expected is None else pytest.approx(expected))
        assert row["break_ms"] == sum(
            overlap_ms(row, each["started_at"], each["ended_at"])
            for each in breaks if each["agent_id"] == row["agent_id"]
        )  # fmt: skip
        assert row["missed"] == sum(
            each["agent_id"] == row["agent_id"] and each["result"] == "no_answer"
            and within(row, each["ended_at"])
            for each in offers
        )  # fmt: skip
