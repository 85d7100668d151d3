"""The journal keeps what it acknowledged, once, in order, whatever happens to the process."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from producers import journal as journals
from producers.frame import Frame, Rejected
from producers.journal import Journal
from schemas.errors import JournalFailed

REPOSITORY = Path(__file__).parents[2]
MONDAY, TUESDAY, FRIDAY = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 6)


def line(second: int, text: str = "PAUSE", ordinal: int = 0, repeat: int = 0) -> Frame:
    content = f"{1_700_000_000 + second}|a|q|x|{text}|".encode()
    received_at_us = (1_700_000_000 + second) * 1_000_000
    return Frame("pbx1", "queue-log", received_at_us, content, ordinal, repeat)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal.open(tmp_path / "journal", MONDAY)
    yield opened
    opened.close()


def test_of_large_frames_fewer_are_read_at_once(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "READ_BYTES", 250)
    large = [Frame("s", "webhook", second, b"%03d" % second * 33) for second in range(6)]
    assert journal.append(large[:2]) == [1, 2]
    journal.rotate(TUESDAY)
    assert journal.append([*large[2:], Frame("s", "ami", 9, b"y" * 999)]) == [3, 4, 5, 6, 7]

    # 99 bytes each: the third is the one that is too much, in whichever file.
    assert [position for position, _ in journal.read(0, 100)] == [1, 2, 3]
    assert [position for position, _ in journal.read(3, 100)] == [4, 5, 6]
    assert [position for position, _ in journal.read(6, 100)] == [7]
    assert journal.read(7, 100) == []
    assert [position for position, _ in journal.read(0, 2)] == [1, 2]


def test_frames_come_back_byte_for_byte_in_order(journal: Journal) -> None:
    frames = [line(1), line(1, "UNPAUSE", ordinal=1), Frame("s", "ami", -5, b"\xff\x00\r\n")]

    assert journal.append(frames) == [1, 2, 3]

    assert journal.read(0, 10) == [(1, frames[0]), (2, frames[1]), (3, frames[2])]
    assert journal.read(1, 1) == [(2, frames[1])]
    assert journal.read(3, 10) == []
    assert journal.last_position == 3


@pytest.mark.parametrize("kept", [0, 2])
def test_a_journal_made_anew_goes_on_above_the_one_that_was_lost(
    tmp_path: Path, kept: int
) -> None:
    journal = Journal.open(tmp_path, MONDAY)
    journal.append([line(second) for second in range(kept)])

    journal.begin_above(40)
    journal.begin_above(30)
    assert journal.append([line(10)]) == [41]
    journal.rotate(TUESDAY)
    assert journal.append([line(11)]) == [42]
    journal.close()

    again = Journal.open(tmp_path, TUESDAY)
    assert (again.first_position, again.last_position) == (1 if kept else 41, 42)
    assert [position for position, _ in again.read(kept, 10)] == [41, 42]
    again.close()


def test_what_was_refused_comes_back_with_the_reason(journal: Journal) -> None:
    refused = Rejected(line(2, "x" * 100), "oversized", "queue log: line longer than 50 bytes")

    assert journal.append([line(1), refused, line(3)]) == [1, 2, 3]
    assert journal.append([refused]) == [None]

    assert journal.read(0, 10) == [(1, line(1)), (2, refused), (3, line(3))]


def test_a_day_of_the_first_format_is_read_and_written_on(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, MONDAY)
    journal.append([line(1)])
    journal.close()
    with sqlite3.connect(tmp_path / "2026-03-02.sqlite") as day:
        day.execute("ALTER TABLE frames DROP COLUMN reason")
        day.execute("ALTER TABLE frames DROP COLUMN detail")
        day.execute("PRAGMA user_version = 1")

    again = Journal.open(tmp_path, MONDAY)

    assert again.append([line(1), Rejected(line(2), "malformed", "why")]) == [None, 2]
    assert again.read(0, 10) == [(1, line(1)), (2, Rejected(line(2), "malformed", "why"))]
    again.close()


def test_threads_may_read_while_another_appends(journal: Journal) -> None:
    seen: list[int] = []

    def follow() -> None:
        while len(seen) < 2_000:
            seen.extend(position for position, _ in journal.read(len(seen), 100))

    reader = threading.Thread(target=follow)
    reader.start()
    for batch in range(100):
        journal.append([line(batch, ordinal=n, repeat=n) for n in range(20)])
    reader.join(20)

    assert seen == list(range(1, 2_001))


def test_nothing_is_kept_twice(journal: Journal) -> None:
    assert journal.append([line(1), line(1), line(1, repeat=1)]) == [1, None, 2]
    assert journal.append([line(1, ordinal=9), line(2)]) == [None, 3]


def test_an_answer_that_tells_no_time_may_come_again_in_another_second(
    journal: Journal,
) -> None:
    answer = Frame("pbx1", "ami", 10_000_000, b"Event: QueueMember\r\nName: Ann")

    assert journal.append([answer, answer._replace(received_at_us=10_900_000)]) == [1, None]
    assert journal.append([answer._replace(received_at_us=11_000_000)]) == [2]


def test_one_sequence_runs_over_all_days(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, MONDAY)
    journal.append([line(1), line(2)])
    journal.rotate(TUESDAY)
    journal.append([line(3)])
    journal.rotate(FRIDAY)
    journal.close()

    again = Journal.open(tmp_path, FRIDAY)

    assert again.append([line(4)]) == [4]
    assert [position for position, _ in again.read(1, 10)] == [2, 3, 4]
    assert sorted(path.name for path in tmp_path.glob("*.sqlite")) == [
        "2026-03-02.sqlite", "2026-03-03.sqlite", "2026-03-06.sqlite",
    ]  # fmt: skip
    again.close()


def test_positions_never_restart_when_old_days_are_removed(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, MONDAY)
    journal.append([line(1), line(2)])
    journal.rotate(TUESDAY)
    journal.close()
    (tmp_path / "2026-03-02.sqlite").unlink()

    again = Journal.open(tmp_path, TUESDAY)

    assert again.last_position == 2
    assert again.append([line(3)]) == [3]
    again.close()


def test_a_clock_that_was_set_back_opens_no_older_day(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, TUESDAY)
    journal.rotate(MONDAY)
    journal.append([line(1)])
    journal.close()

    assert [path.name for path in tmp_path.glob("*.sqlite")] == ["2026-03-03.sqlite"]


def test_a_recording_imported_again_on_another_day_changes_nothing(tmp_path: Path) -> None:
    frames = [line(second) for second in range(5)]
    journal = Journal.open(tmp_path, MONDAY)
    journal.append(frames)
    journal.rotate(FRIDAY)

    assert journal.append([*frames, line(9)]) == [None] * 5 + [6]
    journal.close()


def test_a_log_cut_in_two_goes_on_where_it_was_left(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, MONDAY)
    assert journal.last_line("pbx1", "queue-log") == (0, -1)

    journal.append([line(7), line(7, "UNPAUSE", ordinal=1)])
    journal.append([Frame("pbx1", "ami", 1, b"Event: Hangup"), line(3)._replace(source="pbx2")])
    journal.rotate(TUESDAY)

    assert journal.last_line("pbx1", "queue-log") == (1_700_000_007, 1)
    assert journal.last_line("pbx2", "queue-log") == (1_700_000_003, 0)
    journal.close()


def test_a_full_disk_keeps_nothing_of_the_batch_and_all_before_it(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, MONDAY)
    journal.append([line(1)])
    journal._days[-1]._connection.execute("PRAGMA max_page_count = 20")
    large = [line(second, "x" * 2000) for second in range(2, 100)]

    with pytest.raises(JournalFailed, match=r"disk is full.*free some space") as failed:
        journal.append(large)

    assert str(tmp_path) in str(failed.value)
    assert "\n" not in str(failed.value)
    assert journal.last_position == 1
    assert journal.read(0, 10) == [(1, line(1))]
    journal._days[-1]._connection.execute("PRAGMA max_page_count = 100000")
    assert journal.append(large[:2]) == [2, 3]
    journal.close()


def test_a_file_that_is_no_journal_is_named_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "2026-03-02.sqlite"
    path.write_bytes(b"not a database at all" * 100)

    with pytest.raises(
        JournalFailed, match=r"file is not a database .move the file away"
    ) as failed:
        Journal.open(tmp_path, MONDAY)

    assert str(path) in str(failed.value)


def test_a_day_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "2026-03-02.sqlite") as newer:
        newer.execute("PRAGMA user_version = 99")

    with pytest.raises(JournalFailed, match="has format 99"):
        Journal.open(tmp_path, MONDAY)


def test_a_day_whose_making_was_cut_short_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "2026-03-02.sqlite").touch()

    journal = Journal.open(tmp_path, MONDAY)

    assert journal.append([line(1)]) == [1]
    journal.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(JournalFailed, match="give a folder this user may write"):
        Journal.open(tmp_path / "file" / "journal", MONDAY)


WRITER = """
import sys
from datetime import date
from pathlib import Path
from producers.frame import Frame
from producers.journal import Journal

