"""Keeps room on the disk: old files of the journal go, and a full disk is foretold."""

import logging
import shutil
import threading
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from producers.journal import Journal
from pult.snapshot_files import SnapshotFiles
from schemas.errors import PultFailure
from stream_processors.shells.embedded_measures import EmbeddedMeasures

LOOK_SECONDS = 60.0
LITTLE_BYTES = 1 << 30

_LOG = logging.getLogger(__name__)


class Tender:
    """Looks after a data folder."""

    def __init__(
        self,
        journal: Journal,
        snapshots: SnapshotFiles,
        keep: timedelta,
        measures: EmbeddedMeasures,
        little_bytes: int = LITTLE_BYTES,
    ) -> None:
        """Look after the folder of a journal.

        Args:
            journal: whose old files go.
            snapshots: say what is needed of it.
            keep: how long its files stay at least.
            measures: what is counted.
            little_bytes: less free space than this is warned of.
        """
        self._journal = journal
        self._snapshots = snapshots
        self._keep = keep
        self._measures = measures
        self._little_bytes = little_bytes
        self._warned = False

    def run(self, today: Callable[[], date], folder: Path, stopped: threading.Event) -> None:
        """Look now and then until stopped, in a thread of its own."""
        while True:
            self.look_at_disk(folder)
            try:
                self.expire(today())
            except PultFailure as failure:
                _LOG.warning("journal does not expire: %s", failure)
            if stopped.wait(LOOK_SECONDS):
                return

    def expire(self, today: date) -> list[Path]:
        """Delete what the journal has kept long enough; return the files.

        A file stays while a snapshot that is kept stands before its end: what such a snapshot
        lacks is in it, and in the store perhaps not.

        Raises:
            JournalFailed: a file cannot be removed.
        """
        gone = self._journal.expire(today - self._keep, self._snapshots.needed_from)
        for path in gone:
            _LOG.info("journal expired file=%s", path.name)
        return gone

    def look_at_disk(self, folder: Path) -> None:
        """Measure the free space; say once when it becomes little."""
        free = shutil.disk_usage(folder).free
        self._measures.disk_free.set(free)
        little = free < self._little_bytes
        if little and not self._warned:
            _LOG.warning(
                "disk nearly full, free some or shorten journal.keep free_mib=%d",
                free >> 20,
            )
        self._warned = little
