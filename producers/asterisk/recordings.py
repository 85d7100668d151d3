"""Recordings of Asterisk as frames: the same frames that a live source gives.

A recording has no time of receipt; its own time stands for it, so that an import says the same
whenever it is done.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from producers.asterisk.frames import AmiFrames
from producers.asterisk.message import timestamp_us
from producers.asterisk.queue_log import QueueLogLines, second_of
from producers.frame import Frame, Refused, Rejected
from producers.instants import MICROSECONDS, instant_us
from producers.recording import AMI, QUEUE_LOG, checked_chunks, unreadable

AMI_FEED = "ami"
QUEUE_LOG_FEED = "queue-log"

_TIMESTAMP_LINE = re.compile(rb"^Timestamp: ([0-9]+\.[0-9]+)\r?\n", re.MULTILINE)
_LONGEST_TIMESTAMP_LINE = 64


def ami_frames(paths: Sequence[Path], source: str) -> Iterator[Frame | Rejected]:
    """Yield the needed messages of captures of the manager interface, capture by capture.

    A message without Timestamp (an answer, an item of a list) was received when the last kept
    message before it was sent; before the first one, at the first Timestamp of the capture.

    Raises:
        UnreadableRecording: a file cannot be read, is something else, or tells no time at all.
    """
    for path in paths:
        received_at_us = _first_timestamp_us(path)
        for item in _ami_messages(path):
            told = timestamp_us(item) if isinstance(item, bytes) else None
            received_at_us = received_at_us if told is None else told
            yield _framed(item, source, received_at_us)


def _first_timestamp_us(path: Path) -> int:
    carried = b""
    for chunk in checked_chunks(path, AMI):
        for found in _TIMESTAMP_LINE.finditer(carried + chunk):
            at_us = instant_us(found[1].decode())
            if at_us is not None:
                return at_us
        carried = chunk[-_LONGEST_TIMESTAMP_LINE:]
    why = (
        "no message tells its time; set timestampevents = yes in manager.conf and record again"
    )
    raise unreadable(path, AMI, why)


def _ami_messages(path: Path) -> Iterator[bytes | Refused]:
    messages = AmiFrames()
    for chunk in checked_chunks(path, AMI):
        yield from messages.feed(chunk)
        yield from messages.refused
        messages.refused.clear()
    left = messages.close()
    if left:
        yield Refused(left, "malformed", "the recording ends within this AMI message")


def _framed(item: bytes | Refused, source: str, received_at_us: int) -> Frame | Rejected:
    if isinstance(item, bytes):
        return Frame(source, AMI_FEED, received_at_us, item)
    frame = Frame(source, AMI_FEED, received_at_us, item.content)
    return Rejected(frame, item.reason, item.detail)


def queue_log_frames(
    paths: Sequence[Path], source: str, first_second: int = 0, first_ordinal: int = 0
) -> Iterator[Frame | Rejected]:
    """Yield the lines of queue logs, in the order of their first seconds, whatever their names.

    Args:
        paths: the log and its rotated parts, in any order.
        source: whose log it is.
        first_second: the second in which an earlier part was left.
        first_ordinal: the place that the next line of that second gets.

    Raises:
        UnreadableRecording: a file cannot be read or is something else.
    """
    lines = QueueLogLines(first_second, first_ordinal)
    for path in sorted(paths, key=begins_at):
        first = begins_at(path)
        for chunk in chain(checked_chunks(path, QUEUE_LOG), (None,)):
            found = lines.close(finished=True) if chunk is None else lines.feed(chunk)
            for line in found:
                at_us = line.second * MICROSECONDS
                yield Frame(source, QUEUE_LOG_FEED, at_us, line.text, line.ordinal, line.repeat)
            for refused in lines.refused:
                second = first if refused.second is None else refused.second
                at_us = second * MICROSECONDS
                frame = Frame(source, QUEUE_LOG_FEED, at_us, refused.content)
                yield Rejected(frame, refused.reason, refused.detail)
            lines.refused.clear()


def begins_at(path: Path) -> int:
    """Return the second of the first line of a queue log, 0 if no line is near its beginning.

    Raises:
        UnreadableRecording: it cannot be read, or is something else.
    """
    head = next(checked_chunks(path, QUEUE_LOG), b"")
    seconds = map(second_of, head.removeprefix(b"\xef\xbb\xbf").splitlines())
    return next((second for second in seconds if second is not None), 0)
