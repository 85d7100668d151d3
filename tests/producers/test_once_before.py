"""What an earlier version of the journal noted less of: the first text holds all the same."""

import sqlite3
from contextlib import closing
from hashlib import blake2b
from pathlib import Path

import pytest

from producers.frame import Rejected
from producers.journal import Journal
from producers.once import translated_once
from tests.producers.telling import A_DAY_US, DAYS, item, names, posted, read_through, said
from tests.producers.webhooks.reading import RECEIVED_US


def made_old(folder: Path, version: int) -> None:
    """Make files as versions wrote them that noted nothing of what was told."""
    for path in folder.glob("*.sqlite"):
        with closing(sqlite3.connect(path)) as day:
            day.execute("DELETE FROM told")
            if version < 3:
                day.execute("DROP TABLE told")
            if version < 2:
                day.execute("ALTER TABLE frames DROP COLUMN reason")
                day.execute("ALTER TABLE frames DROP COLUMN detail")
            day.execute(f"PRAGMA user_version = {version}")
            day.commit()


@pytest.mark.parametrize("version", [1, 2, 3])
def test_what_was_told_before_an_upgrade_holds(tmp_path: Path, version: int) -> None:
    with closing(Journal.open(tmp_path, DAYS[0])) as journal:
        journal.append([posted(item("1", "0"), RECEIVED_US)])
        journal.rotate(DAYS[1])
        journal.append([posted(item("2", "0"), RECEIVED_US + A_DAY_US)])
    made_old(tmp_path, version)

    with closing(Journal.open(tmp_path, DAYS[2])) as journal:
        again_us = RECEIVED_US + 2 * A_DAY_US
        journal.append([
            posted([item("1", "1"), item("2", "2"), item("3", "0")], again_us),
            posted([item("1", "0")], again_us + 1),
        ])  # fmt: skip
        # As a pipeline goes on that had read the first two.
        events, rejected = translated_once(journal, journal.read(2, 9), names())

        assert ([position for position, _ in events], said(events)[0][1]) == ([3], "0")
        assert [(each.revision, each.reason, each.detail) for each in rejected] == [
            (3, "duplicate", "2 of its ids came before with another text; the first one holds")
        ]
        assert [position for position, _ in read_through(journal, 1)] == [1, 2, 3]


def test_files_of_before_are_read_once(tmp_path: Path) -> None:
    with closing(Journal.open(tmp_path, DAYS[0])) as journal:
        for day in range(2):
            journal.rotate(DAYS[day])
            journal.append([posted(item(str(day), "0"), RECEIVED_US + day * A_DAY_US)])
    made_old(tmp_path, 2)

    with closing(Journal.open(tmp_path, DAYS[1])) as journal:
        assert journal.untold() == [(1, 1), (2, 2)]
        journal.append([posted(item("1", "1"), RECEIVED_US + 25 * A_DAY_US)])
        assert translated_once(journal, journal.read(2, 9), names())[0] == []
        assert journal.untold() == []
    with closing(Journal.open(tmp_path, DAYS[1])) as journal:
        assert journal.untold() == []


def test_the_same_of_other_texts_that_an_older_version_kept(tmp_path: Path) -> None:
    """It refused them at once, also where the first text had brought nothing."""
    bad, good, other = (posted(item("1", text), RECEIVED_US, "d1", "1") for text in "x01")
    with closing(Journal.open(tmp_path, DAYS[0])) as journal:
        journal.append([bad])
    kept_before(tmp_path, 2, Rejected(good, "duplicate", "why"))
    made_old(tmp_path, 3)

    with closing(Journal.open(tmp_path, DAYS[1])) as journal:
        assert journal.append([good, posted(item("1", "x"), RECEIVED_US, "d1", "2")]) == [
            None, None
        ]  # fmt: skip
        assert journal.append([other]) == [3]
        events, rejected = translated_once(journal, journal.read(2, 9), names())
        assert (events, [each.reason for each in rejected]) == ([], ["duplicate"])
        assert [position for position, _ in read_through(journal, 1)] == [2]


def kept_before(folder: Path, position: int, told: Rejected) -> None:
    """Keep another text of an id as version 3 of the format did, by all that it says."""
    frame = told.frame
    digest = blake2b(digest_size=8)
    for part in (frame.source.encode(), frame.feed.encode(), frame.content):
        digest.update(len(part).to_bytes(4, "big") + part)
    digest.update(b"0")
    number = int.from_bytes(digest.digest(), "big", signed=True)
    row = (position, number, *frame[:3], 0, 0, frame.content, told.reason, told.detail)
    with closing(sqlite3.connect(folder / "2026-03-02.sqlite")) as day:
        day.execute("INSERT INTO frames VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        day.commit()
