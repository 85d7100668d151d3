"""The embedded runtime: sources, pipeline, store, wall and endpoint in one process.

Threads: each source hands frames to the journal; one applies what the journal holds; one keeps
what was applied; one folds late days again. The event loop serves pages, and reads only.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from importlib.metadata import version
from zoneinfo import ZoneInfo

from prometheus_client import CollectorRegistry

from dashboards.wall.floor import floor
from dashboards.wall.picture import Picture, picture
from dashboards.wall.scope import Mode, Scope, Setting
from producers.desk.reviews import Decision, frame
from producers.frame import Naming
from producers.intake import Intake
from producers.journal import Journal
from pult.embedded import Applied, Pipeline
from pult.feeds import Feed, Wired, silent
from pult.folder import DataFolder
from pult.keeper import Keeper, Pace
from pult.late_days import LateDays
from pult.rejecting import RejectAlarm, limit
from pult.restoring import Place, begin_above_the_store, restore
from pult.reviewing import has_episode, unknown
from pult.settings import Settings
from pult.snapshot_files import SnapshotFiles
from pult.tending import Tender
from schemas.errors import MalformedEvent, PultFailure
from schemas.metrics import METRICS
from schemas.wording import counted
from sql.embedded import EmbeddedStore
from stream_processors.core.instants import to_ms
from stream_processors.core.plans import Plan
from stream_processors.core.state import State, Terms
from stream_processors.shells.embedded_measures import EmbeddedMeasures
from stream_processors.shells.exporter import StateCollector, violations

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
        self.discipline = CollectorRegistry()
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
        self._live_at: int | None = None
        self._since: float | None = None
        self._threads: list[threading.Thread] = []
        self._measure()

    def today(self) -> date:
        """Return the local day, which names a file of the journal."""
        return datetime.now(ZoneInfo(self.setup.settings.timezone)).date()

    # --- what is served ---------------------------------------------------------------------

    @property
    def caught_up(self) -> bool:
        """Whether all that the journal held at the start has been applied."""
        return self._live_at is not None and self.pipeline.position >= self._live_at

    @contextmanager
    def exported(self, domain: str = "") -> Iterator[State]:
        """Hold the state still while it is read.

        Before it has caught up, and for the domain of somebody else, it is an empty one.
        """
        if self.caught_up and domain in ("", self.setup.names.domain):
            with self.pipeline.state() as state:
                yield state
        else:
            yield State(self.setup.names.tenant, self.setup.names.domain)

    def paint(self, scope: Scope) -> Picture:
        """Return the picture of a scope; of another domain not even the sources are told."""
        with self.exported(scope.domain) as state:
            return picture(state, self._setting(scope), scope)

    def paint_floor(self, scope: Scope) -> Picture:
        """Return the people of a scope by name."""
        with self.exported(scope.domain) as state:
            return floor(state, self._setting(scope), scope)

    def _setting(self, scope: Scope) -> Setting:
        ours = scope.domain in ("", self.setup.names.domain)
        failed = {each.wired.name: each.failed for each in self.feeds if each.failed}
        return Setting(
            version=version("pult"),
            title=self.setup.settings.tenant if ours else scope.domain,
            terms=self.setup.terms,
            mode=self.mode,
            speed=self.setup.speed,
            silent=self.silent() if ours else frozenset(),
            failed=failed if ours else {},
        )

    def keep(self, decision: Decision, tenant: str) -> None:
        """Take a decision about an episode into the journal.

        Raises:
            EpisodeUnknown: there is no such episode of the tenant.
            JournalFailed, StoreFailed: nothing was kept.
        """
        own = self.setup.settings.tenant
        if tenant not in ("", own) or not self.knows_episode(decision.episode_id):
            raise unknown(decision.episode_id, tenant or own)
        self.intake.take([frame(decision, time.time_ns() // 1000)])

    def knows_episode(self, episode_id: str) -> bool:
        """Tell whether there is such an episode of this domain, here or in the history.

        Raises:
            StoreFailed: the history cannot be asked.
        """
        with self.pipeline.state() as state:
            if any(said.episode_id == episode_id for said in state.docket.said()):
                return True
        return has_episode(self.store, self.setup.names, episode_id)

    def known_plan(self, agent_id: str, day: str) -> Plan | None:
        """Return the plan that holds of an agent and a day; None if none is in reach."""
        with self.pipeline.state() as state:
            return state.plans.get(agent_id, {}).get(day)

    def silent(self) -> frozenset[str]:
        """Return the sources whose figures must not be trusted."""
        if self.mode == "ended":
            return frozenset()
        if self.keeper.crowded:
            # They speak, but nothing of it is applied.
            return frozenset(each.wired.name for each in self.feeds)
        return silent(self.feeds, time.monotonic(), self._since)

    def ready(self) -> str:
        """Return why the figures are not to be trusted; empty if they are."""
        if self.failure is not None:
            return str(self.failure)
        if self._live_at is None:
            return "the state is being restored"
        why = [self.intake.trouble, self.keeper.trouble, self.late.trouble]
        if not self.caught_up:
            behind = self._live_at - self.pipeline.position
            one, many = "message of the journal is", "messages of the journal are"
            why.append(f"{counted(behind, one, many)} not applied yet")
        why += [*(feed.why for feed in self.feeds), self.rejects.trouble]
        if self.keeper.crowded:
            why.append("the figures stand still until the store takes rows again")
        else:
            why += [f"{name} is silent" for name in sorted(self.silent())]
        with self.pipeline.state() as state:
            if not state.sources and not state.crm.listens:
                why.append("no event yet")
        return "; ".join(dict.fromkeys(each for each in why if each))

    # --- from start to stop -----------------------------------------------------------------

    def start(self, sources: Sequence[Wired], changed: Callable[[], None]) -> None:
        """Set everything in motion.

        Args:
            sources: what brings frames.
            changed: called after each batch and when something ends; it must not wait.
        """
        self.changed = changed
        self._since = time.monotonic() if self.setup.mode == "recording" else None
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
            self._live_at = end
            if manifest is not None:
                self.keeper.started_from(manifest)
            else:
                self.keeper.save()
        else:
            self._live_at = 0
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
        self.registry.register(StateCollector(self.exported, lambda: self.setup.terms))
        self.discipline.register(
            StateCollector(self.exported, lambda: self.setup.terms, violations)
        )
        self.measures.journal_backlog.set_function(
            lambda: max(0, self.journal.last_position - self.pipeline.position)
        )
        self.measures.journal_bytes.set_function(lambda: self.journal.size_bytes)
        self.measures.store_backlog.set_function(lambda: self.pipeline.pending_rows)
        self.measures.dirty_days.set_function(lambda: len(self.late.days))
