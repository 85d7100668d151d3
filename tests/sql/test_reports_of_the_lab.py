"""Random cells of the reports over the recorded half hour, computed again from their legs."""

import json
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


def cells(
    store: EmbeddedStore, view: str, step: str, count: int = 20, /, **more: str
) -> list[dict[str, Any]]:
    told = report(store, view, step=step, **STRETCH, **more)
    assert len(told) > count
    return random.Random(step).sample(told, count)


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


@pytest.mark.parametrize("step", ["1 minute", "5 minutes"])
def test_cells_of_breaks_are_what_the_pauses_say(step: str, lab: EmbeddedStore) -> None:
    breaks = rows(lab, "SELECT * FROM breaks")
    states = rows(lab, "SELECT * FROM agent_states WHERE ended_at IS NOT NULL")

    for row in cells(lab, "breaks_report", step):
        own = [
            each for each in breaks
            if (each["agent_id"], each["reason"]) == (row["agent_id"], row["reason"])
        ]  # fmt: skip
        begun = [each for each in own if within(row, each["started_at"])]
        lengths = [each["duration_ms"] or 0 for each in begun]
        assert row["breaks"] == len(begun)
        assert row["open_breaks"] == sum(each["ended_at"] is None for each in begun)
        assert row["longest_ms"] == (max(lengths) if lengths else None)
        spent = sum(
            overlap_ms(row, each["started_at"], each["ended_at"])
            for each in own if each["ended_at"]
        )  # fmt: skip
        logged_in = sum(
            overlap_ms(row, each["started_at"], each["ended_at"])
            for each in states if each["agent_id"] == row["agent_id"]
        )  # fmt: skip
        assert (row["break_ms"], row["login_ms"]) == (spent, logged_in)
        assert row["login_ratio"] == (pytest.approx(spent / logged_in) if logged_in else None)


OF = {"agent": "agent_id", "team": "team", "code": "code", "queue": "queue_id"}


@pytest.mark.parametrize("step", ["1 minute", "5 minutes", "day"])
def test_cells_of_violations_are_what_their_episodes_say(step: str, lab: EmbeddedStore) -> None:
    episodes = rows(lab, "SELECT * FROM violations WHERE state NOT IN ('pending', 'voided')")
    sessions = rows(lab, "SELECT * FROM agent_sessions WHERE logged_out_at IS NOT NULL")

    for row in cells(lab, "violations_by", step, 15):
        own = [
            each for each in episodes
            if within(row, each["fired_at"])
            and (row["by"] == "all" or each[OF[row["by"]]] == row["name"])
        ]  # fmt: skip
        blamed = [each for each in own if each["state"] != "excused"]
        alerts = [e for e in blamed if e["severity"] != "info" and e["agent_id"]]
        pages = [
            each for each in blamed
            if each["severity"] == "critical" and "beyond" not in json.loads(each["evidence"])
        ]  # fmt: skip
        assert (row["episodes"], row["alerts"], row["pages"]) == (
            len(blamed), len(alerts), len(pages),
        )  # fmt: skip
        assert row["excused"] == len(own) - len(blamed)
        assert row["open_episodes"] == sum(each["cleared_at"] is None for each in blamed)
        assert row["duration_ms"] == sum(each["duration_ms"] or 0 for each in blamed)
        days = {
            each["agent_id"] for each in sessions
            if row["by"] != "agent" or each["agent_id"] == row["name"]
        }  # fmt: skip
        if step != "day" or row["by"] in ("team", "queue"):
            assert (row["agent_days"], row["alerts_per_agent_day"]) == (None, None)
        else:
            assert row["agent_days"] == len(days)
            assert row["alerts_per_agent_day"] == pytest.approx(len(alerts) / len(days))


GIVEN = {"answer_within": "12.5", "short_abandon": "3"}


@pytest.mark.parametrize("step", ["1 minute", "5 minutes"])
def test_cells_of_service_levels_are_what_their_waits_say(
    step: str, lab: EmbeddedStore
) -> None:
    legs = rows(lab, "SELECT * FROM legs WHERE queue_id != ''")

    for row in cells(lab, "service_levels", step, **GIVEN):
        mine = [
            each for each in legs
            if each["queue_id"] == row["queue_id"] and within(row, each["entered_at"])
        ]  # fmt: skip
        fates: dict[str, list[int]] = {}
        for each in mine:
            fates.setdefault(each["outcome"], []).append(each["wait_ms"] or 0)
        good, a, ab = in_time(fates, "answered"), fates.get("answered", []), fates.get(
            "abandoned", [])  # fmt: skip
        lost_early, short = in_time(fates, "abandoned"), sum(wait <= 3_000 for wait in ab)
        done = [each["wait_ms"] for each in mine if each["outcome"] != "waiting"]
        others = len(done) - len(a) - len(ab)
        missed, dropped = fates.get("timeout", []), in_time(fates, "timeout")
        dequeued = sum(len(fates.get(each, [])) for each in ("transferred", "withdrawn"))
        expected = {
            "sl1_negative": (good, len(a) + len(ab)),
            "sl2_ignore": (good, len(done) - lost_early),
            "sl3_positive": (good + lost_early, len(done)),
            "sl4_handled": (good, len(a)),
            "sl6_minus_short": (good, len(a) + len(ab) - short),
            "sl7_flow_outs": (good, len(a) + len(ab) + others),
            "sl7_flow_outs_no_abandons": (good, len(a) + others),
            "sl10_no_abandons": (good + dropped, len(a) + len(missed)),
            "sl11_received": (good, len(mine)),
            "sl12_negative": (good, len(done) - dequeued),
            "sl13_live": (sum(min(wait, 12_500) for wait in done), sum(done)),
        }
        assert {name: row[name] for name in expected} == {
            name: pytest.approx(above / below) if below else None
            for name, (above, below) in expected.items()
        }


def in_time(fates: dict[str, list[int]], outcome: str) -> int:
    return sum(wait <= 12_500 for wait in fates.get(outcome, []))
