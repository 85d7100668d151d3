"""A live manager interface: connected again and again, read without ever waiting for a disk.

One thread reads the socket and only cuts, stamps and hands over; the thread of `run` keeps what
it is handed. A connection ends when it is cut, when no ping is answered, or when asked to. What
was missed in between cannot be had again from AMI: a note in the journal says from when on, and
after the next log-in a snapshot tells what holds now.
"""

import logging
import threading
import time

from producers.asterisk.clock import FEED, disconnected, heard_until_us
from producers.asterisk.connection import Connection
from producers.asterisk.pace import BackOff, Pace
from producers.asterisk.session import Credentials
from producers.asterisk.wire import Address, connect
from producers.handover import Handover
from producers.source import LastFrame, Take
from producers.status import SourceStatus
from schemas.errors import SourceRefused, SourceUnreachable

_LOG = logging.getLogger("pult.source")
_LOOK_SECONDS = 0.1


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
            frame = disconnected(self.status.source, since, time.time_ns() // 1000, reason)
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
        reading = Connection(plug, self._login, self.status, self._handover, self._pace)
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

    def _lost(self, reading: Connection, why: str) -> None:
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


def _cut(error: OSError) -> str:
    return f"the connection was cut ({error.strerror or error})"


def _wait(seconds: float, *either: threading.Event) -> None:
    give_up = time.monotonic() + seconds
    while not any(each.is_set() for each in either):
        left = give_up - time.monotonic()
        if left <= 0:
            return
        either[0].wait(min(left, _LOOK_SECONDS))
