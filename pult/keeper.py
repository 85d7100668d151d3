"""Keeps what was applied: in the store once a second, as a snapshot once a minute.

The order is fixed: events and facts up to a position are stored, then the snapshot of that
position is written. So whatever dies, the store has all that a snapshot stands for, and the
journal has the rest; what is stored twice is one row.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from pult.embedded import Pending, Pipeline, write
from pult.snapshot_files import SnapshotFiles
from schemas.errors import PultFailure
from sql.embedded import EmbeddedStore
from stream_processors.shells.embedded_measures import EmbeddedMeasures
from stream_processors.shells.snapshots import Manifest

FLUSH_SECONDS = 1.0
AGAIN_SECONDS = 5.0
"""How long to wait after the store or the disk has refused."""

MOST_ROWS = 400_000
"""Some hundred megabytes."""

MOST_BYTES = 32 * 1024 * 1024
"""What was rejected and waits for the store; the store takes several times as much for it."""

_LOG = logging.getLogger(__name__)


class Pace(NamedTuple):
    """How often a state is kept: after so many seconds, and after so many frames."""

    seconds: float = 60.0
    frames: int = 50_000


class Keeper:
    """Writes the store and the snapshots of one pipeline. Any thread may call; one at a time.

    Attributes:
        trouble: why nothing can be kept at present; empty if it can.
        most_rows: so many may wait for the store before the fold waits for it, too.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        store: EmbeddedStore,
        snapshots: SnapshotFiles | None,
        measures: EmbeddedMeasures,
        pace: Pace,
    ) -> None:
        """Stand between a pipeline and its store.

        Args:
            pipeline: what is applied.
            store: where events and facts go.
            snapshots: where states go; None where nothing is to survive a restart.
            measures: what is counted.
            pace: when a state is kept.
        """
        self.trouble = ""
        self.most_rows = MOST_ROWS
        self._pipeline = pipeline
        self._store = store
        self._snapshots = snapshots
        self._measures = measures
        self._pace = pace
        self._turn = threading.RLock()
        self._withheld = False
        self._saved = 0
        self._saved_at = time.monotonic()
        self._oldest_at: float | None = None
        pipeline.listen(lambda *_: self._note_applied())

    @property
    def crowded(self) -> bool:
        """Whether so much waits for the store that no more should be applied."""
        much = self._pipeline.pending_rows > self.most_rows or (
            bool(self.trouble) and self._is_heavy
        )
        return much and not self._withheld

    @property
    def _is_heavy(self) -> bool:
        return self._pipeline.pending_bytes > MOST_BYTES

    def relieve(self) -> None:
        """Store at once what was rejected, where it is much: whoever applies waits for that."""
        if self._is_heavy and not self._withheld and not self.trouble:
            with suppress(PultFailure):  # it is said, and tried again later
                self.flush()

    def run(self, stopped: threading.Event) -> None:
        """Keep on until stopped, in a thread of its own."""
        while not stopped.wait(FLUSH_SECONDS if not self.trouble else AGAIN_SECONDS):
            with suppress(PultFailure):
                if self._is_due():
                    self.save()
                else:
                    self.flush()

    def flush(self) -> None:
        """Store what has been applied since the last time.

        Raises:
            StoreFailed: it stays pending, and is written with the next flush.
        """
        with self._turn, self._said():
            self._write(self._pipeline.take_pending(facts=not self._withheld))

    def save(self, *, withhold: bool = False) -> int:
        """Store what has been applied, then keep the state; return its position.

        While facts are withheld, the state is not kept: the store lacks what follows from it.

        Args:
            withhold: from this position on no fact is stored until `release`.

        Raises:
            StoreFailed: what has been applied stays pending.
            DataFolderUnusable: the state could not be kept; older ones are there.
        """
        with self._turn, self._said():
            if self._withheld:
                self._write(self._pipeline.take_pending(facts=False))
                return self._saved
            started = time.monotonic()
            frozen, pending = self._pipeline.take_frozen()
            self._write(pending)
            if self._snapshots is not None:
                manifest = self._snapshots.save(frozen, round(time.time() * 1000))
                self._show(manifest)
            self._saved, self._saved_at = frozen.position, time.monotonic()
            self._measures.saved.observe(self._saved_at - started)
            self._withheld = withhold
            return frozen.position

    def release(self) -> None:
        """Let facts be stored again."""
        with self._turn:
            self._withheld = False

    def started_from(self, manifest: Manifest) -> None:
        """Hear which snapshot the pipeline goes on from; an old one is soon to be replaced.

        Whoever dies again and again would else read more of the journal each time.
        """
        self._saved = manifest.position
        self._saved_at -= max(0.0, time.time() - manifest.made_at / 1000)
        self._show(manifest)

    def _write(self, pending: Pending) -> None:
        if not pending.rows:
            return
        oldest_at, self._oldest_at = self._oldest_at, None
        started = time.monotonic()
        try:
            write(self._store, pending)
        except BaseException:
            self._pipeline.put_back(pending)
            self._oldest_at = oldest_at
            raise
        self._pipeline.note_stored()
        now = time.monotonic()
        self._measures.flushes.inc()
        self._measures.flush.observe(now - started)
        if oldest_at is not None:
            self._measures.lag.labels("applied").observe(now - oldest_at)

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Say once when keeping begins to fail, and once when it works again."""
        try:
            yield
        except PultFailure as failure:
            self._measures.flush_errors.inc()
            if not self.trouble:
                _LOG.warning("%s; it is kept in memory and tried again", failure)
            self.trouble = str(failure)
            raise
        if self.trouble:
            _LOG.info("the store and the disk take what comes again")
        self.trouble = ""

    def _show(self, manifest: Manifest) -> None:
        self._measures.snapshot_at.set(manifest.made_at / 1000)
        self._measures.snapshot_bytes.set(manifest.payload_bytes)

    def _is_due(self) -> bool:
        if self._snapshots is None:
            return False
        fresh = self._pipeline.position - self._saved
        late = time.monotonic() - self._saved_at >= self._pace.seconds
        return bool(fresh) and (late or fresh >= self._pace.frames)

    def _note_applied(self) -> None:
        if self._oldest_at is None:
            self._oldest_at = time.monotonic()
