"""Bytes of a manager session into messages, without IO.

A message is a run of lines that are not blank. Lines end with CRLF on the wire and LF in old
recordings; a greeting and, in recordings of a console, other lines stand between messages. Most
messages are noise and are told by their first line alone, so passing one over costs little more
than finding its end.

Source: asterisk/asterisk main/manager.c; AMI v2 specification.
"""

import re
from collections import deque

from producers.asterisk.translate import NEEDED, OF_DEVICES, OF_MEMBERS, PONG
from producers.frame import Refused

LONGEST_MESSAGE = 64 * 1024
"""Bytes; the messages that we need are below 3 kB."""

_EVENT = b"Event: "
_PONG = b"\n" + PONG.encode()
# As they stand before the first line feed, so that one look-up decides.
_FIRST_LINES = {
    _EVENT + name + end: marks for name, marks in NEEDED.items() for end in (b"", b"\r")
}
_LINES_OF_DEVICES = {_EVENT + name + end for name in OF_DEVICES for end in (b"", b"\r")}
_STARTS = (b"FullyBooted", b"Shutdown")
_LISTS = (b"QueueMemberAdded", b"QueueMember")
_ABOUT_MEMBERS = {
    _EVENT + name + end: name
    for name in (OF_MEMBERS, *_LISTS, *_STARTS)
    for end in (b"", b"\r")
}
_MOST_MEMBERS = 100_000
_DYNAMIC = b"\nMembership: dynamic"
_LOCAL_CHANNEL = b"\nChannel: Local/"
_BLANK_LINE = re.compile(rb"\n\r?\n")
_HEADER = re.compile(rb"[A-Za-z][^:\s]*:(?: |$)")
_ANSWERS_KEPT = 100


class AmiFrames:
    """Cuts one session into messages and keeps those that a translation needs.

    Attributes:
        passed_over: messages nobody needs.
        refused: needed messages that are too long, cut to `longest` bytes; the reader takes
            them away.
        answers: the last answers to actions (log-in, QueueStatus), for whoever asked.

    Args:
        longest: bytes of a message; a longer one is refused, so that a stream without blank
            lines cannot fill the memory.
    """

    def __init__(self, longest: int = LONGEST_MESSAGE) -> None:
        self._longest = longest
        self._tail = b""
        self._skipping = False
        self._members: set[tuple[bytes, bytes]] = set()
        self.passed_over = 0
        self.refused: list[Refused] = []
        self.answers: deque[bytes] = deque(maxlen=_ANSWERS_KEPT)

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take bytes in any portions and return the needed messages that are now complete."""
        blocks = _BLANK_LINE.split(self._tail + chunk)
        self._tail = blocks.pop()
        if self._skipping and blocks:
            blocks[0] = b""
            self._skipping = False
        kept = self._needed(blocks)
        self._bound_tail()
        return kept

    def close(self) -> bytes:
        """Return what stands behind the last complete message, and forget it."""
        left = b"" if self._skipping else self._tail.strip(b"\r\n")
        self._tail, self._skipping = b"", False
        return left

    def _needed(self, blocks: list[bytes]) -> list[bytes]:
        kept: list[bytes] = []
        passed = 0
        needed, longest, of_devices = _FIRST_LINES, self._longest, _LINES_OF_DEVICES
        for block in blocks:
            end = block.find(b"\n")
            line = block[:end] if end >= 0 else block
            marks = needed.get(line)
            if marks is None and block[:7] != _EVENT:
                message = self._unusual(block.strip(b"\r\n"))
            elif (
                marks is None
                or not _has_one(marks, block[:longest])
                or (line in of_devices and _LOCAL_CHANNEL in block[:longest])
                or (line in _ABOUT_MEMBERS and not self._is_news(_ABOUT_MEMBERS[line], block))
            ):
                passed += 1
                continue
            else:
                message = block.strip(b"\r\n")
            if len(message) > longest:
                self._refuse(message)
            elif message:
                kept.append(message)
        self.passed_over += passed
        return kept

    def _is_news(self, name: bytes, message: bytes) -> bool:
        """Tell whether a message says more than a state of a member who is known already.

        A dynamic member joins, which is told; the others are written in the PBX's settings, and
        known from a list or by the first word of their state. Nobody is after a start.
        """
        if name in _STARTS:
            self._members.clear()
            return True
        if name == OF_MEMBERS and _DYNAMIC in message:
            return False
        member = (
            _value(message, b"\nQueue: "),
            _value(message, b"\nInterface: ", b"\nLocation: "),
        )
        if name == OF_MEMBERS and member in self._members:
            return False
        if len(self._members) >= _MOST_MEMBERS:
            self._members.clear()
        self._members.add(member)
        return True

    def _unusual(self, block: bytes) -> bytes:
        """Return a message that does not begin with its name, or b'' if nobody needs it."""
        message = _headers_only(block[: self._longest])
        if not message:
            return b""
        if message.startswith(b"Response: "):
            if _PONG in message:
                return message
            self.answers.append(message)
        name = _name_within(message)
        marks = NEEDED.get(name)
        about_members = _EVENT + name in _ABOUT_MEMBERS
        if (
            marks is None
            or not _has_one(marks, message)
            or (about_members and not self._is_news(name, message))
        ):
            self.passed_over += 1
            return b""
        return message if len(block) <= self._longest else block

    def _bound_tail(self) -> None:
        if not self._skipping:
            self._tail = self._tail.lstrip(b"\r\n")
            if len(self._tail.rstrip(b"\r\n")) <= self._longest:
                return
            self._needed([self._tail])
            self._skipping = True
        # A blank line may begin in the last bytes; the rest of the giant is of no use.
        self._tail = self._tail[-3:]

    def _refuse(self, message: bytes) -> None:
        detail = f"AMI message longer than {self._longest} bytes"
        self.refused.append(Refused(message[: self._longest], "oversized", detail))


def _has_one(marks: tuple[bytes, ...], message: bytes) -> bool:
    for mark in marks:  # noqa: SIM110 (any() would take three times as long)
        if mark in message:
            return True
    return False


def _value(message: bytes, *headers: bytes) -> bytes:
    """Return the value of the first header that a message has, named with its line feed."""
    for header in headers:
        _, found, rest = message.partition(header)
        if found:
            return rest.partition(b"\n")[0].rstrip(b"\r")
    return b""


def _headers_only(block: bytes) -> bytes:
    """Drop what a console or the greeting wrote between the messages."""
    lines = block.replace(b"\r\n", b"\n").split(b"\n")
    headers = [line for line in lines if _HEADER.match(line)]
    if len(headers) == len(lines):
        return block
    return b"\n".join(headers)


def _name_within(message: bytes) -> bytes:
    _, found, rest = (b"\n" + message).partition(b"\n" + _EVENT)
    return rest.partition(b"\n")[0].rstrip(b"\r") if found else b""
