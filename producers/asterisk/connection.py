"""One connection to a manager interface, from its greeting to its end.

It only cuts, stamps and hands over, and says what is due: pings, and the snapshots that are
asked for after a log-in, a reload, or where one has not come whole.
"""

import logging
import socket
import time

from producers.asterisk.clock import SourceClock
from producers.asterisk.conditions import OURS
from producers.asterisk.pace import Pace
from producers.asterisk.session import AmiSession, Credentials
from producers.frame import Frame, Rejected
from producers.handover import Handover
from producers.status import SourceStatus
from schemas.errors import SourceUnreachable

_LOG = logging.getLogger("pult.source")
_PORTION = 256 * 1024
_LOOK_SECONDS = 0.1
_SEND_SECONDS = 5.0


class Connection:
    """One connection from its greeting to its end."""

    def __init__(
        self,
        plug: socket.socket,
        login: Credentials,
        status: SourceStatus,
        handover: Handover,
        pace: Pace,
    ) -> None:
        self._plug = plug
        self._status = status
        self._handover = handover
        self._pace = pace
        self._session = AmiSession(login, f"{OURS}{time.time_ns() // 1000}")
        self._clock = SourceClock(status.source)
        self._began = self._pinged = self._heard = time.monotonic()
        self._asked = 0.0
        self._passed_before = status.passed_over
        self._told_refusal = self._told_no_channels = False
        self.logged_in = False

    def age(self) -> float:
        """Return how long it has lasted [s]."""
        return time.monotonic() - self._began

    def step(self) -> None:
        """Say what is due, and take what comes within a tenth of a second.

        Raises:
            OSError: it is cut.
            SourceUnreachable: it is closed or silent, or no manager interface.
            SourceRefused: we are not let in.
        """
        self._say_what_is_due(time.monotonic())
        said = self._session.outgoing()
        if said:
            self._plug.settimeout(_SEND_SECONDS)
            self._plug.sendall(said)
        self._plug.settimeout(_LOOK_SECONDS)
        try:
            chunk = self._plug.recv(_PORTION)
        except TimeoutError:
            self._check_patience()
            return
        if not chunk:
            msg = "it closed the connection"
            if not self.logged_in:
                msg += " before a log-in; check permit= and acl= in manager.conf"
            raise SourceUnreachable(msg)
        self._take(chunk)
        self._check_patience()

    def leave(self) -> None:
        """Say good-bye; whether that arrives does not matter."""
        self._session.leave()
        self._plug.settimeout(_LOOK_SECONDS)
        self._plug.sendall(self._session.outgoing())

    def rest(self) -> list[Frame | Rejected]:
        """Return what waited for a time of the PBX that never came."""
        return self._counted(self._clock.release())

    def _take(self, chunk: bytes) -> None:
        session, at_us = self._session, time.time_ns() // 1000
        pongs, snapshots = session.pongs, session.snapshots
        said = session.receive(chunk)
        frames = self._counted(self._clock.framed(said, at_us))
        self._status.last_heard_us = at_us
        self._status.passed_over = self._passed_before + session.passed_over
        if session.phase == "in" and not self.logged_in:
            self._logged_in()
        now = time.monotonic()
        # Whoever speaks is there, though his answers may lie behind much that is still unread.
        self._heard = now
        if session.pongs > pongs:
            if not self._clock.known:
                # An old Asterisk, whose answers tell no time.
                frames += self._counted(self._clock.release())
            if self._clock.skew_us is not None:
                self._status.skew_ms = self._clock.skew_us // 1000
        if self._handover.put(frames):
            # What came meanwhile lay unread behind what there was no room for.
            self._heard = time.monotonic()
        if session.snapshots > snapshots:
            self._resynced(now)

    def _counted(self, frames: list[Frame | Rejected]) -> list[Frame | Rejected]:
        status = self._status
        refused = sum(isinstance(each, Rejected) for each in frames)
        status.refused += refused
        status.frames += len(frames) - refused
        status.clock_us = self._clock.heard_us or status.clock_us
        return frames

    def _logged_in(self) -> None:
        self.logged_in = True
        self._heard = time.monotonic()
        status = self._status
        status.connected, status.trouble = True, "the first snapshot is not complete yet"
        status.connections += 1
        _LOG.info("connected source=%s version=%s", status.source, self._session.version)
        self._session.ping()
        self._pinged = self._heard

    def _resynced(self, now: float) -> None:
        self._status.trouble = ""
        self._status.resynced += 1
        _LOG.info("resynced source=%s after_ms=%d skew_ms=%s", self._status.source,
                  (now - self._began) * 1000, self._status.skew_ms)  # fmt: skip

    def _say_what_is_due(self, now: float) -> None:
        if not self.logged_in:
            return
        if now - self._pinged >= self._pace.ping:
            self._pinged = now
            self._session.ping()
        if self._session.refusal and not self._told_refusal:
            self._told_refusal = True
            self._status.trouble = ""
            _LOG.warning("no snapshot source=%s reason=%r (is app_queue loaded?)",
                         self._status.source, self._session.refusal)  # fmt: skip
        if self._session.no_channels and not self._told_no_channels:
            self._told_no_channels = True
            _LOG.warning("no list of channels source=%s reason=%r (write = reporting in "
                         "manager.conf lets talks end that ended during a gap)",
                         self._status.source, self._session.no_channels)  # fmt: skip
        if self._clock.known and self._snapshot_is_due(now):
            self._asked = now
            self._session.ask_snapshot(self._clock.newest_us)

    def _snapshot_is_due(self, now: float) -> bool:
        if self._session.booted:
            return True
        if not self._asked:
            return now - self._began >= self._pace.boot
        if self._session.reloaded and now - self._asked >= self._pace.reload:
            return True
        complete = self._session.snapshots > 0 or self._told_refusal
        return not complete and now - self._asked >= self._pace.snapshot

    def _check_patience(self) -> None:
        now = time.monotonic()
        if not self.logged_in:
            if now - self._began > self._pace.log_in:
                msg = "it does not answer to a log-in; if that port wants TLS, set tls = true"
                raise SourceUnreachable(msg)
        elif now - self._heard > self._pace.silent:
            msg = f"nothing was heard for {self._pace.silent:g} s, no answer to a ping either"
            raise SourceUnreachable(msg)
