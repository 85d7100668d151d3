"""One posted message as it is kept in a journal.

A frame begins with lines of its own: the key that tells whether the message came before, its
content type, and the headers that the mapping reads. Then an empty line, and the body as it
came.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from hashlib import sha256

from producers.frame import MESSAGE_KEY, WEBHOOK, Frame
from schemas.errors import UntranslatableFrame

_TYPE = "Content-Type"
_SEALED = MESSAGE_KEY + b": sealed "
_LONGEST = 500
"""Characters that are kept of a header."""


@dataclass(frozen=True, slots=True)
class Message:
    """What was posted; names of headers are in lower case."""

    key: str
    content_type: str
    headers: dict[str, str]
    body: bytes


def id_key(own: str) -> str:
    """Return the key that a sender's id makes; a digest of one that fits no line."""
    key = f"id {own}"
    if key == _clean(key) and key.isprintable():
        return key
    return f"id sha256 {sha256(_bytes(own)).hexdigest()}"


def body_key(
    body: bytes, headers: Iterable[tuple[str, str]], seal: Callable[[bytes], str] | None = None
) -> str:
    """Return the key of a message whose sender gives it no id: equal for equal messages.

    Args:
        body: as it came, also where it is not kept so.
        headers: those that are kept.
        seal: where something in the body is to be known to nobody, makes of its digest what
            tells nothing of it.
    """
    digest = sha256(body)
    for name, value in sorted(headers):
        digest.update(_bytes(f"\n{name.lower()}:{_clean(value)}"))
    return digest.hexdigest() if seal is None else f"sealed {seal(digest.digest())}"


def before_sealing(frame: Frame) -> Frame | None:
    """Return a message with a sealed key as versions kept it that knew it by the kept body."""
    if frame.feed != WEBHOOK or not frame.content.startswith(_SEALED):
        return None
    message = read(frame)
    key = body_key(message.body, message.headers.items())
    return kept(frame.source, replace(message, key=key), frame.received_at_us)


def _bytes(text: str) -> bytes:
    """Return what came of a header; bytes that are no UTF-8 stand in it as half surrogates."""
    return text.encode("utf-8", "surrogateescape")


def kept(source: str, message: Message, received_at_us: int) -> Frame:
    """Return a message as a journal keeps it."""
    lines = [_line(MESSAGE_KEY.decode(), message.key), _line(_TYPE, message.content_type)]
    lines += [_line(name, value) for name, value in sorted(message.headers.items())]
    head = "\n".join(lines).encode("utf-8", "replace")
    return Frame(source, WEBHOOK, received_at_us, head + b"\n\n" + message.body)


def read(frame: Frame) -> Message:
    """Return what a frame of a journal keeps.

    Raises:
        UntranslatableFrame: it is no posted message.
    """
    head, end, body = frame.content.partition(b"\n\n")
    if not end or not head.startswith(MESSAGE_KEY):
        msg = "no posted message: its first lines are missing"
        raise UntranslatableFrame(msg)
    lines = head.decode("utf-8", "replace").split("\n")
    told = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
    key = told.pop(MESSAGE_KEY.decode(), "")
    content_type = told.pop(_TYPE, "")
    return Message(key, content_type, {n.lower(): value for n, value in told.items()}, body)


def _line(name: str, value: str) -> str:
    return f"{name}: {_clean(value)}"


def _clean(value: str) -> str:
    return " ".join(value.split())[:_LONGEST]
