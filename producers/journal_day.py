"""One day of the journal: one SQLite file. Errors of SQLite pass through as they are."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from producers.frame import WEBHOOK, Frame, Rejected
from producers.instants import whole_second
from schemas.errors import JournalFailed

_FORMAT = 4
_UNTOLD = 3
"""The format of a file of before, until what was told in it is noted."""

_SCHEMA = """
CREATE TABLE frames (
    position INTEGER PRIMARY KEY,        -- place in the journal, rising from file to file
    number INTEGER NOT NULL UNIQUE,      -- equal for the same message delivered twice
    source TEXT NOT NULL,
    feed TEXT NOT NULL,
    received_at_us INTEGER NOT NULL,     -- microseconds since 1970 UTC
    ordinal INTEGER NOT NULL,            -- place among the messages of one second
    repeat INTEGER NOT NULL,             -- place among the equal texts of one second
    content BLOB NOT NULL,               -- what the source said
    reason TEXT NOT NULL DEFAULT '',     -- why it was refused already when it was read
    detail TEXT NOT NULL DEFAULT ''      -- the same for people
);
CREATE TABLE feeds (
    source TEXT NOT NULL,
    feed TEXT NOT NULL,
    last_position INTEGER NOT NULL,      -- of the newest frame of this feed in this file
    PRIMARY KEY (source, feed)
) WITHOUT ROWID;
CREATE TABLE day (
    first_position INTEGER NOT NULL,     -- the position of the first frame, kept or to come
    earliest_us INTEGER NOT NULL,        -- the least received_at_us in this file
    latest_us INTEGER NOT NULL           -- the greatest one
);
"""
_SINCE_3 = """
CREATE TABLE IF NOT EXISTS told (
    number INTEGER PRIMARY KEY,          -- of what a sender told under an id of his
    digest INTEGER NOT NULL,             -- of the text that came first
    position INTEGER NOT NULL            -- of its frame, in this file or before
);
"""
_SINCE_2 = """
ALTER TABLE frames ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE frames ADD COLUMN detail TEXT NOT NULL DEFAULT '';
"""
_INSERT = """
INSERT INTO frames
    (position, number, source, feed, received_at_us, ordinal, repeat, content, reason, detail)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (number) DO NOTHING
