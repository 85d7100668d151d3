"""A queue log that grows, is rotated, cut short, missing and left alone for a while."""

import gzip
import random
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from producers.asterisk.following import QueueLogFollower
from producers.asterisk.recordings import queue_log_frames
from producers.frame import Frame, Rejected
from producers.journal import Journal
from pult.source_settings import SourceSettings
from tests.oracles.lab_numbers import LAB
from tests.producers.live_reading import DAY, Running, running, wait_until

LINES = (LAB / "queue_log").read_bytes().splitlines(keepends=True)[:400]


def log_of(path: Path) -> SourceSettings:
    return SourceSettings(kind="asterisk", queue_log=path)


@contextmanager
def following(folder: Path) -> Iterator[Running]:
    with running(folder, log_of(folder / "queue_log")) as live:
        yield live


def write(path: Path, lines: list[bytes], mode: str = "ab") -> None:
    with path.open(mode) as file:
        file.write(b"".join(lines))


def kept(live: Running, count: int) -> None:
    """Wait until so many lines are kept; they are the first ones, each once and in order."""
    wait_until(lambda: len(live.frames("queue-log")) >= count, f"{count} lines are kept")
    contents = [each.rstrip(b"\n") for each in LINES[:count]]
    assert live.contents("queue-log") == contents


def test_lines_are_kept_as_an_import_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "queue_log"
    write(path, LINES)
    with following(tmp_path) as live:
        kept(live, len(LINES))
        found = [each._replace(received_at_us=0) for each in live.frames("queue-log")]

    imported = [
        each._replace(received_at_us=0)
        for each in queue_log_frames([path], "pbx1")
        if isinstance(each, Frame)
    ]
    assert found == imported


def test_half_a_line_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "queue_log"
    write(path, [LINES[0], LINES[1][:20]])
    with following(tmp_path) as live:
        kept(live, 1)
        status = live.sources[0].status
        wait_until(lambda: status.connected, "it is open")
        write(path, [LINES[1][20:], LINES[2]])
        kept(live, 3)


def test_a_file_that_is_missing_at_the_start_is_waited_for_with_its_setting(
    tmp_path: Path,
) -> None:
    with following(tmp_path) as live:
        status = live.sources[0].status
        wait_until(lambda: "No such file" in status.trouble, "it is told")
        assert (
            f"cannot read {tmp_path / 'queue_log'} (sources.pbx1.queue_log)" in status.trouble
        )
        write(tmp_path / "queue_log", LINES[:5])
        kept(live, 5)
        wait_until(live.ready, "it is ready")


def test_a_rotated_file_is_read_to_its_end_and_then_the_new_one(tmp_path: Path) -> None:
    path, rotated = tmp_path / "queue_log", tmp_path / "queue_log.0"
    write(path, LINES[:10])
    with following(tmp_path) as live:
        kept(live, 10)
        path.rename(rotated)
        # logrotate makes the new file at once; Asterisk writes on into the old one.
        path.touch()
        write(rotated, LINES[10:20])
        kept(live, 20)
        write(path, LINES[20:30])
        kept(live, 30)
        path.rename(tmp_path / "queue_log.1")
        write(path, LINES[30:40])
        kept(live, 40)


def test_several_rotations_between_two_looks_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "queue_log"
    write(path, LINES[:10])
    with following(tmp_path) as live:
        kept(live, 10)
        with live.stalled():
            write(path, LINES[10:12])
            for number in range(4):
                path.rename(tmp_path / f"queue_log.{number}")
                write(path, LINES[12 + 10 * number : 22 + 10 * number])
        kept(live, 52)


def test_a_file_copied_and_cut_short_loses_nothing_that_the_copy_has(tmp_path: Path) -> None:
    path = tmp_path / "queue_log"
    write(path, LINES[:100])
    with following(tmp_path) as live:
        kept(live, 100)
        with live.stalled():
            write(path, LINES[100:103])
            shutil.copy(path, tmp_path / "queue_log.1")
            write(path, [], "wb")
            # It has outgrown its old length before anybody looks again.
            write(path, LINES[103:330])
        kept(live, 330)
        assert live.sources[0].status.losses == 1


