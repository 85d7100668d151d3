"""The journal: what the sources said, byte for byte, before anything is concluded from it.

One SQLite file for each day, one sequence of positions across the files. A batch is one
transaction with `synchronous=FULL`: once `append` returns, its frames survive a power cut; if
it raises, none of them was kept. A frame that is already there is not kept again, so a message
delivered twice or a recording imported twice changes nothing. Another body under an id of its
sender's is kept: which of them holds is for those who know what they mean. What was refused
when it was read is kept with the reason, so that everything that follows can be had from it.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from producers.durable import make_durable
from producers.firsts import firsts, known_of
from producers.frame import (
    Frame,
    Rejected,
    body_number,
    body_of,
    frame_number,
    frame_of,
    has_id,
    is_keyed,
    text_number,
)
from producers.journal_day import JournalDay, Told
from producers.posted import before_sealing
from schemas.errors import JournalFailed

_SENT_AGAIN_US = 4 * 86_400_000_000
"""How much later a message may come again and still be known for the same."""


READ_BYTES = 16 * 1024 * 1024
"""Who reads a stretch of the journal gets about so much of it at most."""


class Journal:
    """Appends to the newest day, reads all days. For one process; its threads take turns.

    A day never precedes the newest file's: where a clock was set back, the newest file goes on,
    so that positions rise from file to file.
    """

    def __init__(self, folder: Path, days: list[JournalDay]) -> None:
        self._folder = folder
        self._days = days
        self._turn = threading.RLock()

    @classmethod
    def open(cls, folder: Path, day: date) -> "Journal":
        """Open the journal in a folder, which is made if it is missing, for writing on a day.

        Raises:
            JournalFailed: the folder or a file in it cannot be used.
        """
        with _one_line(folder):
            if not folder.exists():
                folder.mkdir(mode=0o700, parents=True)  # callers' numbers are in it
                make_durable(folder.parent)
            names = sorted(folder.glob("????-??-??.sqlite"))
        journal = cls(folder, [])
        for path in names or [journal._path(day)]:
            journal._open(path)
        journal.rotate(day)
        return journal

    @property
    def last_position(self) -> int:
        """The position of the newest frame; 0 before the first one."""
        return self._days[-1].last_position

    @property
    def first_position(self) -> int:
        """The position of the oldest frame that is still kept, or of the first to come."""
        return self._days[0].first_position

    @property
    def size_bytes(self) -> int:
        """How much room all files take."""
        with self._turn:
            return sum(day.size_bytes for day in self._days)

    def append(self, frames: Sequence[Frame | Rejected]) -> list[int | None]:
        """Keep frames in one transaction; for each its position, None if it was kept before.

        Raises:
            JournalFailed: the disk is full, the file damaged or read-only; nothing was kept.
        """
        with self._turn:
            newest = self._days[-1]
            numbered = self._numbered(frames)
            fresh = [self._is_fresh(number, frame_of(told)) for number, told in numbered]
            with _one_line(newest.path):
                return newest.append(numbered, fresh)

    def _numbered(
        self, frames: Sequence[Frame | Rejected]
    ) -> list[tuple[int, Frame | Rejected]]:
        """Return frames with their numbers; another body under a sender's id has its own."""
        numbered: list[tuple[int, Frame | Rejected]] = []
        bodies: dict[int, bytes] = {}
        for told in frames:
            number = frame_number(frame_of(told))
            if isinstance(told, Frame) and has_id(told):
                body = body_of(told)
                first = self._body(number, told)
                if (bodies.setdefault(number, body) if first is None else first) != body:
                    number = self._other_number(told)
            elif before := before_sealing(frame_of(told)):
                # It may be a retry of what an earlier version took.
                known = frame_number(before)
                number = number if self._body(known, before) is None else known
            numbered.append((number, told))
        return numbered

    def _other_number(self, frame: Frame) -> int:
        # Until format 4 other texts were known by their headers, too.
        before = text_number(frame)
        return body_number(frame) if self._body(before, frame) is None else before

    def _body(self, number: int, frame: Frame) -> bytes | None:
        """Return the body that is kept under a number, None if none is in reach of a frame."""
        for day in self._days:
            if day is self._days[-1] or _reaches(day, frame):
                with _one_line(day.path):
                    text = day.content(number)
                if text is not None:
                    return body_of(frame._replace(content=text))
        return None

    def _is_fresh(self, number: int, frame: Frame) -> bool:
        for day in self._days[:-1]:
            if _reaches(day, frame):
                with _one_line(day.path):
                    if day.holds(number):
                        return False
        return True

    def first_told(self, told: Sequence[Told]) -> list[Told | None]:
        """Note what senders told under ids of theirs; return for each what came first of it.

        It is None where this is the first itself. All files are asked, so that it matters
        neither from which position one asks nor for how much at once, or again.

        Args:
            told: in the order of the journal, all of a frame at once.

        Raises:
            JournalFailed: it cannot be noted.
        """
        if not told:
            return []
        with self._turn, _one_line(self._days[-1].path):
            days = [_day_of(self._days, each.position) for each in told]
            answers, news = firsts(known_of(self._days, told), told, days)
            for day, rows in zip(self._days, news, strict=True):
                if rows:
                    day.tell(list(rows.values()))
        return answers

    def untold(self) -> list[tuple[int, int]]:
        """Return first and last positions of old files that do not note what was told."""
        with self._turn:
            days = [day for day in self._days if not day.is_told]
            return [(day.first_position, day.last_position) for day in days]

    def note_told(self, first_position: int) -> None:
        """Note that all is noted that was told in the file that begins with a position.

        Raises:
            JournalFailed: the file cannot be written.
        """
        with self._turn:
            for day in self._days:
                if day.first_position == first_position and not day.is_told:
                    with _one_line(day.path):
                        day.note_told()

    def read(
        self, after: int, limit: int, feed: str = ""
    ) -> list[tuple[int, Frame | Rejected]]:
        """Return at most `limit` frames behind a position, in order, over all days.

        Of large ones there are fewer; none are left only where there are no more.

        Args:
            after: the position.
            limit: not more than so many.
            feed: only what came through it; empty: all.

        Raises:
            JournalFailed: a file is damaged; the frames before it can still be read.
        """
        found: list[tuple[int, Frame | Rejected]] = []
        with self._turn:
            for day in self._days:
                if day.last_position <= after:
                    continue
                # Counted only where there is another day: most are read from one.
                left = READ_BYTES - sum(_size(told) for _, told in found)
                if len(found) >= limit or left < 0:
                    break
                with _one_line(day.path):
                    found += day.read(after, limit - len(found), left, feed)
        return found

    def last_line(self, source: str, feed: str) -> tuple[int, int]:
        """Return second and ordinal of the last line kept of a feed of whole seconds.

        A log that goes on in a new file gives its next line of that second the next ordinal.
        Without any line it is (0, -1).
        """
        with self._turn:
            for day in reversed(self._days):
                with _one_line(day.path):
                    line = day.last_line(source, feed)
                if line is not None:
                    return line
        return 0, -1

    def last_frame(self, source: str, feed: str) -> Frame | None:
        """Return the newest usable frame kept of a feed: where whoever reads it goes on."""
        with self._turn:
            for day in reversed(self._days):
                with _one_line(day.path):
                    frame = day.last_frame(source, feed)
                if frame is not None:
                    return frame
        return None

    def rotate(self, day: date) -> None:
        """Write into the file of a day from now on, if it is later than the newest one."""
        with self._turn:
            if self._path(day).name > self._days[-1].path.name:
                self._open(self._path(day))

    def begin_above(self, position: int) -> None:
        """Give the next frame a position above one that an earlier journal has reached.

        A journal that was lost must not use positions again: what follows from them would be
        taken for older than what is stored.

        Raises:
            JournalFailed: the file cannot be written.
        """
        with self._turn:
            newest = self._days[-1]
            if position > newest.last_position:
                with _one_line(newest.path):
                    newest.skip_to(position)

    def expire(self, before: date, up_to: int) -> list[Path]:
        """Delete the files of days before one, as far as nothing in them is needed any more.

        Args:
            before: files of this day and later ones stay, and so does the newest one.
            up_to: a file that holds a later position stays, and so do all after it.

        Raises:
            JournalFailed: a file cannot be removed.
        """
        gone: list[Path] = []
        with self._turn:
            while len(self._days) > 1:
                oldest = self._days[0]
                if oldest.path >= self._path(before) or oldest.last_position > up_to:
                    break
                with _one_line(oldest.path):
                    oldest.close()
                    del self._days[0]
                    oldest.remove()
                gone.append(oldest.path)
        return gone

    def close(self) -> None:
        """Close all files; the journal cannot be used afterwards."""
        with self._turn:
            for day in self._days:
                with _one_line(day.path):
                    day.close()

    def _open(self, path: Path) -> None:
        first_position = self.last_position + 1 if self._days else 1
        with _one_line(path):
            self._days.append(JournalDay.open(path, first_position))

    def _path(self, day: date) -> Path:
        return self._folder / f"{day.isoformat()}.sqlite"