"""
_READ = """
SELECT position, reason, detail, source, feed, received_at_us, content, ordinal, repeat
FROM frames WHERE position > ? {} ORDER BY position LIMIT ?
"""
_READ_ALL, _READ_FEED = _READ.format(""), _READ.format("AND feed = ?")
_POSTED = f"SELECT 1 FROM feeds WHERE feed = '{WEBHOOK}' LIMIT 1"
_CONTENT = 6
_TOLD = "SELECT number, digest, position FROM told WHERE number IN ({})"
_ANY_TOLD = "SELECT 1 FROM told LIMIT 1"
_AT_ONCE = 500
_LAST_LINE = """
SELECT frames.content, frames.ordinal
FROM feeds JOIN frames ON frames.position = feeds.last_position
WHERE feeds.source = ? AND feeds.feed = ?
"""
_LAST_FRAME = """
SELECT source, feed, received_at_us, content, ordinal, repeat
FROM frames WHERE source = ? AND feed = ? AND reason = ''
ORDER BY position DESC LIMIT 1
"""
_NEVER = 2**62


class Told(NamedTuple):
    """What a sender told under an id of his: numbers of the id and of the text, and where."""

    number: int
    digest: int
    position: int


class JournalDay:
    """The frames of one file and the few facts about them that must be at hand.

    Attributes:
        path: the file.
        first_position: of its first frame, kept or to come.
        last_position: of its newest frame, or of the frame before it if it has none yet.
        earliest_us: the least time of receipt in it.
        latest_us: the greatest one.
        is_told: whether what was told in it is noted as far as it has been read.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self.first_position: int
        self.first_position, self.earliest_us, self.latest_us = connection.execute(
            "SELECT first_position, earliest_us, latest_us FROM day"
        ).fetchone()
        (newest,) = connection.execute("SELECT max(position) FROM frames").fetchone()
        self.last_position: int = self.first_position - 1 if newest is None else newest
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        self.is_told: bool = version == _FORMAT
        self._tells: bool = connection.execute(_ANY_TOLD).fetchone() is not None

    @classmethod
    def open(cls, path: Path, first_position: int) -> "JournalDay":
        """Open a file, or make it; the first frame of a new one will have the given position.

        Raises:
            JournalFailed: a newer version wrote the file.
        """
        connection = _connect(path)
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > _FORMAT:
            connection.close()
            msg = (
                f"journal {path} has format {version}, this version reads {_FORMAT}; update it"
            )
            raise JournalFailed(msg)
        if version == 0:
            _create(connection, first_position)
        elif version < _UNTOLD:
            _run(connection, (_SINCE_2 if version < 2 else "") + _SINCE_3, _UNTOLD)
        day = cls(path, connection)
        if not day.is_told and connection.execute(_POSTED).fetchone() is None:
            day.note_told()
        return day

    def append(
        self, numbered: Sequence[tuple[int, Frame | Rejected]], fresh: Sequence[bool]
    ) -> list[int | None]:
        """Keep the fresh frames in one transaction, those excepted that this file holds."""
        positions: list[int | None] = []
        last = self.last_position
        newest_of: dict[tuple[str, str], int] = {}
        earliest, latest = self.earliest_us, self.latest_us
        with _transaction(self._connection):
            for (number, told), is_fresh in zip(numbered, fresh, strict=True):
                if not (is_fresh and self._insert(last + 1, number, told)):
                    positions.append(None)
                    continue
                last += 1
                positions.append(last)
                frame = told.frame if isinstance(told, Rejected) else told
                newest_of[frame.source, frame.feed] = last
                earliest = min(earliest, frame.received_at_us)
                latest = max(latest, frame.received_at_us)
            if newest_of:
                self._note(newest_of, earliest, latest)
        self.last_position, self.earliest_us, self.latest_us = last, earliest, latest
        return positions

    def _insert(self, position: int, number: int, told: Frame | Rejected) -> bool:
        frame, *why = told if isinstance(told, Rejected) else (told, "", "")
        source, feed, received_at_us, content, ordinal, repeat = frame
        row = (position, number, source, feed, received_at_us, ordinal, repeat, content, *why)
        return self._connection.execute(_INSERT, row).rowcount == 1

    def _note(self, newest_of: dict[tuple[str, str], int], earliest: int, latest: int) -> None:
        self._connection.executemany(
            "INSERT OR REPLACE INTO feeds VALUES (?, ?, ?)",
            [(source, feed, position) for (source, feed), position in newest_of.items()],
        )
        self._connection.execute(
            "UPDATE day SET earliest_us=?, latest_us=?", (earliest, latest)
        )

    def skip_to(self, position: int) -> None:
        """Let the next frame come behind a position."""
        if self.last_position < self.first_position:
            with _transaction(self._connection):
                self._connection.execute("UPDATE day SET first_position=?", (position + 1,))
            self.first_position = position + 1
        self.last_position = position

    def holds(self, number: int) -> bool:
        """Tell whether the message is in this file."""
        found = self._connection.execute("SELECT 1 FROM frames WHERE number = ?", (number,))
        return found.fetchone() is not None

    def content(self, number: int) -> bytes | None:
        """Return the text of a message, None if it is not in this file."""
        found = self._connection.execute(
            "SELECT content FROM frames WHERE number = ?", (number,)
        )
        row = found.fetchone()
        return None if row is None else row[0]

    def told(self, numbers: Sequence[int]) -> list[Told]:
        """Return what is noted of the ids that were told."""
        found: list[Told] = []
        if not self._tells:
            return found
        for begin in range(0, len(numbers), _AT_ONCE):
            some = numbers[begin : begin + _AT_ONCE]
            query = _TOLD.format(",".join("?" * len(some)))
            found += map(Told._make, self._connection.execute(query, some))
        return found

    def tell(self, told: Sequence[Told]) -> None:
        """Note what was told.

        The next frame that is kept makes it durable: what is lost with a power cut before that
        follows from frames that are there, and is noted once more.
        """
        self._connection.execute("PRAGMA synchronous = NORMAL")
        try:
            with _transaction(self._connection):
                self._connection.executemany("INSERT OR REPLACE INTO told VALUES (?,?,?)", told)
            self._tells = True
        finally:
            self._connection.execute("PRAGMA synchronous = FULL")

    def note_told(self) -> None:
        """Note that all is noted that was told in this file before."""
        self._connection.execute(f"PRAGMA user_version = {_FORMAT}")
        self.is_told = True

    def read(
        self, after: int, limit: int, most_bytes: int, feed: str = ""
    ) -> list[tuple[int, Frame | Rejected]]:
        """Return at most `limit` frames behind a position, in order, of one feed or of all.

        With the one that makes them more than so many bytes they end, too.
        """
        if feed:
            rows = self._connection.execute(_READ_FEED, (after, feed, limit))
        else:
            rows = self._connection.execute(_READ_ALL, (after, limit))
        found: list[tuple[int, Frame | Rejected]] = []
        for row in rows:
            most_bytes -= len(row[_CONTENT])
            position, reason, detail = row[:3]
            # In one step: a frame made of six arguments takes a third longer to read.
            frame = Frame._make(row[3:])
            found.append((position, Rejected(frame, reason, detail) if reason else frame))
            if most_bytes < 0:
                break
        return found

    def last_line(self, source: str, feed: str) -> tuple[int, int] | None:
        """Return second and ordinal of the newest frame of a feed, None if it has none here."""
        row = self._connection.execute(_LAST_LINE, (source, feed)).fetchone()
        if row is None:
            return None
        content, ordinal = row
        second = whole_second(content.partition(b"|")[0].decode("ascii", "replace"))
        return second or 0, ordinal

    def last_frame(self, source: str, feed: str) -> Frame | None:
        """Return the newest usable frame of a feed, None if there is none here."""
        if self._connection.execute(_LAST_LINE, (source, feed)).fetchone() is None:
            return None
        row = self._connection.execute(_LAST_FRAME, (source, feed)).fetchone()
        return None if row is None else Frame(*row)

    @property
    def size_bytes(self) -> int:
        """How much room it takes, with what SQLite keeps beside it."""
        return sum(each.stat().st_size for each in self._files() if each.exists())

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def remove(self) -> None:
        """Delete the file once it is closed."""
        for each in self._files():
            each.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return [self.path.with_name(self.path.name + end) for end in ("-wal", "-shm", "")]


def _create(connection: sqlite3.Connection, first_position: int) -> None:
    never = f"INSERT INTO day VALUES ({first_position}, {_NEVER}, {-_NEVER})"
    _run(connection, _SCHEMA + _SINCE_3 + never, _FORMAT)


def _run(connection: sqlite3.Connection, statements: str, version: int) -> None:
    # In one transaction, so that a file whose making was cut short is made again.
    with _transaction(connection):
        for statement in statements.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version}")


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk has rolled back already; a second time would hide the first error.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
