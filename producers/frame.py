"""One message of a source as it came, and the names that its translation needs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple, TypeAlias

from producers.identity import CallerKeys
from schemas.errors import UntranslatableFrame
from schemas.events import Event
from schemas.facts import RejectReason

WEBHOOK = "webhook"
"""The feed of what others post to us."""

MESSAGE_KEY = b"Message-Key"
"""Begins a frame of that feed: its message is known by this alone, whenever it comes again."""

MESSAGE_ID = MESSAGE_KEY + b": id "
"""Begins one whose sender gave the message an id."""


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
    """Bytes that are no message; they belong whole into `rejected`.

    `second` is that of the message before them in their file, None if there is none, or if the
    feed tells no such thing.
    """

    content: bytes
    reason: RejectReason
    detail: str
    second: int | None = None


class Rejected(NamedTuple):
    """A frame that cannot be used, and why."""

    frame: Frame
    reason: RejectReason
    detail: str


def frame_of(told: Frame | Rejected) -> Frame:
    """Return the frame that was told, whether it can be used or not."""
    return told.frame if isinstance(told, Rejected) else told


class FrameWithoutTime(UntranslatableFrame):
    """The source does not say when it happened; our own clock is no substitute (`no_time`)."""


class FrameWithoutRule(UntranslatableFrame):
    """Nobody has said what such a message means (`unmapped`)."""


class PartlyTranslated(UntranslatableFrame):
    """Some of what a frame tells is usable: `events`; the frame is rejected all the same."""

    def __init__(self, text: str, events: "Sequence[Event]") -> None:
        super().__init__(text)
        self.events = events


@dataclass(frozen=True, slots=True)
class Naming:
    """Whose events they are, and how callers are named.

    Attributes:
        mappings: how to translate what a source posts, by the name of the source.
    """

    tenant: str
    domain: str
    callers: CallerKeys
    mappings: "Mapping[str, Translation]" = field(default_factory=dict)


Translation: TypeAlias = Callable[[Frame, Naming], list[Event]]
"""Frames of one source into events; raises UntranslatableFrame."""


def frame_number(frame: Frame) -> int:
    """Return 64 bits, signed, that are equal for two frames if they are the same message.

    The place in a file or a second does not count, so that a recording read again, or an
    overlapping copy of it, gives the same numbers. A text that does not tell its own time may
    rightly be said again later: there the second of receipt counts.
    """
    return _number(
        frame, frame.content.partition(b"\n")[0] if is_keyed(frame) else frame.content
    )


def text_number(frame: Frame) -> int:
    """Return the number of a keyed frame by all that it says, not by its key alone."""
    return _number(frame, frame.content)


def body_number(frame: Frame) -> int:
    """Return the number of a keyed frame by its key and its body, whatever its headers say."""
    key = frame.content.partition(b"\n")[0]
    return number_of(frame.source.encode(), frame.feed.encode(), key, body_of(frame))


def body_of(frame: Frame) -> bytes:
    """Return what follows the lines of its own of a keyed frame."""
    return frame.content.partition(b"\n\n")[2]


def number_of(*parts: bytes, more: bytes = b"") -> int:
    """Return 64 bits, signed, of parts and of where each ends; `more` follows as it is.

    These numbers are kept in journals: another way to make them would know nothing again.
    """
    digest = blake2b(digest_size=8)
    for part in parts:
        digest.update(len(part).to_bytes(4, "big") + part)
    digest.update(more)
    return int.from_bytes(digest.digest(), "big", signed=True)


def _number(frame: Frame, content: bytes) -> int:
    more = b"%d" % frame.repeat
    if not (is_keyed(frame) or _tells_its_time(frame.content)):
        more += b"@%d" % (frame.received_at_us // 1_000_000)
    return number_of(frame.source.encode(), frame.feed.encode(), content, more=more)


def has_id(frame: Frame) -> bool:
    """Tell whether the key of a frame is an id of its sender's, and not made of its text."""
    return frame.feed == WEBHOOK and frame.content.startswith(MESSAGE_ID)


def is_keyed(frame: Frame) -> bool:
    """Tell whether a frame begins with a key, so that it is the same on another day."""
    return frame.feed == WEBHOOK and frame.content.startswith(MESSAGE_KEY)


def _tells_its_time(content: bytes) -> bool:
    return b"\nTimestamp: " in content or content[:9].isdigit()
