"""What a PBX shows of itself to somebody who watches for a while: queues, members, events.

`pult init` writes settings from it, `pult check-source` says which figures it can feed.
"""

import re
import socket
import time
from collections import Counter
from dataclasses import dataclass, field

from producers.asterisk import queues_conf
from producers.asterisk.clock import SourceClock
from producers.asterisk.message import parse
from producers.asterisk.session import AmiSession, Credentials
from producers.asterisk.wire import Address, connect
from schemas.errors import PultFailure, SourceRefused, SourceUnreachable

PATIENCE_SECONDS = 10.0
_PORTION = 256 * 1024
_LOOK_SECONDS = 0.1
_BLANK = re.compile(rb"\r?\n\r?\n")


@dataclass
class Survey:
    """What was seen.

    Attributes:
        version: of AMI.
        booted: whether FullyBooted came, which only readers of class `system` get.
        skew_seconds: its clock less ours, None if no answer told it.
        queues: the members of each queue, by name.
        devices: each member's device.
        targets: `servicelevel` [s] of the queues that have one.
        wrapups: wrap-up times [s] of the queues that have one in queues.conf.
        no_wrapups: why they were not told; empty if they were, or not asked for.
        classes: events by their class (`call`, `agent`, ...), list items left out.
        untimed: of these, those without a Timestamp.
        refusal: why there was no snapshot; empty if there was one.
        no_channels: why there was no list of channels; empty if there was one.
    """

    version: str = ""
    booted: bool = False
    skew_seconds: float | None = None
    queues: dict[str, set[str]] = field(default_factory=dict)
    devices: dict[str, str] = field(default_factory=dict)
    targets: dict[str, int] = field(default_factory=dict)
    wrapups: dict[str, int] = field(default_factory=dict)
    no_wrapups: str = ""
    classes: Counter[str] = field(default_factory=Counter)
    untimed: int = 0
    refusal: str = ""
    no_channels: str = ""


def survey(
    address: Address, login: Credentials, seconds: float = 0.0, *, wrapups: bool = False
) -> Survey:
    """Log in, take a snapshot, and watch for so long.

    Args:
        address: of the manager interface.
        login: who we are.
        seconds: how long to watch.
        wrapups: whether to ask for the wrap-up times of queues, too.

    Raises:
        PultFailure: it cannot be reached, or does not let us in; in one line.
    """
    try:
        plug = connect(address)
        with plug:
            return _Watch(plug, login, wrapups=wrapups).watch(seconds)
    except (SourceUnreachable, SourceRefused) as error:
        msg = f"cannot read Asterisk at {address}: {error}"
        raise PultFailure(msg) from error
    except OSError as error:
        msg = f"cannot read Asterisk at {address}: {error.strerror or error}; try again"
        raise PultFailure(msg) from error


class _Watch:
    def __init__(self, plug: socket.socket, login: Credentials, *, wrapups: bool) -> None:
        self._plug = plug
        self._wrapups_wanted, self._config = wrapups, b""
        self._session = AmiSession(login, f"pult-{time.time_ns() // 1000}")
        self._clock = SourceClock("survey")
        self._found = Survey()
        self._tail = b""
        self._asked = 0.0

    def watch(self, seconds: float) -> Survey:
        """Return what the source told within so many seconds [s] of being ready."""
        began = time.monotonic()
        ready_at = 0.0
        while not ready_at or time.monotonic() < ready_at + seconds:
            now = time.monotonic()
            if not ready_at and now > began + PATIENCE_SECONDS:
                msg = "it does not answer; if that port wants TLS, set tls = true"
                raise SourceUnreachable(msg)
            self._step(now)
            session = self._session
            if not ready_at and session.pongs and (session.snapshots or session.refusal):
                ready_at = time.monotonic()
        found, self._found.version = self._found, self._session.version
        found.refusal, found.no_channels = self._session.refusal, self._session.no_channels
        if self._clock.skew_us is not None:
            found.skew_seconds = self._clock.skew_us / 1e6
        self._session.leave()
        self._plug.sendall(self._session.outgoing())
        return found

    def _step(self, now: float) -> None:
        session = self._session
        if session.phase == "in" and not self._asked:
            self._asked = now
            session.ping()
            if self._wrapups_wanted:  # before the snapshot, whose answer comes after this one's
                self._config = session.ask_config(queues_conf.FILE)
                self._found.no_wrapups = "no answer"
            session.ask_snapshot()
        self._plug.settimeout(_LOOK_SECONDS)
        self._plug.sendall(session.outgoing())
        try:
            chunk = self._plug.recv(_PORTION)
        except TimeoutError:
            return
        if not chunk:
            msg = "it closed the connection; check permit= and acl= in manager.conf"
            raise SourceUnreachable(msg)
        *blocks, self._tail = _BLANK.split(self._tail + chunk)
        for block in blocks:
            self._count(block.strip(b"\r\n"))
        said = session.receive(chunk)
        self._clock.framed(said, time.time_ns() // 1000)
        for message in said:
            if isinstance(message, bytes):
                self._note(message)

    def _count(self, block: bytes) -> None:
        if self._config and block.startswith(b"Response: "):
            self._note_config(parse(block))
        if not block.startswith(b"Event: ") or b"\nActionID: " in block:
            return
        told = parse(block)
        if told["Event"] == "FullyBooted":
            self._found.booted = True
            return
        for name in told.get("Privilege", "").split(","):
            if name not in ("", "all"):
                self._found.classes[name] += 1
        self._found.untimed += "Timestamp" not in told

    def _note_config(self, told: dict[str, str]) -> None:
        if told.get("ActionID", "").encode() != self._config:
            return
        if told["Response"] == "Success":
            self._found.wrapups = queues_conf.wrapup_seconds(told)
            self._found.no_wrapups = ""
        else:
            self._found.no_wrapups = told.get("Message") or "an error"

    def _note(self, content: bytes) -> None:
        if content.startswith(b"Event: QueueParams"):
            told = parse(content)
            queue, target = told.get("Queue", ""), told.get("ServiceLevel", "")
            self._found.queues.setdefault(queue, set())
            if target.isdecimal() and int(target):
                self._found.targets[queue] = int(target)
        elif content.startswith((b"Event: QueueMember\r", b"Event: QueueMember\n")):
            told = parse(content)
            name = told.get("Name") or told.get("Location", "")
            self._found.queues.setdefault(told.get("Queue", ""), set()).add(name)
            device = told.get("StateInterface") or told.get("Location", "")
            if device and not device.startswith(("Local/", "Custom:")):
                self._found.devices[name] = device
