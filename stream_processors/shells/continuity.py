"""Whether what is read follows what was read before: offsets alone do not say it.

A topic that was made anew begins at offset 0 again, and a broker that lost the end of its log
in a power cut gives its offsets to other records. Both grow, and soon have the offset at which
a state stands, or a sink; what was written before it would never be read. So the record before
that offset is read once more, and has to be the one that was read last.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from zlib import crc32

from schemas.errors import LogTorn
from schemas.topics import EVENTS

if TYPE_CHECKING:
    from stream_processors.shells.partition import LogRecord
    from stream_processors.shells.transport import Bounds

UNMARKED = -1
"""Stands for the mark of a record that is not on record."""

RESTORING = "see Restoring in docs/operations.md"


def mark_of(value: bytes | None) -> int:
    """Return what a record is recognised by when it is read again."""
    return crc32(value or b"")


def other_log(where: str, done: str, position: int) -> LogTorn:
    """Return the failure of a log that is not the one of before.

    Args:
        where: the log, in words.
        done: what was done with it, such as "folded".
        position: up to which offset.
    """
    msg = (
        f"{where} is not what was {done} up to offset {position}: it was made anew, or has "
        f"lost its end; {RESTORING}"
    )
    return LogTorn(msg)


def check_bounds(where: str, position: int, first: int, end: int, *, accept_loss: bool) -> None:
    """Look whether a log still holds what comes next.

    Args:
        where: the log, in words.
        position: the offset of the next record.
        first: offset of the first record that the log has.
        end: offset that its next record gets.
        accept_loss: whether to go on although records are gone.

    Raises:
        LogTorn: it does not.
    """
    if position > end:
        msg = (
            f"{where} was folded up to offset {position}, but ends at {end}: it was made anew, "
            f"or has lost its end; {RESTORING}"
        )
        raise LogTorn(msg)
    if position < first and not accept_loss:
        msg = (
            f"{first - position} events of {where} are gone from the log before they were "
            "applied; start with --accept-loss, then run pult rebuild --server"
        )
        raise LogTorn(msg)


def check_partitions(topic: str, partitions: Iterable[int]) -> None:
    """Refuse a topic of events that was given more partitions while it is read.

    Raises:
        LogTorn: it was.
    """
    if max(partitions, default=0) >= EVENTS.partitions:
        msg = (
            f"{topic} has more than {EVENTS.partitions} partitions now, and its domains go "
            f"elsewhere; make it anew: {RESTORING}"
        )
        raise LogTorn(msg)


def new_of(
    where: str, records: "Sequence[LogRecord]", position: int, mark: int, bounds: "Bounds"
) -> "Sequence[LogRecord]":
    """Return what is new of records that were fetched, without those that were folded.

    Mostly only the last of these is there. After two assignments in quick succession more may
    be: the client begins where the group's offset is.

    Args:
        where: the log, in words.
        records: at least one.
        position: the offset that comes next.
        mark: of the record before it, or UNMARKED.
        bounds: of the log.

    Raises:
        LogTorn: they do not follow it.
    """
    found = records[0].offset
    if found > position:
        check_bounds(where, position, bounds.first, found, accept_loss=False)
    if found >= position:
        return records
    if max(bounds.end, records[-1].offset + 1) < position:
        # Where the broker has no such offset, the client reads from the beginning by itself.
        raise other_log(where, "folded", position)
    rest = [each for each in records if each.offset >= position - 1]
    if not rest:
        return rest
    if rest[0].offset != position - 1 or mark not in (UNMARKED, mark_of(rest[0].value)):
        raise other_log(where, "folded", position)
    return rest[1:]
