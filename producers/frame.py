"""One message of a source as it came, and the names that its translation needs."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from producers.identity import CallerKeys
from schemas.errors import UntranslatableFrame
from schemas.facts import RejectReason


class Frame(NamedTuple):
    """What a source said, byte for byte, without the separator after it.

    `received_at_us` is microseconds since 1970 UTC. `ordinal` is the place among the messages
    of one second, `repeat` the place among equal texts of one second; both are 0 for feeds that
    tell microseconds.
    """

    source: str
    feed: str
    received_at_us: int
    content: bytes
    ordinal: int = 0
    repeat: int = 0


class Refused(NamedTuple):
    """Bytes that are no message; they belong whole into `rejected`."""

    content: bytes
    reason: RejectReason
    detail: str


class Rejected(NamedTuple):
    """A frame that cannot be used, and why."""

    frame: Frame
    reason: RejectReason
    detail: str


class FrameWithoutTime(UntranslatableFrame):
    """The source does not say when it happened; our own clock is no substitute (`no_time`)."""


@dataclass(frozen=True, slots=True)
class Naming:
    """Whose events they are, and how callers are named."""

    tenant: str
    domain: str
    callers: CallerKeys


def frame_number(frame: Frame) -> int:
    """Return 64 bits, signed, that are equal for two frames if they are the same message.

    The place in a file or a second does not count, so that a recording read again, or an
    overlapping copy of it, gives the same numbers. A text that does not tell its own time may
    rightly be said again later: there the second of receipt counts.
    """
    digest = blake2b(digest_size=8)
    for part in (frame.source.encode(), frame.feed.encode(), frame.content):
        digest.update(len(part).to_bytes(4, "big") + part)
    digest.update(b"%d" % frame.repeat)
    if not _tells_its_time(frame.content):
        digest.update(b"@%d" % (frame.received_at_us // 1_000_000))
    return int.from_bytes(digest.digest(), "big", signed=True)


def _tells_its_time(content: bytes) -> bool:
    return b"\nTimestamp: " in content or content[:9].isdigit()
