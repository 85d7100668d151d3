"""A queue log that grows: followed through rotation, truncation and absence.

Its place is what the journal holds: a line is acknowledged by being kept and by nothing else.
At the start, and whenever the file was cut short, everything behind the last line kept is read
again, rotated parts included (`queue_log.0`, `queue_log-20260302`, `.gz`); without a last line
the file is read from its beginning, and its rotated parts belong to `pult import`.

Source: asterisk/asterisk main/logger.c (`rotate_file`, `ast_queue_log`).
"""

import logging
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from producers.asterisk.queue_log import Line, QueueLogLines
from producers.asterisk.recordings import QUEUE_LOG_FEED
from producers.asterisk.rotation import parts_there, rotated_parts
from producers.frame import Frame, Refused, Rejected
from producers.handover import AT_ONCE
from producers.instants import MICROSECONDS
from producers.recording import read_chunks
from producers.source import LastFrame, Take
from producers.status import SourceStatus
from schemas.errors import UnreadableRecording

_LOG = logging.getLogger("pult.source")
LOOK_SECONDS = 0.1
MISSING_SECONDS = 60.0
_PORTION = 256 * 1024
_HEAD_BYTES = 256


class QueueLogFollower:
    """One queue log, followed until told to stop.

    Args:
        name: of the source.
        path: the file that Asterisk writes.
        settings: names the setting that holds the path, for complaints.
        last_frame: what the journal holds of it.
        caught_up: set once everything that was there at the start has been kept.
    """

    def __init__(
        self,
        name: str,
        path: Path,
        settings: str,
        last_frame: LastFrame,
        caught_up: threading.Event | None = None,
    ) -> None:
        self.status = SourceStatus(name, QUEUE_LOG_FEED, trouble=f"{path} is not read yet")
        self._path = path
        self._settings = settings
        self._last_frame = last_frame
        self._caught_up = caught_up or threading.Event()
        self._lines = QueueLogLines()
        self._file: BinaryIO | None = None
        self._head = b""
        self._parts: frozenset[tuple[str, int, int]] = frozenset()
        self._missing_since = 0.0

    def run(self, take: Take, stopped: threading.Event) -> None:
        """Follow the file until stopped.

        Raises:
            JournalFailed: a line cannot be kept.
        """
        try:
            while not stopped.is_set():
                moved = self._look(take)
                if not moved:
                    self._caught_up.set()
                    stopped.wait(LOOK_SECONDS)
        finally:
            self._caught_up.set()
            self._close()

    def _look(self, take: Take) -> bool:
        """Read what is new; return whether there may be more at once."""
        try:
            if self._file is None:
                self._open(take)
                return True
            return self._read_on(self._file, take) or self._follow_rotation(self._file, take)
        except OSError as error:
            self._trouble(f"cannot read {self._path} ({self._settings}): "
                          f"{error.strerror or error}; check path and permissions")  # fmt: skip
            if self._file is not None and not isinstance(error, FileNotFoundError):
                self._close()
            return False

    # --- the growing file -----------------------------------------------------------------

    def _open(self, take: Take) -> None:
        """Open the file and read up to it what was written while nobody did."""
        # First, so that a file which becomes a part while it is opened is noticed.
        self._parts = parts_there(self._path)
        file = self._path.open("rb")
        try:
            self._lines = QueueLogLines()
            self._head = file.read(_HEAD_BYTES)
            file.seek(0)
            last = self._last_frame(self.status.source, QUEUE_LOG_FEED)
            if last is not None and not self._catch_up(file, last, take):
                file.close()
                return
        except BaseException:
            file.close()
            raise
        self._file = file
        self.status.connected, self.status.trouble = True, ""
        self.status.connections += 1
        _LOG.info("following source=%s file=%s at_byte=%d",
                  self.status.source, self._path, file.tell())  # fmt: skip

    def _read_on(self, file: BinaryIO, take: Take) -> bool:
        chunk = file.read(_PORTION)
        # Looked at after reading: what was read may be of a file that has outgrown the old one.
        if self._was_cut_short(file):
            self._begin_again()
            return True
        if not chunk:
            return False
        if len(self._head) < _HEAD_BYTES:
            self._head = os.pread(file.fileno(), _HEAD_BYTES, 0)
        self._keep(self._lines.feed(chunk), take)
        return True

    def _begin_again(self) -> None:
        """Go back to the last line kept: what was read since may be torn."""
        self.status.losses += 1
        _LOG.info("truncated source=%s file=%s", self.status.source, self._path)
        self._close()

    def _was_cut_short(self, file: BinaryIO) -> bool:
        """Tell whether it was truncated, also if it has grown beyond its old length since.

        While not even its first line is known, a part that came is taken for a copy of it.
        """
        if b"\n" not in self._head and parts_there(self._path) != self._parts:
            return True
        if os.fstat(file.fileno()).st_size < file.tell():
            return True
        return os.pread(file.fileno(), len(self._head), 0) != self._head

    def _follow_rotation(self, file: BinaryIO, take: Take) -> bool:
        """Leave a file once something is in a new one; until then it may still grow."""
        try:
            there = self._path.stat()
        except FileNotFoundError:
            self._missing()
            return False
        self._missing_since, self.status.trouble = 0.0, ""
        here = os.fstat(file.fileno())
        if (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino) or not there.st_size:
            return False
        while self._read_on(file, take):
            if self._file is None:
                return True
        self._keep(self._lines.close(finished=True), take)
        _LOG.info("rotated source=%s file=%s", self.status.source, self._path)
        # Not straight into the new file: while we slept there may have been several.
        self._close()
        return True

    def _missing(self) -> None:
        """Asterisk makes the new file with its first line, so a rotated one may be away."""
        now = time.monotonic()
        self._missing_since = self._missing_since or now
        if now - self._missing_since > MISSING_SECONDS:
            self._trouble(f"{self._path} ({self._settings}) has gone; waiting for it")

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None
        self.status.connected = False

    # --- what was written while nobody read -----------------------------------------------

    def _catch_up(self, file: BinaryIO, last: Frame, take: Take) -> bool:
        """Keep all lines behind the last one kept; return whether the file stayed what it was.

        Where that part is gone, all lines not older than it are kept; the journal knows those
        that it has.
        """
        behind: list[Frame | Rejected] = []
        found = False
        since = _second_of(last)
        for line in self._everything(file, since):
            if isinstance(line, Line) and _is(line, last):
                behind, found = [], True
            elif isinstance(line, Rejected):
                if found or behind:
                    behind.append(line)
            elif found or line.second >= since:
                behind.append(self._frame(line))
        if self._was_cut_short(file) or parts_there(self._path) != self._parts:
            return False
        if not found:
            _LOG.warning("last line not found source=%s file=%s lines_since=%d",
                         self.status.source, self._path, len(behind))  # fmt: skip
        self._hand_over(behind, take)
        return True

    def _everything(self, file: BinaryIO, since: int) -> Iterator[Line | Rejected]:
        for path in rotated_parts(self._path, since, self._head.partition(b"\n")[0]):
            try:
                for chunk in read_chunks(path):
                    yield from self._cut(self._lines.feed(chunk))
            except UnreadableRecording as error:
                _LOG.warning("passed over source=%s %s", self.status.source, error)
            yield from self._cut(self._lines.close(finished=True))
        while chunk := file.read(_PORTION):
            yield from self._cut(self._lines.feed(chunk))

    # --- lines into frames ----------------------------------------------------------------

    def _cut(self, lines: list[Line]) -> Iterator[Line | Rejected]:
        yield from lines
        yield from self._refused()

    def _refused(self) -> list[Rejected]:
        """Return what is no line, received when the line before it was written.

        Such a text tells no time of its own: by that it is known again when it is read again.
        """
        refused = [
            Rejected(
                Frame(self.status.source, QUEUE_LOG_FEED, _at_us(each), each.content),
                each.reason, each.detail,
            )
            for each in self._lines.refused
        ]  # fmt: skip
        self._lines.refused.clear()
        return refused

    def _frame(self, line: Line) -> Frame:
        self.status.clock_us = max(self.status.clock_us, line.second * MICROSECONDS)
        return Frame(
            self.status.source, QUEUE_LOG_FEED, _now_us(), line.text, line.ordinal, line.repeat
        )

    def _keep(self, lines: list[Line], take: Take) -> None:
        self._hand_over([*map(self._frame, lines), *self._refused()], take)

    def _hand_over(self, frames: list[Frame | Rejected], take: Take) -> None:
        for start in range(0, len(frames), AT_ONCE):
            batch = frames[start : start + AT_ONCE]
            take(batch)
            refused = sum(isinstance(each, Rejected) for each in batch)
            self.status.refused += refused
            self.status.frames += len(batch) - refused
            self.status.last_heard_us = _now_us()

    def _trouble(self, why: str) -> None:
        if why != self.status.trouble:
            self.status.trouble = why
            _LOG.warning("unreadable source=%s %s", self.status.source, why)


def _is(line: Line, last: Frame) -> bool:
    return line.text == last.content and line.repeat == last.repeat


def _second_of(last: Frame) -> int:
    """Return a second before which nothing was written that is not kept.

    That of the last line, unless the PBX's clock was ahead of ours then: put right since, it
    writes lines of an earlier second.
    """
    digits = last.content.partition(b"|")[0]
    told = int(digits) if digits.isdigit() else 0
    return min(told, last.received_at_us // MICROSECONDS)


def _at_us(refused: Refused) -> int:
    return _now_us() if refused.second is None else refused.second * MICROSECONDS


def _now_us() -> int:
    return time.time_ns() // 1000
