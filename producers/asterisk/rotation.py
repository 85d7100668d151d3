"""The rotated parts of a queue log, in the order in which they were written.

Their names tell no order: `.0` is the newest or the oldest, by the strategy of logger.conf, and
logrotate has further ways. Their first lines and times of writing do.

Source: asterisk/asterisk main/logger.c (`rotate_file`).
"""

import logging
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from producers.asterisk.recordings import begins_at
from producers.recording import read_chunks
from schemas.errors import UnreadableRecording

_LOG = logging.getLogger("pult.source")
_UNREAD = (".bz2", ".xz", ".zst", ".Z")
# A part may have been touched a little before its last line says: buffers, other clocks.
_LEEWAY_SECONDS = 3_600


class _Part(NamedTuple):
    second: int
    written_ns: int
    path: Path


def rotated_parts(path: Path, since: int, first_line: bytes) -> list[Path]:
    """Return the rotated parts of a log that may hold lines since a second, oldest first.

    Of copies of one part (one is being packed, somebody kept one) the longest counts.

    Args:
        path: the file that is written now.
        since: seconds since 1970.
        first_line: of that file; a part that begins with it is a copy of it, and left out.
    """
    kept: dict[bytes, _Part] = {}
    for each in _candidates(path, since):
        try:
            part = _Part(begins_at(each), each.stat().st_mtime_ns, each)
            begins = next(read_chunks(each)).partition(b"\n")[0]
        except (UnreadableRecording, OSError):
            # Empty, gone by now, or something else that is called like it.
            continue
        copy = kept.get(begins)
        if begins != first_line and (copy is None or _length(each) > _length(copy.path)):
            kept[begins] = part
    return [part.path for part in sorted(kept.values())]


def parts_there(path: Path) -> frozenset[tuple[str, int, int]]:
    """Return what tells whether a part came, went or grew: names, inodes, lengths."""
    found: set[tuple[str, int, int]] = set()
    for each in path.parent.glob(f"{path.name}[.-]*"):
        with suppress(OSError):
            told = each.stat()
            found.add((each.name, told.st_ino, told.st_size))
    return frozenset(found)


def _candidates(path: Path, since: int) -> list[Path]:
    found: list[Path] = []
    for each in sorted(path.parent.glob(f"{path.name}[.-]*")):
        try:
            touched = each.stat().st_mtime
        except OSError:
            continue
        if not each.is_file() or touched < since - _LEEWAY_SECONDS:
            continue
        if each.suffix in _UNREAD:
            _LOG.warning("passed over file=%s (only .gz is unpacked)", each)
            continue
        found.append(each)
    return found


def _length(path: Path) -> int:
    """Return how many bytes of a part can be read, unpacked."""
    length = 0
    try:
        for chunk in read_chunks(path):
            length += len(chunk)
    except UnreadableRecording:
        pass
    return length
