"""Reading a recording file, plain or gzip, with one clear line where that fails."""

import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeAlias

from schemas.errors import UnreadableRecording

PORTION = 256 * 1024
"""Bytes handed on at once."""

AMI = "asterisk-ami"
QUEUE_LOG = "asterisk-queue-log"

_GZIP = b"\x1f\x8b"
_FOREIGN = (
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive (or an office document)"),
    (b"BZh", "packed with bzip2"),
    (b"\xfd7zXZ\x00", "packed with xz"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\xd4\xc3\xb2\xa1", "a network capture"),
    (b"\x0a\x0d\x0d\x0a", "a network capture"),
    (b"\x7fELF", "a program"),
)
_WANTED = {
    AMI: "give a capture of the manager interface",
    QUEUE_LOG: "give a queue log of Asterisk (/var/log/asterisk/queue_log)",
}
_LOOKS_LIKE = {
    AMI: re.compile(rb"^(?:Event|Response): |^Asterisk Call Manager/", re.MULTILINE),
    QUEUE_LOG: re.compile(rb"^(?:\xef\xbb\xbf)?\d{9,11}\|(?:[^|\n]*\|){3}\w+", re.MULTILINE),
}
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1b"))
_MOST_CONTROLS = 0.05

_File: TypeAlias = IO[bytes] | gzip.GzipFile


def read_chunks(path: Path, kind: str = "a recording") -> Iterator[bytes]:
    """Yield the bytes of a recording, unpacked, in portions.

    Args:
        path: a file, plain or gzip (told by its first bytes, not by its name).
        kind: what it is imported as; only for the message.

    Raises:
        UnreadableRecording: it is missing, empty, no file, not permitted or damaged; what could
            be read before the damage has been yielded.
    """
    read = 0
    with _readable(path, kind) as file:
        while True:
            portion = _read(file, path, kind, read)
            if not portion:
                break
            read += len(portion)
            yield portion
    if not read:
        raise unreadable(path, kind, "it is empty; give a file with something in it")


@contextmanager
def _readable(path: Path, kind: str) -> Iterator[_File]:
    try:
        if path.is_dir():
            raise unreadable(path, kind, "it is a directory; give the files in it")
        with path.open("rb") as plain:
            packed = plain.read(len(_GZIP)) == _GZIP
            plain.seek(0)
            if packed:
                with gzip.GzipFile(fileobj=plain, mode="rb") as unpacked:
                    yield unpacked
            else:
                yield plain
    except FileNotFoundError as error:
        why = "there is no such file; check the path"
        raise unreadable(path, kind, why) from error
    except PermissionError as error:
        why = "this user may not read it; change its permissions or the user"
        raise unreadable(path, kind, why) from error
    except OSError as error:
        why = f"{error.strerror or error}; check the file and its disk"
        raise unreadable(path, kind, why) from error


def _read(file: _File, path: Path, kind: str, read: int) -> bytes:
    try:
        # read1 hands on what was unpacked before a cut; read would lose it.
        return file.read1(PORTION) if isinstance(file, gzip.GzipFile) else file.read(PORTION)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        fault = "cut off" if isinstance(error, EOFError) else "damaged"
        why = f"the gzip file is {fault} after {read} bytes (unpacked); copy it again"
        raise unreadable(path, kind, why) from error


def sniff(head: bytes, kind: str) -> str:
    """Return why the first bytes of a recording cannot be of a kind, '' if they can.

    Args:
        head: the first portion, unpacked; a whole number of messages is not needed.
        kind: `asterisk-ami` or `asterisk-queue-log`; another kind is checked for text only.
    """
    wanted = _WANTED.get(kind, "give a text recording")
    for magic, what in _FOREIGN:
        if head.startswith(magic):
            return f"it is {what}; {wanted}"
    if head.startswith(_UTF_16_MARKS) or _every_other_is_nul(head):
        return "it is UTF-16 text; convert it: iconv -f UTF-16 -t UTF-8"
    if b"\0" in head or _is_binary(head):
        return f"it is binary, not text; {wanted}"
    return _other_text(head, kind)


def _other_text(head: bytes, kind: str) -> str:
    looks = _LOOKS_LIKE.get(kind)
    if looks is None or looks.search(head):
        return ""
    for other, looks_other in _LOOKS_LIKE.items():
        if looks_other.search(head):
            return f"it is a recording of another kind; import it as {other}"
    return f"nothing in its first {len(head)} bytes looks like one; {_WANTED[kind]}"


def _every_other_is_nul(head: bytes) -> bool:
    some = head[:512]
    halves = some[0::2], some[1::2]
    return len(some) >= 8 and any(half.count(0) > 0.8 * len(half) for half in halves)


def _is_binary(head: bytes) -> bool:
    some = head[:4096]
    return len(some) - len(some.translate(None, _CONTROLS)) > _MOST_CONTROLS * len(some)


def checked_chunks(path: Path, kind: str) -> Iterator[bytes]:
    """Yield the bytes of a recording of a kind, refusing what is plainly something else.

    Raises:
        UnreadableRecording: as for `read_chunks`, or `sniff` found it to be something else.
    """
    first = True
    for chunk in read_chunks(path, kind):
        if first:
            why = sniff(chunk, kind)
            if why:
                raise unreadable(path, kind, why)
            first = False
        yield chunk


def unreadable(path: Path, kind: str, why: str) -> UnreadableRecording:
    """Return the complaint about one recording, in one line."""
    return UnreadableRecording(f"cannot import {path} as {kind}: {why}")
