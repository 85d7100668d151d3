"""The embedded runtime: sources, pipeline and store in one process.

Threads: each source hands frames to the journal; one applies what the journal holds; one keeps
what was applied; one folds late days again. What pages show of it, `answers` tells.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from prometheus_client import CollectorRegistry

from dashboards.wall.scope import Mode
from producers.frame import Naming
from producers.intake import Intake
from producers.journal import Journal
from pult.embedded import Applied, Pipeline
from pult.feeds import Feed, Wired
from pult.folder import DataFolder
from pult.keeper import Keeper, Pace
from pult.late_days import LateDays
from pult.rejecting import RejectAlarm, limit
from pult.restoring import Place, begin_above_the_store, restore
from pult.settings import Settings
from pult.snapshot_files import SnapshotFiles
from pult.tending import Tender
from schemas.errors import MalformedEvent, PultFailure
from schemas.metrics import METRICS
from sql.embedded import EmbeddedStore
from stream_processors.core.instants import to_ms
from stream_processors.core.state import Terms
from stream_processors.shells.embedded_measures import EmbeddedMeasures

DRAIN_SECONDS = 3.0
"""How long a process that is told to stop goes on applying; the next start does the rest."""

SOURCE_SECONDS = 3.0
"""How long it waits for its sources to end."""

IDLE_SECONDS = 0.5

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Setup:
    """What a runtime is made of.

    Attributes:
        settings: of the installation.
        folder: the data folder, owned by this process.
        names: whose events they are.
        terms: what they are folded under.
        mode: what the wall says of its source; a recording ends, and is never stale before.
        speed: of a recording.
        lasting: whether the state is to survive a restart.
        desk_token: what whoever decides about episodes has to show; empty: nobody may.
        supervisor_token: what whoever sees people by name has to show; empty: nobody may.
    """

    settings: Settings
    folder: DataFolder
    names: Naming
    terms: Terms
    mode: Mode = "live"
    speed: float = 1.0
    lasting: bool = True
    desk_token: str = ""
    supervisor_token: str = ""


class Runtime:
    """One embedded pipeline with its sources, from its start to its stop.

    Attributes:
        failure: what keeps it from going on.
        mode: what the wall says of its source.
        feeds: its sources.
        live_at: what it must have applied before its figures are shown; None: not known yet.
        since: from when on a source that was never heard is silent [monotonic s]; None: at
            once.
    """

    def __init__(self, setup: Setup) -> None:
        """Open journal and store; nothing moves yet.

        Raises:
            JournalFailed, StoreFailed: one of them cannot be used.
        """
        self.setup = setup
        self.failure: Exception | None = None
        self.mode: Mode = setup.mode
        folder = setup.folder
        self.registry = CollectorRegistry()
        self.measures = EmbeddedMeasures(self.registry)
        self.snapshots = SnapshotFiles(folder)
        self.journal = Journal.open(folder.journal, self.today())
        try:
            self.store = EmbeddedStore(folder.store, METRICS)
            self.place = Place(self.journal, self.store, self.snapshots)
            if setup.lasting:
                begin_above_the_store(self.place, setup.names)
        except BaseException:
            self.journal.close()
            raise
        self.pipeline = Pipeline(self.journal, setup.names, setup.terms)
        self._wake = threading.Event()
        self.intake = Intake(self.journal, self.today, self._wake.set)
        often = setup.settings.processor
        self.rejects = RejectAlarm(limit(often))
        self.keeper = Keeper(
            self.pipeline, self.store, self.snapshots if setup.lasting else None, self.measures,
            Pace(often.snapshot_every.total_seconds(), often.snapshot_events),
        )  # fmt: skip
        self.late = LateDays(
            self.pipeline, self.keeper, self.journal,
            lambda: EmbeddedStore(folder.store), self.measures,
        )  # fmt: skip
        self.feeds: list[Feed] = []
        self.changed: Callable[[], None] = lambda: None
        self._stopped = threading.Event()
        self.live_at: int | None = None
        self.since: float | None = None
        self._threads: list[threading.Thread] = []
        self._measure()

    def today(self) -> date:
        """Return the local day, which names a file of the journal."""
        return datetime.now(ZoneInfo(self.setup.settings.timezone)).date()

    @property
    def caught_up(self) -> bool:
        """Whether all that the journal held at the start has been applied."""
        return self.live_at is not None and self.pipeline.position >= self.live_at

    # --- from start to stop -----------------------------------------------------------------

    def start(self, sources: Sequence[Wired], changed: Callable[[], None]) -> None:
        """Set everything in motion.

        Args:
            sources: what brings frames.
            changed: called after each batch and when something ends; it must not wait.
        """
        self.changed = changed
        self.since = time.monotonic() if self.setup.mode == "recording" else None
        self.feeds += [
            Feed(each, self.intake.take, self._stopped, self._counting(each.name))
            for each in sources
        ]
        self.pipeline.listen(self._note_applied)
        self._begin(self._apply)
        self._begin(lambda: self.keeper.run(self._stopped))
        if self.setup.lasting:
            self._begin(lambda: self.late.run(self._stopped))
            keep = self.setup.settings.journal.keep
            tender = Tender(self.journal, self.snapshots, keep, self.measures)
            path = self.setup.folder.path
            self._begin(lambda: tender.run(self.today, path, self._stopped))
        for feed in self.feeds:
            feed.thread.start()

    def stop(self) -> None:
        """Let the sources end, apply, store and keep what is there; blocks for seconds at most.

        Raises:
            PultFailure: it could not be stored; it will be read from the journal again.
        """
        self._stopped.set()
        self._wake.set()
        deadline = time.monotonic() + SOURCE_SECONDS
        for feed in self.feeds:
            if feed.thread.ident is not None:
                feed.thread.join(max(0.0, deadline - time.monotonic()))
        for thread in self._threads:
            thread.join()
        if self.caught_up and isinstance(self.failure, PultFailure | None):
            # What was applied after the last time of storing; nobody else writes by now.
            self.keeper.save()
            _LOG.info("stopped position=%d", self.pipeline.position)

    def close(self) -> None:
        """Let go of everything."""
        self.store.close()
        self.journal.close()

    @property
    def ended(self) -> bool:
        """Whether all sources have come to their end and all of it is applied."""
        return (
            bool(self.feeds)
            and all(feed.ended for feed in self.feeds)
            and self.caught_up
            and self.pipeline.position == self.journal.last_position
        )

    def apply_all(self) -> None:
        """Apply all that the journal holds, in this thread."""
        while self.pipeline.advance():
            pass

    # --- parts ------------------------------------------------------------------------------

    def _begin(self, work: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                work()
            except Exception as failure:
                # A thread that is gone cannot keep its promise: the process ends.
                self.failure = self.failure or failure
                self.changed()

        # What hangs must not hold up the end: all that is kept is kept already.
        thread = threading.Thread(target=guarded, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _apply(self) -> None:
        if self.setup.lasting:
            end = self.journal.last_position
            manifest = restore(self.place, self.pipeline)
            self.live_at = end
            if manifest is not None:
                self.keeper.started_from(manifest)
            else:
                self.keeper.save()
        else:
            self.live_at = 0
        told = False
        stopping_since = None
        while True:
            self._wake.clear()
            applied = 0 if self.keeper.crowded else self.pipeline.advance()
            self.keeper.relieve()
            if self.caught_up and not told:
                told = True
                _LOG.info("caught up position=%d", self.pipeline.position)
            if self._stopped.is_set():
                now = time.monotonic()
                stopping_since = stopping_since or now
                sources_done = not any(feed.thread.is_alive() for feed in self.feeds)
                if (not applied and sources_done) or now - stopping_since > DRAIN_SECONDS:
                    return
            if not applied:
                self._wake.wait(IDLE_SECONDS if not self._stopped.is_set() else 0.02)
            self._note_end()

    def _note_end(self) -> None:
        for feed in self.feeds:
            self.failure = self.failure or feed.failure
        if self.mode == "recording" and self.ended:
            self.mode = "ended"
            self.changed()

    def _note_applied(self, applied: Applied) -> None:
        self.measures.applied.inc(applied.frames)
        self.rejects.note((it for _, it in applied.events), applied.unread, applied.refused)
        now = time.monotonic()
        committed = self.intake.committed_at(applied.position)
        if committed is not None:
            self.measures.lag.labels("journal").observe(now - committed)
            if applied.events and self.mode == "live":
                self._note_lag(applied.events[-1][1].time, now - committed)
        self.changed()

    def _note_lag(self, happened: str, since: float) -> None:
        """Measure how long after it happened something was journaled, so many s ago."""
        try:
            ago = time.time() - since - to_ms(happened) / 1000
        except MalformedEvent:
            return  # the fold refused it
        self.measures.lag.labels("source").observe(max(0.0, ago))

    def _counting(self, source: str) -> Callable[[], None]:
        return self.measures.source_failures.labels(source).inc

    def _measure(self) -> None:
        self.measures.journal_backlog.set_function(
            lambda: max(0, self.journal.last_position - self.pipeline.position)
        )
        self.measures.journal_bytes.set_function(lambda: self.journal.size_bytes)
        self.measures.store_backlog.set_function(lambda: self.pipeline.pending_rows)
        self.measures.dirty_days.set_function(lambda: len(self.late.days))
