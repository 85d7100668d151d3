"""A live manager interface: connected again and again, read without ever waiting for a disk.

One thread reads the socket and only cuts, stamps and hands over; the thread of `run` keeps what
it is handed. A connection ends when it is cut, when no ping is answered, or when asked to. What
was missed in between cannot be had again from AMI: a note in the journal says from when on, and
after the next log-in a snapshot tells what holds now.
"""

import logging
import random
import socket
import threading
import time
from typing import NamedTuple

from producers.asterisk.clock import FEED, SourceClock, disconnected, heard_until_us
from producers.asterisk.conditions import OURS
from producers.asterisk.session import AmiSession, Credentials
from producers.asterisk.wire import Address, connect
from producers.frame import Frame, Rejected
from producers.handover import Handover
from producers.source import LastFrame, Take
from producers.status import SourceStatus
from schemas.errors import SourceRefused, SourceUnreachable

_LOG = logging.getLogger("pult.source")
_PORTION = 256 * 1024
_LOOK_SECONDS = 0.1
_SEND_SECONDS = 5.0


class Pace(NamedTuple):
    """How patient a live source is [s]."""

    ping: float = 1.0
    silent: float = 10.0
    """A connection on which nothing comes, not even an answer to a ping, is broken."""
    log_in: float = 10.0
    boot: float = 5.0
    """How long FullyBooted is waited for; a user that may not read `system` never gets it."""
    reload: float = 5.0
    """How far apart snapshots are that are asked for because Asterisk has reloaded."""
    snapshot: float = 30.0
    first_retry: float = 0.5
    most_retry: float = 30.0
    first_refused: float = 60.0
    """After a refused log-in: a PBX that bans addresses (fail2ban) must not ban us."""
    most_refused: float = 900.0
    begin: float = 60.0
    """How long the other feed may catch up before the first connection."""


class BackOff:
    """Waits that double up to a bound, each shortened by chance: not all come at once."""

    def __init__(self, first: float, most: float) -> None:
        self._first, self._most = first, most
        self._next = first

    def next(self) -> float:
        """Return how long to wait [s]."""
        wait, self._next = self._next, min(2 * self._next, self._most)
        return wait * random.uniform(0.5, 1)

    def reset(self) -> None:
        """Begin anew, because it worked."""
        self._next = self._first


class AmiSource:
    """One Asterisk by its manager interface.

    Args:
        name: of the source.
        address: where it is.
        login: who we are there.
        last_frame: what the journal holds of it from an earlier run.
        begin: set when the first connection may be made.
        pace: how patient to be.
    """

    def __init__(
        self,
        name: str,
        address: Address,
        login: Credentials,
        last_frame: LastFrame,
        begin: threading.Event | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.status = SourceStatus(name, FEED)
        self._address = address
        self._login = login
        self._last_frame = last_frame
        self._begin = begin
        self._pace = pace or Pace()
        self._handover = Handover()
        self._ended = threading.Event()

    def run(self, take: Take, stopped: threading.Event) -> None:
        """Read until stopped, whatever happens to the connection.

        Raises:
            JournalFailed: what was said cannot be kept.
        """
        self._handover, self._ended = Handover(), threading.Event()
        reader = threading.Thread(target=self._read, args=(stopped,))
        reader.start()
        try:
            while batch := self._handover.next():
                take(batch)
        finally:
            self._ended.set()
            self._handover.close()
            reader.join()

    def _over(self, stopped: threading.Event) -> bool:
        return stopped.is_set() or self._ended.is_set()

    def _read(self, stopped: threading.Event) -> None:
        try:
            self._note_absence()
            self._await_begin(stopped)
            self._connect_again_and_again(stopped)
        finally:
            self.status.connected = False
            self._handover.close()

    def _note_absence(self) -> None:
        """Say that nothing was heard since the last message of an earlier run."""
        last = self._last_frame(self.status.source, FEED)
        if last is not None:
            self.status.clock_us = heard_until_us(last)
            self._note_gap("not running")

    def _note_gap(self, reason: str) -> None:
        since = self.status.clock_us
        if since:
            frame = disconnected(self.status.source, since, _now_us(), reason)
            self._handover.put([frame])

    def _await_begin(self, stopped: threading.Event) -> None:
        give_up = time.monotonic() + self._pace.begin
        while self._begin and not self._over(stopped) and time.monotonic() < give_up:
            if self._begin.wait(_LOOK_SECONDS):
                break

    def _connect_again_and_again(self, stopped: threading.Event) -> None:
        pace, status = self._pace, self.status
        broken = BackOff(pace.first_retry, pace.most_retry)
        unwelcome = BackOff(pace.first_refused, pace.most_refused)
        while not self._over(stopped):
            resynced = status.resynced
            try:
                self._one_connection(stopped)
                wait = 0.0
            except SourceRefused as error:
                status.refusals += 1
                wait = unwelcome.next()
                self._trouble(f"cannot log in to Asterisk at {self._address}: {error}")
            except SourceUnreachable as error:
                if status.resynced > resynced:
                    broken.reset()
                    unwelcome.reset()
                wait = broken.next()
                self._trouble(self._unread(str(error)))
            _wait(wait, stopped, self._ended)

    def _unread(self, why: str) -> str:
        return f"cannot read Asterisk at {self._address}: {why}"

    def _trouble(self, why: str) -> None:
        """Say what is wrong, once and not at each attempt."""
        if why != self.status.trouble:
            self.status.trouble = why
            _LOG.warning("unreachable source=%s %s", self.status.source, why)

    def _one_connection(self, stopped: threading.Event) -> None:
        plug = connect(self._address)
        reading = _Connection(plug, self._login, self.status, self._handover, self._pace)
        try:
            while not self._over(stopped):
                reading.step()
            reading.leave()
        except (OSError, SourceUnreachable) as error:
            why = str(error) if isinstance(error, SourceUnreachable) else _cut(error)
            self._lost(reading, why)
            raise SourceUnreachable(why) from error
        finally:
            plug.close()
            self._handover.put(reading.rest())
            self.status.connected = False

    def _lost(self, reading: "_Connection", why: str) -> None:
        if not reading.logged_in:
            return
        self.status.losses += 1
        self._handover.put(reading.rest())
        self._note_gap(why.partition(";")[0])
        self.status.trouble = self._unread(why)
        _LOG.warning(
            "lost source=%s after_s=%.1f frames=%d reason=%r",
            self.status.source, reading.age(), self.status.frames, why,
        )  # fmt: skip


class _Connection:
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
        self._session = AmiSession(login, f"{OURS}{_now_us()}")
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
        session, at_us = self._session, _now_us()
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


def _cut(error: OSError) -> str:
    return f"the connection was cut ({error.strerror or error})"


def _now_us() -> int:
    return time.time_ns() // 1000


def _wait(seconds: float, *either: threading.Event) -> None:
    give_up = time.monotonic() + seconds
    while not any(each.is_set() for each in either):
        left = give_up - time.monotonic()
        if left <= 0:
            return
        either[0].wait(min(left, _LOOK_SECONDS))