@pytest.mark.parametrize("packed", [False, True])
def test_after_a_restart_it_goes_on_behind_the_last_line_kept(
    tmp_path: Path, packed: bool
) -> None:
    path = tmp_path / "queue_log"
    write(path, LINES[:50])
    with following(tmp_path) as live:
        kept(live, 50)
    write(path, LINES[50:70])
    if packed:
        (tmp_path / "queue_log.1.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    else:
        path.rename(tmp_path / "queue_log-20261121")
    write(path, LINES[70:90])
    # What has nothing to do with it, or cannot be read, changes nothing.
    (tmp_path / "queue_log.bak").write_bytes(b"".join(LINES[:60]))
    (tmp_path / "queue_log.2.gz").write_bytes(b"\x1f\x8bnothing")
    (tmp_path / "queue_log.empty").touch()
    with following(tmp_path) as live:
        kept(live, 90)


def test_a_last_line_of_a_clock_far_ahead_hides_nothing_after_a_rotation(
    tmp_path: Path,
) -> None:
    path, now = tmp_path / "queue_log", int(time.time())
    # The PBX began in another zone, until its clock was put right.
    ahead = b"%d|NONE|NONE|NONE|QUEUESTART|\n" % (now + 3 * 3_600)
    right = [b"%d|NONE|NONE|NONE|CONFIGRELOAD|%d\n" % (now + more, more) for more in range(3)]
    write(path, [ahead])
    with following(tmp_path) as live:
        wait_until(lambda: live.contents("queue-log"), "it is kept")

    write(path, right[:1])
    path.rename(tmp_path / "queue_log.0")
    write(path, right[1:])

    with following(tmp_path) as live:
        wait_until(lambda: len(live.contents("queue-log")) >= 4, "all is kept")
        assert live.contents("queue-log") == [each.rstrip(b"\n") for each in (ahead, *right)]


def test_the_parts_rotated_before_the_first_start_belong_to_import(tmp_path: Path) -> None:
    write(tmp_path / "queue_log.0", LINES[200:])
    write(tmp_path / "queue_log", LINES[:10])
    with following(tmp_path) as live:
        kept(live, 10)
        wait_until(lambda: live.sources[0].status.connected, "it is open")


def test_equal_lines_of_one_second_are_told_apart_also_across_a_restart(
    tmp_path: Path,
) -> None:
    path = tmp_path / "queue_log"
    line = b"1795288587|NONE|sales|Anna|PAUSE|lunch\n"
    write(path, [line, line])
    with following(tmp_path) as live:
        wait_until(lambda: len(live.frames("queue-log")) == 2, "both are kept")
    write(path, [line])
    with following(tmp_path) as live:
        wait_until(lambda: len(live.frames("queue-log")) == 3, "the third is kept")
        assert [each.repeat for each in live.frames("queue-log")] == [0, 1, 2]


def test_a_line_that_is_none_is_kept_with_its_reason(tmp_path: Path) -> None:
    path = tmp_path / "queue_log"
    write(path, [LINES[0], b"nothing of a queue log\n", LINES[1]])
    with following(tmp_path) as live:
        kept(live, 2)
        wait_until(lambda: live.sources[0].status.refused == 1, "it is counted")


def test_a_line_that_is_none_is_known_again_after_a_restart_and_by_an_import(
    tmp_path: Path,
) -> None:
    path, torn = tmp_path / "queue_log", b"1795288|torn\n"
    write(path, [LINES[0], torn, LINES[1], torn, b"nothing of a queue log\n"])
    for lines in (2, 3):
        with following(tmp_path) as live:
            wait_until(lambda: live.sources[0].status.connected, "it is open")
            write(path, LINES[2:lines])
            kept(live, lines)
            imported = live.journal.append(list(queue_log_frames([path], "pbx1")))
            told = [each for _, each in live.journal.read(0, 1_000)]
        assert sum(isinstance(each, Rejected) for each in told) == 3
        assert imported == [None] * (3 + lines)


def test_a_directory_in_its_place_is_told_and_does_not_end_it(tmp_path: Path) -> None:
    path = tmp_path / "queue_log"
    path.mkdir()
    with following(tmp_path) as live:
        status = live.sources[0].status
        wait_until(lambda: "Is a directory" in status.trouble, "it is told")
        path.rmdir()
        write(path, LINES[:3])
        kept(live, 3)


@pytest.mark.parametrize("seed", [1, 2, pytest.param(3, marks=pytest.mark.soak)])
def test_whatever_happens_to_the_file_each_line_is_kept_once(tmp_path: Path, seed: int) -> None:
    chance, path, place, number = random.Random(seed), tmp_path / "queue_log", 1, 0
    write(path, LINES[:1])
    with following(tmp_path) as live:
        kept(live, 1)
    while place < len(LINES):
        with following(tmp_path) as live:
            for _ in range(chance.randint(1, 6)):
                count = min(len(LINES), place + chance.randint(1, 40))
                text = b"".join(LINES[place:count])
                cut = chance.randrange(len(text)) if text else 0
                write(path, [text[:cut]])
                write(path, [text[cut:]])
                place = count
                what = chance.random()
                if what < 0.3:
                    path.rename(tmp_path / f"queue_log.{number}")
                    number += 1
                elif what < 0.5:
                    shutil.copy(path, tmp_path / f"queue_log.{number}")
                    write(path, [], "wb")
                    number += 1
            if chance.random() < 0.5:
                if not path.exists():
                    path.touch()
                wait_until(lambda: live.sources[0].status.connected, "it reads")
    path.touch()
    with following(tmp_path) as live:
        kept(live, len(LINES))


def test_the_other_feed_begins_when_everything_that_was_there_is_kept(tmp_path: Path) -> None:
    path, caught_up = tmp_path / "queue_log", threading.Event()
    write(path, LINES)
    journal = Journal.open(tmp_path / "journal", DAY)
    follower = QueueLogFollower("pbx1", path, "queue_log", journal.last_frame, caught_up)
    stopped = threading.Event()
    thread = threading.Thread(target=follower.run, args=(journal.append, stopped))
    thread.start()
    try:
        assert caught_up.wait(20)
        assert len(journal.read(0, 1_000)) == len(LINES)
    finally:
        stopped.set()
        thread.join()
        journal.close()
