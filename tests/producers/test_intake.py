"""Several sources and one journal: one sequence, few commits, nobody told a lie."""

import threading
from datetime import date
from pathlib import Path

import pytest

from producers.frame import Frame
from producers.intake import Intake
from producers.journal import Journal
from schemas.errors import JournalFailed
from tests.pult.command import wait_for

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
SOURCES, FRAMES = 8, 50


def frame(source: int, number: int, size: int = 1) -> Frame:
    content = b"Event: Hangup\r\nTimestamp: 1772409600.%06d\r\nX: " % number + b"x" * size
    return Frame(f"pbx{source}", "ami", 1_772_409_600_000_000 + number, content)


def test_what_many_sources_say_at_once_is_one_sequence_in_each_ones_order(
    tmp_path: Path,
) -> None:
    journal = Journal.open(tmp_path, MONDAY)
    commits: list[int] = []
    intake = Intake(journal, lambda: MONDAY, lambda: commits.append(journal.last_position))

    def say(source: int) -> None:
        for number in range(FRAMES):
            intake.take([frame(source, number)])

    threads = [threading.Thread(target=say, args=(each,)) for each in range(SOURCES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    kept = journal.read(0, 10_000)
    assert [position for position, _ in kept] == list(range(1, SOURCES * FRAMES + 1))
    for source in range(SOURCES):
        mine = [
            each
            for _, each in kept
            if isinstance(each, Frame) and each.source[3:] == str(source)
        ]
        assert mine == [frame(source, number) for number in range(FRAMES)]
    assert commits == sorted(commits)
    assert len(commits) < SOURCES * FRAMES, "no two shared a commit"
    journal.close()


def test_who_waits_for_a_commit_that_fails_is_told_and_may_say_it_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal.open(tmp_path, MONDAY)
    intake = Intake(journal, lambda: MONDAY, lambda: None)
    intake.take([frame(0, 1)])
    newest = journal._days[-1]._connection
    newest.execute("PRAGMA max_page_count = 20")
    large = [frame(0, number, 5_000) for number in range(2, 40)]

    for _ in range(2):
        with pytest.raises(JournalFailed, match="disk is full"):
            intake.take(large)
        assert "disk is full" in intake.trouble
        assert journal.last_position == 1
    newest.execute("PRAGMA max_page_count = 100000")
    intake.take(large)

    assert intake.trouble == ""
    assert journal.last_position == 39
    assert len([each for each in caplog.messages if "disk is full" in each]) == 1
    journal.close()


def test_who_waits_for_a_commit_that_a_defect_ends_is_told_that_nothing_was_kept(
    tmp_path: Path,
) -> None:
    journal = Journal.open(tmp_path, MONDAY)
    begun, all_wait = threading.Event(), threading.Event()
    days = iter([MONDAY])

    def today() -> date:
        begun.set()
        all_wait.wait(10)
        return next(days)  # at the second commit, which all others share, there is none

    intake = Intake(journal, today, lambda: None)
    told: dict[int, str] = {}

    def say(source: int) -> None:
        try:
            intake.take([frame(source, 1)])
            told[source] = "kept"
        except (JournalFailed, StopIteration) as failure:
            told[source] = type(failure).__name__

    threads = [threading.Thread(target=say, args=(each,)) for each in range(4)]
    threads[0].start()
    assert begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    wait_for(lambda: len(intake._waiting) == 3, 10, "three who wait")
    all_wait.set()
    for thread in threads:
        thread.join()

    assert told.pop(0) == "kept"
    assert sorted(told.values()) == ["JournalFailed", "JournalFailed", "StopIteration"]
    assert "StopIteration" in intake.trouble
    assert journal.last_position == 1
    journal.close()


def test_a_new_day_is_a_new_file_and_the_time_of_a_commit_is_known(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, MONDAY)
    days = iter([MONDAY, TUESDAY, TUESDAY])
    intake = Intake(journal, lambda: next(days), lambda: None)

    for number in range(3):
        intake.take([frame(0, number)])

    assert sorted(each.name for each in tmp_path.glob("*.sqlite")) == [
        "2026-03-02.sqlite", "2026-03-03.sqlite",
    ]  # fmt: skip
    first, second, third = (intake.committed_at(each) for each in (1, 2, 3))
    assert first is not None
    assert second is not None
    assert third is not None
    assert first <= second <= third
    assert intake.committed_at(4) is None
    journal.close()
