"""Above a share of rejects `run` and `pult adapter` are not ready, say why, and go on."""

import logging
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from producers.frame import Frame, Naming
from producers.identity import CallerKeys
from producers.journal import Journal
from producers.place import Place
from producers.publish import Publisher, Target
from producers.translated import translated
from pult.answers import Answers
from pult.folder import DataFolder
from pult.rejecting import RejectAlarm
from pult.runtime import Runtime, Setup
from pult.settings import Settings
from schemas.events import Event
from schemas.facts import Rejected
from schemas.policies import PolicyHistory
from stream_processors.core.state import Terms
from stream_processors.shells.rejects import RejectLimit
from tests.pult.command import wait_for

NAMES = Naming("main", "main", CallerKeys(b"tests"))
SECOND = 1_772_442_000
FEW = RejectLimit(share=0.1, least=10, of=1_000)
NO_TIME = "no_time: set timestampevents = yes in manager.conf"


def joins(count: int, *, timed: bool, source: str = "pbx1", first: int = 0) -> list[Frame]:
    """Return messages that callers join a queue, as a PBX says them with and without times."""
    return [
        Frame(source, "ami", (SECOND + number) * 1_000_000,
              (f"Event: QueueCallerJoin\r\nUniqueid: {number}.1\r\nQueue: a\r\n"
               + (f"Timestamp: {SECOND + number}.000000\r\n" if timed else "")).encode())
        for number in range(first, first + count)
    ]  # fmt: skip


def pongs(count: int) -> list[Frame]:
    return [
        Frame("pbx1", "ami", (SECOND + number) * 1_000_000,
              f"Response: Success\r\nPing: Pong\r\nTimestamp: {SECOND + number}.0\r\n".encode())
        for number in range(count)
    ]  # fmt: skip


def read(frames: Sequence[Frame]) -> tuple[list[Event], list[Rejected]]:
    events, rejected = translated(list(enumerate(frames, 1)), NAMES)
    return [event for _, event in events], rejected


def test_it_is_told_once_with_the_remedy_and_taken_back_when_the_newest_are_good(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    alarm, seen = RejectAlarm(FEW), []

    alarm.note(*read(joins(9, timed=False)))
    seen.append(alarm.trouble)
    for _ in range(3):
        alarm.note(*read(joins(10, timed=False)))
    alarm.note(*read(joins(9, timed=True)))
    seen.append(alarm.trouble)
    alarm.note(*read(joins(1, timed=True)))
    seen.append(alarm.trouble)

    told = "19 of the last 19 events were rejected"
    assert seen == ["", f"pbx1: {told} ({NO_TIME})", ""]
    assert [each.getMessage() for each in caplog.records] == [
        f"too many rejects source=pbx1 {told} ({NO_TIME})",
        "few rejects again source=pbx1",
    ]


def test_neither_its_answers_to_pings_nor_another_source_hide_that_nothing_can_be_used() -> (
    None
):
    alarm = RejectAlarm(FEW)

    alarm.note(*read([*pongs(1_000), *joins(1_000, timed=True, source="pbx2")]))
    alarm.note(*read(joins(10, timed=False)))

    assert alarm.trouble.startswith("pbx1: 10 of the last 10 events")
    assert "pbx2" not in alarm.trouble


def test_an_event_that_the_fold_refuses_is_no_good_one() -> None:
    alarm = RejectAlarm(RejectLimit(share=0.5, least=5, of=1_000))
    events, _ = read(joins(10, timed=True))
    refused = [
        Rejected(tenant="main", domain="main", revision=1, known_at=0, voided=False,
                 source="pbx1", feed="ami", reason="future", detail="", content=b"")
    ] * 5  # fmt: skip

    alarm.note(events, [], refused)
    before = alarm.trouble
    alarm.note(events[:1], [], refused[:1])

    assert before == ""
    assert alarm.trouble.startswith("pbx1: 6 of the last 11 events were rejected (future: ")


def test_a_run_keeps_what_it_cannot_use_and_is_not_ready(tmp_path: Path) -> None:
    settings = Settings.model_validate({"processor": {"reject_least": 10}})
    terms = Terms(PolicyHistory([(0, settings.policies())]))
    with DataFolder(tmp_path / "data", "run") as folder:
        runtime = Runtime(Setup(settings, folder, NAMES, terms, lasting=False))
        try:
            runtime.start([], lambda: None)
            runtime.intake.take(joins(12, timed=False))
            wait_for(lambda: runtime.pipeline.position == 12, 20, "all is applied")
            why = Answers(runtime).ready()
            runtime.stop()
            kept = runtime.store.query("SELECT count() FROM rejected", "CSV")
        finally:
            runtime.close()

    assert f"pbx1: 12 of the last 12 events were rejected ({NO_TIME})" in why
    assert kept == b"12\n"


def test_a_publisher_tells_what_it_translates(tmp_path: Path) -> None:
    alarm = RejectAlarm(FEW)
    journal = Journal.open(tmp_path / "journal", date(2026, 3, 2))
    try:
        publisher = Publisher(
            journal, Place(tmp_path / "published"), NAMES, {},
            Target("events", "rejected", 100_000),
            ready=str, explain=str, translated=alarm.note,
        )  # fmt: skip
        found = publisher.entries(list(enumerate(joins(10, timed=False), 1)))
    finally:
        journal.close()

    assert [each.topic for each in found] == ["rejected"] * 10
    assert NO_TIME in alarm.trouble
