"""A recording of the manager interface as a tape: messages, their times, and what they imply.

A reading of its own: it imports nothing of ours, so that it may stand against it.
"""

import gzip
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

_STAMP = re.compile(rb"^Timestamp: ([0-9]+)\.([0-9]+)(\r?)$", re.MULTILINE)
_GREETING = re.compile(rb"^Asterisk Call Manager/.*\r?\n")
_BLANK = re.compile(rb"\r?\n\r?\n")
DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Told:
    """One message, and the source's time when it is said [us since 1970]."""

    at_us: int
    text: bytes


def read(path: Path) -> bytes:
    """Return a recording, unpacked."""
    packed = path.read_bytes()
    return gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else packed


def stamp_us(text: bytes) -> int | None:
    """Return the time that a message tells."""
    found = _STAMP.search(text)
    if found is None:
        return None
    return int(found[1]) * 1_000_000 + int((found[2] + b"000000")[:6])


def tape(path: Path) -> list[Told]:
    """Return the events of a recording; answers to whoever recorded it are left out."""
    whole = _GREETING.sub(b"", read(path))
    blocks = [block.strip(b"\r\n") for block in _BLANK.split(whole)]
    events = [block for block in blocks if block.startswith(b"Event: ")]
    at_us = next(filter(None, map(stamp_us, events)), 0)
    told: list[Told] = []
    for block in events:
        at_us = stamp_us(block) or at_us
        told.append(Told(at_us, block.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")))
    return told


def moved(text: bytes, by_us: int) -> bytes:
    """Return a message as if it had been said later."""
    at_us = stamp_us(text)
    if not by_us or at_us is None:
        return text
    later = b"Timestamp: %d.%06d" % divmod(at_us + by_us, 1_000_000)
    return _STAMP.sub(later + rb"\3", text, count=1)


def past_copy(ami: Path, queue_log: Path, folder: Path, now_us: int) -> tuple[Path, Path]:
    """Write both feeds of a recording, moved by whole days so that they lie in the past.

    Events that are ahead of the machine's clock would be refused, and rightly.
    """
    last_us = tape(ami)[-1].at_us
    days = max(0, -(-(last_us - now_us) // DAY_US))
    by_us = -days * DAY_US
    folder.mkdir(parents=True, exist_ok=True)
    copies = folder / "ami.log", folder / "queue_log"
    blocks = _BLANK.split(read(ami))
    copies[0].write_bytes(b"".join(moved(block, by_us) + b"\r\n\r\n" for block in blocks))
    lines = [line.split(b"|", 1) for line in read(queue_log).splitlines()]
    second = by_us // 1_000_000
    copies[1].write_bytes(b"".join(b"%d|%s\n" % (int(a) + second, b) for a, b in lines))
    return copies


@dataclass
class Standing:
    """Who is a member, who waits and which channels there are, as the messages so far imply."""

    members: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    callers: dict[str, dict[str, str]] = field(default_factory=dict)
    channels: dict[str, dict[str, str]] = field(default_factory=dict)
    queues: set[str] = field(default_factory=set)
    servicelevels: dict[str, str] = field(default_factory=dict)

    def hear(self, text: bytes) -> None:
        """Take one message into account."""
        name = text[7 : text.find(b"\r")]
        if name not in _HEARD:
            return
        told = headers(text)
        if "Queue" in told:
            self.queues.add(told["Queue"])
        member = (told.get("Queue", ""), told.get("MemberName", ""))
        match name:
            case b"QueueMemberAdded" | b"QueueMemberPause":
                self.members[member] = told
            case b"QueueMemberRemoved":
                self.members.pop(member, None)
            case b"QueueCallerJoin":
                self.callers[told["Uniqueid"]] = told
                self._becomes(told, Application="Queue")
            case b"QueueCallerLeave":
                self.callers.pop(told["Uniqueid"], None)
            case b"Newchannel":
                self.channels[told["Uniqueid"]] = told
            case b"AgentCalled":
                rung = self.channels.get(told.get("DestUniqueid", ""))
                if rung is not None:
                    rung["Application"] = "AppQueue"
            case b"Newstate":
                self._becomes(told, ChannelState=told["ChannelState"])
            case b"BridgeEnter":
                self._becomes(told, BridgeId=told["BridgeUniqueid"])
            case b"BridgeLeave":
                self._becomes(told, BridgeId="")
            case _:
                self.channels.pop(told["Uniqueid"], None)
                self.callers.pop(told["Uniqueid"], None)

    def _becomes(self, told: dict[str, str], **what: str) -> None:
        channel = self.channels.get(told["Uniqueid"])
        if channel is not None:
            channel.update(what, Linkedid=told["Linkedid"])

    def queue_status(self, now_us: int) -> list[list[tuple[str, str]]]:
        """Return the items of an answer to QueueStatus."""
        items = [[("Event", "QueueParams"), ("Queue", queue),
                  ("Calls", str(sum(each["Queue"] == queue for each in self.callers.values()))),
                  ("Completed", "0"), ("Abandoned", "0"),
                  ("ServiceLevel", self.servicelevels.get(queue, "0"))]
                 for queue in sorted(self.queues)]  # fmt: skip
        items += [[("Event", "QueueMember"), ("Queue", queue), ("Name", name),
                   ("Location", told.get("Interface", "")),
                   ("StateInterface", told.get("StateInterface", "")),
                   ("Paused", told.get("Paused", "0")),
                   ("PausedReason", told.get("PausedReason", ""))]
                  for (queue, name), told in self.members.items()]  # fmt: skip
        for told in self.callers.values():
            wait = (now_us - int(float(told["Timestamp"]) * 1e6)) // 1_000_000
            items.append([("Event", "QueueEntry"), ("Queue", told["Queue"]),
                          ("Position", told.get("Position", "1")),
                          ("Channel", told["Channel"]), ("Uniqueid", told["Uniqueid"]),
                          ("CallerIDNum", "unknown"), ("Wait", str(max(wait, 0)))])  # fmt: skip
        return items

    def core_show_channels(self, now_us: int) -> list[list[tuple[str, str]]]:
        """Return the items of an answer to CoreShowChannels."""
        kept = ("Channel", "ChannelState", "Uniqueid", "Linkedid", "BridgeId", "Application")
        items = []
        for told in self.channels.values():
            lasted = max(0, now_us - int(float(told["Timestamp"]) * 1e6)) // 1_000_000
            duration = f"{lasted // 3600:02}:{lasted // 60 % 60:02}:{lasted % 60:02}"
            items.append([("Event", "CoreShowChannel"), ("Duration", duration),
                          *((name, told.get(name, "")) for name in kept)])  # fmt: skip
        return items


_HEARD = (
    b"QueueMemberAdded", b"QueueMemberPause", b"QueueMemberRemoved", b"QueueCallerJoin",
    b"QueueCallerLeave", b"AgentCalled", b"Newchannel", b"Newstate", b"BridgeEnter",
    b"BridgeLeave", b"Hangup",
)  # fmt: skip


def headers(text: bytes) -> dict[str, str]:
    """Return the headers of a message."""
    pairs = (line.partition(": ") for line in text.decode("utf-8", "replace").splitlines())
    return {key: value for key, _, value in pairs}


def has_heard(journal: Path, until_us: int) -> bool:
    """Tell whether a journal has all that a PBX said up to a time of its clock.

    The answer to a ping that tells the time of the last message lies behind that message.
    """
    newest = "SELECT content FROM frames ORDER BY position DESC LIMIT 10"
    for day in journal.glob("*.sqlite"):
        with closing(sqlite3.connect(f"file:{day}?mode=ro", uri=True)) as frames:
            told = frames.execute(newest).fetchall()
        pongs = [stamp_us(text) or 0 for (text,) in told if b"Ping: Pong" in text]
        # A PBX that speaks at its own pace goes on counting behind its last message.
        if max(pongs, default=0) >= until_us:
            return True
    return False
