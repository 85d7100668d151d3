"""The sources of a running pipeline: each in a thread of its own, begun again when it fails.

One that cannot be read (wrong password, no such host) says so and is tried again ever more
rarely; the others go on undisturbed.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from producers.frame import Frame, Rejected
from producers.source import Source, Take
from producers.status import SourceStatus
from schemas.errors import JournalFailed, PultFailure

SILENT_SECONDS = 15.0
AGAIN_SECONDS = 1.0
AGAIN_AT_MOST_SECONDS = 60.0

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wired:
    """A source and how it is known.

    Attributes:
        name: of the PBX or CRM; several may speak for one.
        source: what brings its frames.
        beats: whether it is heard at least every few seconds, so that silence tells something.
        lasting: whether it is begun again when it ends or fails; a recording is not.
        status: what a live source says of itself.
    """

    name: str
    source: Source
    beats: bool = True
    lasting: bool = True
    status: SourceStatus | None = None


class Feed:
    """One source in a thread of its own.

    Attributes:
        wired: the source.
        trouble: why nothing comes from it; empty if it does, or if it has not failed yet.
        failure: what ended it for good.
        ended: whether it came to its end.
        heard_at: when it was heard last [s, monotonic], None before the first time.
    """

    def __init__(
        self, wired: Wired, take: Take, stopped: threading.Event, failed: Callable[[], None]
    ) -> None:
        """Prepare a source.

        Args:
            wired: the source.
            take: keeps its frames.
            stopped: ends it.
            failed: called each time it has failed.
        """
        self.wired = wired
        self.trouble = ""
        self.failure: PultFailure | None = None
        self.ended = False
        self.heard_at: float | None = None
        self._take = take
        self._stopped = stopped
        self._failed = failed
        # A source that does not end in time must not hold up the end of the process.
        self.thread = threading.Thread(target=self.run, daemon=True)

    @property
    def failed(self) -> str:
        """What the wall calls the reason why nothing comes from it; empty if all is well."""
        status = self.wired.status
        if self.trouble:
            return "source_failed"
        if status is None or status.connected or not status.trouble:
            return ""
        if status.refusals and "log in" in status.trouble:
            return "source_refused"
        return "source_lost" if status.losses else "source_failed"

    @property
    def why(self) -> str:
        """Why nothing comes from it, with its name; empty if all is well."""
        status = self.wired.status
        if self.trouble:
            return f"{self.wired.name}: {self.trouble}"
        if status is not None and status.trouble:
            return f"{self.wired.name} ({status.feed}): {status.trouble}"
        return ""

    def run(self) -> None:
        """Read until stopped, or until the end of a source that has one."""
        wait_seconds = AGAIN_SECONDS
        while not self._stopped.is_set():
            begun = time.monotonic()
            try:
                self.wired.source.run(self._keep, self._stopped)
                if not self.wired.lasting:
                    break
            except PultFailure as failure:
                self._note(failure)
                if not self.wired.lasting:
                    self.failure = failure
                    break
            if time.monotonic() - begun > AGAIN_AT_MOST_SECONDS:
                wait_seconds = AGAIN_SECONDS
            # Spread, so that many sources of one host do not come back in one instant.
            self._stopped.wait(wait_seconds * random.uniform(0.5, 1.0))
            wait_seconds = min(2 * wait_seconds, AGAIN_AT_MOST_SECONDS)
        self.ended = not self._stopped.is_set()

    def _keep(self, frames: Sequence[Frame | Rejected]) -> None:
        self._take(frames)
        self.heard_at = time.monotonic()
        if self.trouble:
            _LOG.info("source speaks again source=%s", self.wired.name)
            self.trouble = ""

    def _note(self, failure: PultFailure) -> None:
        if not self._stopped.is_set():
            # What the journal cannot keep is said once, where it happens.
            if self.trouble != str(failure) and not isinstance(failure, JournalFailed):
                _LOG.warning("source failed source=%s: %s", self.wired.name, failure)
            self.trouble = str(failure)
            self._failed()


def silent(feeds: Sequence[Feed], now: float, since: float | None) -> frozenset[str]:
    """Return the sources that have not been heard for a while.

    Args:
        feeds: all sources.
        now: the present [s, monotonic].
        since: from when on the unheard are counted as silent; None: at once.
    """
    beating = {feed.wired.name for feed in feeds if feed.wired.beats}
    names = set()
    for name in beating:
        heard = [feed.heard_at for feed in feeds if feed.wired.name == name]
        last = max((at for at in heard if at is not None), default=since)
        if last is None or now - last > SILENT_SECONDS:
            names.add(name)
    return frozenset(names)
