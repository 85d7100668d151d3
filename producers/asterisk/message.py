"""One AMI message taken apart: headers, the source's own time, readable complaints.

Source: asterisk/asterisk main/manager.c (`append_event`, `manager_event`).
"""

import re

from producers.asterisk.code_pages import texts_of
from producers.envelope import Attributes, Stamp, attributes
from producers.frame import Frame, FrameWithoutTime, Naming
from producers.instants import MICROSECONDS, instant_us
from schemas.errors import UntranslatableFrame
from schemas.events import Event

_DEBUG_HEADERS = re.compile(rb"(?:SequenceNumber|File|Line|Func): [^\n]*(?:\n|$)")
_TIMESTAMP = b"\nTimestamp: "
# What Asterisk sends without a Timestamp even with `timestampevents = yes`.
_UNTIMED = frozenset(
    {
        "QueueParams", "QueueMember", "QueueEntry", "QueueStatusComplete", "FullyBooted",
        "CoreShowChannel", "CoreShowChannelsComplete",
    }
)  # fmt: skip
_LONGEST_NUMBER = 15
_NO_DEVICES = (
    "Local/", "AsyncGoto/", "Surrogate/", "Announcer/", "Recorder/", "CBAnn/", "CBRec/",
    "Snoop/", "Message/",
)  # fmt: skip
"""Channels that Asterisk makes for itself, some of them named after the phone they serve."""
_FAR_END = re.compile(r"(\+?[0-9]{7,}(:.*)?)?")
"""What an ISDN channel's name says of a customer: number and subaddress, '' if withheld."""


def parse(frame: bytes) -> dict[str, str]:
    """Return the headers with their keys as sent; the first of a repeated key counts.

    Lines without `: ` are passed over: an empty header whose blank was lost, or noise of a
    console.
    """
    lines = texts_of(frame.replace(b"\r\n", b"\n"), b"\n")
    pairs = [line.split(": ", 1) for line in reversed(lines)]
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def timestamp_us(frame: bytes) -> int | None:
    """Return the Timestamp of a message in microseconds, or None if it has no usable one."""
    start = frame.find(_TIMESTAMP)
    if start < 0:
        return None
    line, _, _ = frame[start + len(_TIMESTAMP) :].partition(b"\n")
    return instant_us(line.strip().decode("ascii", "replace"))


class Message:
    """The headers of one frame and the questions that a translation asks of them."""

    __slots__ = ("_headers", "_stamp", "frame", "name", "names")

    def __init__(self, frame: Frame, names: Naming) -> None:
        self.frame = frame
        self.names = names
        self._headers = parse(frame.content)
        self._stamp: Stamp | None = None
        self.name = self._headers.get("Event") or f"Ping: {self.text('Ping')}"

    def text(self, *headers: str) -> str:
        """Return the first of the headers that is not empty, or ''."""
        for header in headers:
            value = self._headers.get(header)
            if value:
                return value
        return ""

    def need(self, *headers: str) -> str:
        """Return the first of the headers that is not empty.

        Raises:
            UntranslatableFrame: none of them is there; the message goes into `rejected`.
        """
        value = self.text(*headers)
        if not value:
            msg = (
                f"AMI {self.name} without {' or '.join(headers)} header from "
                f"{self.frame.source} (the message was cut short; see it in rejected)"
            )
            raise UntranslatableFrame(msg)
        return value

    def number(self, *headers: str) -> int | None:
        """Return the first of the headers that is not empty as a whole number, None if none is.

        Raises:
            UntranslatableFrame: it is not a whole number.
        """
        value = self.text(*headers)
        if not value:
            return None
        digits = value[1:] if value[0] == "-" else value
        if not (digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_NUMBER):
            msg = (
                f"AMI {self.name} from {self.frame.source}: {headers[0]} is {value[:40]!r}, "
                "not a whole number (see the message in rejected)"
            )
            raise UntranslatableFrame(msg)
        return int(value)

    def milliseconds(self, *headers: str) -> int | None:
        """Return a duration sent in milliseconds; a negative one (clock set back) is 0."""
        value = self.number(*headers)
        return None if value is None else max(value, 0)

    def seconds(self, *headers: str) -> int | None:
        """Return a duration that is sent in seconds, as milliseconds."""
        value = self.milliseconds(*headers)
        return None if value is None else value * 1000

    def agent(self) -> str:
        """Return what the queue calls its member: the name if it has one, else the interface.

        Source: events say MemberName and Interface, lists Name and Location, AMI 1.x Location.
        """
        return self.need("MemberName", "Name", "Interface", "Location")

    def interface(self) -> str:
        """Return what the queue dials for its member, '' if it has no other name for him."""
        interface = self.text("Interface", "Location")
        return "" if interface == self.agent() else interface

    def device(self, header: str = "Channel") -> str:
        """Return the phone or trunk of a channel, '' for one of the PBX's own (Local).

        Asterisk makes a channel's name of technology, device, and a number that tells apart the
        calls of the device: PJSIP/1001-0000002f, DAHDI/1-1. Of an ISDN line the name holds a
        customer's number, too, which is left out: DAHDI/i1/2025550101-2a.
        """
        channel = self.text(header)
        if channel.startswith(_NO_DEVICES) or "/" not in channel:
            return ""
        name = channel.rpartition("-")[0] or channel
        line, _, far = name.rpartition("/")
        return line if "/" in line and _FAR_END.fullmatch(far) else name

    def interaction(self) -> str:
        """Return the oldest channel of the contact, else the channel itself."""
        return self.text("Linkedid", "Uniqueid")

    def place(self) -> str:
        """Return where in the dial plan the channel is; a dialled customer is masked."""
        exten = self.names.callers.masked(self.text("Exten"), least_digits=7)
        place = f"{self.text('Context')},{exten},{self.text('Priority')}"
        return "" if place == ",," else place

    def at_us(self) -> int:
        """Return when it happened, in microseconds, by the clock that `attributes` names."""
        return self._stamped().at_us

    def attributes(self, kind: type[Event], subject: str) -> Attributes:
        """Return the envelope of an event of this message.

        Raises:
            FrameWithoutTime: Asterisk does not say when it happened.
            UntranslatableFrame: it says so, but not as a number.
        """
        return attributes(self.frame, self.names, self._stamped(), kind, subject)

    def _stamped(self) -> Stamp:
        if self._stamp is None:
            self._stamp = self._by_source() if self.text("Timestamp") else self._by_adapter()
        return self._stamp

    def _by_source(self) -> Stamp:
        text = self.text("Timestamp").strip()
        at_us = instant_us(text)
        if at_us is None:
            msg = (
                f"AMI {self.name} from {self.frame.source}: Timestamp is {text[:40]!r}, "
                "not <seconds>.<microseconds> (see the message in rejected)"
            )
            raise UntranslatableFrame(msg)
        return Stamp(at_us, at_us, "source", (_undebugged(self.frame.content),))

    def _by_adapter(self) -> Stamp:
        if self.name not in _UNTIMED:
            msg = (
                f"AMI {self.name} without Timestamp header from {self.frame.source} "
                "(set timestampevents = yes in manager.conf)"
            )
            raise FrameWithoutTime(msg)
        at_us = self.frame.received_at_us
        second = str(at_us // MICROSECONDS)
        return Stamp(at_us, at_us, "adapter", (_undebugged(self.frame.content), second))


def _undebugged(content: bytes) -> bytes:
    """Two sessions see the same text but for line ends and, with `manager debug`, a counter."""
    content = content.replace(b"\r\n", b"\n")
    return _DEBUG_HEADERS.sub(b"", content) if b"\nSequenceNumber: " in content else content