_REMEDIES = {
    sqlite3.SQLITE_FULL: "free some space; nothing of this batch was kept",
    sqlite3.SQLITE_READONLY: "make the file and its folder writable for this user",
    sqlite3.SQLITE_CANTOPEN: "make the folder writable for this user",
    sqlite3.SQLITE_CORRUPT: "move the file away; the other days stay readable",
    sqlite3.SQLITE_NOTADB: "move the file away; the other days stay readable",
    sqlite3.SQLITE_BUSY: "stop the other process that writes it",
}
_ANY_REMEDY = "check the disk; nothing of this batch was kept"


def _day_of(days: Sequence[JournalDay], position: int) -> int:
    later = range(len(days) - 1, 0, -1)
    return next((place for place in later if days[place].first_position <= position), 0)


def _reaches(day: JournalDay, frame: Frame) -> bool:
    """Tell whether a message may be in an earlier file already."""
    # What has a key is sent again for days; the rest has told its time itself.
    reach_us = day.latest_us + (_SENT_AGAIN_US if is_keyed(frame) else 0)
    return bool(day.earliest_us <= frame.received_at_us <= reach_us)


def _size(told: Frame | Rejected) -> int:
    return len(frame_of(told).content)


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        # The lowest byte is the kind of error, the others its details.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        msg = f"journal {path} failed: {error} ({_REMEDIES.get(code, _ANY_REMEDY)})"
        raise JournalFailed(msg) from error
    except OSError as error:
        msg = f"journal {path} failed: {error.strerror} (give a folder this user may write)"
        raise JournalFailed(msg) from error
