"""What is missing in a journal is told apart from what was said during a gap that it notes."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from tests.oracles.told import Heard, ami_heard, lines_kept, said_twice, timed_lately

Journal = Callable[[Sequence[bytes]], Path]
TAPE = [b"Event: AgentCalled\r\nTimestamp: %d.0" % n for n in range(1, 7)]
ONE, TWO, THREE, FOUR, FIVE, SIX = TAPE
GAP = b"Event: PultDisconnected\r\nTimestamp: 2.0\r\nReason: not running"
MEMBER = b"Event: QueueMember\r\nQueue: sales"


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """Make a journal of two days: of what a PBX said and of one line of a queue log."""

    def made(said: Sequence[bytes]) -> Path:
        frames = [("ami", each) for each in said] + [("queue-log", b"1|a|b|c|CONNECT|")]
        for day, rows in enumerate((frames[:2], frames[2:])):
            with closing(sqlite3.connect(tmp_path / f"2026-03-0{day + 1}.sqlite")) as file:
                file.execute("CREATE TABLE frames (position, feed, content)")
                numbered = [(2 * day + n, *row) for n, row in enumerate(rows, 1)]
                file.executemany("INSERT INTO frames VALUES (?, ?, ?)", numbered)
                file.commit()
        return tmp_path

    return made


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        (TAPE, Heard(6, 0, 0)),
        ([ONE, TWO, FIVE, SIX], Heard(4, 0, 2)),
        ([ONE, TWO, GAP, FIVE, SIX], Heard(4, 2, 0)),
        ([ONE, TWO, GAP, FOUR, SIX], Heard(4, 1, 1)),
        ([ONE, GAP, TWO, FOUR, FIVE, SIX], Heard(5, 0, 1)),
        ([TWO, THREE, FOUR], Heard(3, 0, 0)),
    ],
    ids=["whole", "silently", "noted", "one of two", "noted elsewhere", "ends"],
)
def test_what_is_missing_needs_a_note_between_its_neighbours(
    journal: Journal, said: Sequence[bytes], heard: Heard
) -> None:
    assert ami_heard(journal(said), TAPE) == heard


def test_events_that_tell_their_time_are_found_twice_and_others_are_not(
    journal: Journal,
) -> None:
    found = journal([ONE, MEMBER, GAP, TWO, ONE, MEMBER, GAP])

    assert said_twice(found) == 1
    assert timed_lately(found, 2) == [TWO, ONE]
    assert lines_kept(found) == [b"1|a|b|c|CONNECT|"]
