"""Runs live sources in threads against a journal, and waits for what a test wants to see."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from producers.asterisk.pace import Pace
from producers.frame import Frame, Rejected
from producers.journal import Journal
from producers.source import LiveSource
from pult.source_settings import AmiSettings, SourceSettings
from pult.sources import live_sources
from tests.fake_pbx import FakePbx

QUICK = Pace(ping=0.05, silent=1.5, log_in=2, boot=0.5, snapshot=1, first_retry=0.05,
             most_retry=0.2, first_refused=0.5, most_refused=5, begin=10)  # fmt: skip
"""Patience for tests; a busy machine may stall for a second."""

SECRETS = {"PBX1_SECRET": "secret-of-the-tests"}
SECONDS = 20
DAY = date(2026, 3, 2)


def wait_until(true: Callable[[], object], what: str, seconds: float = SECONDS) -> None:
    """Wait until something is so; fails after a long while."""
    give_up = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up, f"waited in vain until {what}"
        time.sleep(0.005)


def ami(pbx: FakePbx, **more: object) -> SourceSettings:
    """Return the settings of a source that is a fake PBX."""
    entry = AmiSettings.model_validate({"port": pbx.port, "secret_env": "PBX1_SECRET", **more})
    return SourceSettings(kind="asterisk", ami=entry)


class Running:
    """Sources that run, and the journal they write."""

    def __init__(self, journal: Journal, sources: Sequence[LiveSource]) -> None:
        self.journal = journal
        self.sources = sources
        self.stopped = threading.Event()
        self._turn = threading.Lock()
        self.taken = 0
        self.failures: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._run, args=(each,), daemon=True) for each in sources
        ]

    def _run(self, source: LiveSource) -> None:
        try:
            source.run(self.take, self.stopped)
        except BaseException as error:
            self.failures.append(error)

    def take(self, frames: Sequence[Frame | Rejected]) -> None:
        """Keep frames."""
        with self._turn:
            self.journal.append(frames)
            self.taken += sum(isinstance(each, Frame) and each.feed == "ami" for each in frames)

    @contextmanager
    def stalled(self) -> Iterator[None]:
        """Let nothing be kept for a while, as a disk that hangs."""
        with self._turn:
            yield

    def start(self) -> None:
        """Start all."""
        for each in self._threads:
            each.start()

    def stop(self) -> None:
        """Stop all; nothing waits for ever."""
        self.stopped.set()
        for each in self._threads:
            each.join(SECONDS)
            assert not each.is_alive(), "it does not stop"
        assert self.failures == []

    def frames(self, feed: str = "ami") -> list[Frame]:
        """Return what the journal holds of a feed."""
        told = [each for _, each in self.journal.read(0, 1_000_000)]
        return [each for each in told if isinstance(each, Frame) and each.feed == feed]

    def contents(self, feed: str = "ami") -> list[bytes]:
        """Return what was said, byte for byte."""
        return [each.content for each in self.frames(feed)]

    def caught_up(self, frames: int) -> bool:
        """Tell whether so many messages of AMI have been handed to the journal."""
        return self.taken >= frames

    def ready(self) -> bool:
        """Tell whether no source has a trouble."""
        return not any(each.status.trouble for each in self.sources)


@contextmanager
def running(
    folder: Path, entry: SourceSettings, pace: Pace = QUICK, name: str = "pbx1"
) -> Iterator[Running]:
    """Run the sources of an entry of the settings on the journal in a folder."""
    journal = Journal.open(folder / "journal", DAY)
    try:
        made = Running(journal, live_sources(name, entry, SECRETS, journal.last_frame, pace))
        made.start()
        try:
            yield made
        finally:
            made.stop()
    finally:
        journal.close()