journal = Journal.open(Path(sys.argv[1]), date(2026, 3, 2))
for batch in range(100_000):
    texts = [b"%d.%d\\nTimestamp: 1.0" % (batch, n) for n in range(50)]
    journal.append([Frame("pbx1", "ami", batch, text) for text in texts])
    print(journal.last_position, flush=True)
"""


def test_what_was_acknowledged_survives_the_death_of_the_process(tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)],
        cwd=REPOSITORY, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert writer.stdout is not None
    acknowledged = 0
    for said in writer.stdout:
        acknowledged = int(said)
        if acknowledged >= 1000:
            break
    os.kill(writer.pid, signal.SIGKILL)
    acknowledged = max([acknowledged, *map(int, writer.stdout.read().split())])
    writer.wait()

    journal = Journal.open(tmp_path, MONDAY)
    kept = journal.read(0, 1_000_000)

    assert len(kept) >= acknowledged
    assert len(kept) % 50 == 0
    assert [position for position, _ in kept] == list(range(1, len(kept) + 1))
    newest = kept[-1][1]
    assert isinstance(newest, Frame)
    assert newest.content == b"%d.49\nTimestamp: 1.0" % (len(kept) // 50 - 1)
    journal.close()


def three_days(folder: Path) -> Journal:
    journal = Journal.open(folder, MONDAY)
    for day in (MONDAY, TUESDAY, date(2026, 3, 4)):
        journal.rotate(day)
        journal.append([line(day.day), line(100 + day.day)])
    return journal


@pytest.mark.parametrize(
    ("before", "up_to", "left"),
    [
        (date(2026, 3, 2), 6, [1, 2, 3, 4, 5, 6]),
        (date(2026, 3, 3), 6, [3, 4, 5, 6]),
        (date(2026, 3, 4), 4, [5, 6]),
        (date(2026, 3, 4), 3, [3, 4, 5, 6]),
        (date(2026, 3, 4), 1, [1, 2, 3, 4, 5, 6]),
        (date(2027, 1, 1), 6, [5, 6]),
    ],
)
def test_old_days_go_unless_they_are_needed_and_the_newest_stays(
    tmp_path: Path, before: date, up_to: int, left: list[int]
) -> None:
    journal = three_days(tmp_path)

    gone = journal.expire(before, up_to)

    assert [position for position, _ in journal.read(0, 10)] == left
    assert journal.first_position == left[0]
    assert {each.name[:10] for each in tmp_path.iterdir()}.isdisjoint(p.stem for p in gone)
    assert journal.size_bytes > 0
    journal.close()
    again = Journal.open(tmp_path, date(2026, 3, 5))
    assert again.append([line(200)]) == [7]
    again.close()
