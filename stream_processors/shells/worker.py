"""Keeps the states of the partitions that a worker owns: restored, folded, written, saved.

Of all that happens the order is fixed: facts are acknowledged, then the snapshot that they led
to, then the offset is committed. A state stands where the log was applied to, never where an
offset was committed; so what is read twice concludes the same facts at the same revisions.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping

from schemas.errors import LogTorn, PultFailure
from schemas.facts import Fact, Rejected, encode
from stream_processors.shells.assigning import Assigner, Ends, Read
from stream_processors.shells.continuity import UNMARKED, check_partitions
from stream_processors.shells.holdings import Holdings, Kept
from stream_processors.shells.lags import note_lags
from stream_processors.shells.ledger import Ledger
from stream_processors.shells.measures import Measures
from stream_processors.shells.numbering import spans
from stream_processors.shells.outbox import Outbox
from stream_processors.shells.rejects import RejectWatch
from stream_processors.shells.saving import Saver
from stream_processors.shells.transport import Batch, Bounds
from stream_processors.shells.worker_plan import Plan

_LOG = logging.getLogger(__name__)


class Worker:
    """All partitions of one worker; the application calls it.

    Args:
        plan: what it is told.
        outbox: where it writes.
        read: returns what is kept of partitions; blocks.
        ends: returns where partitions of a topic end; blocks.
        measures: what it counts.
        failed: called once with what keeps it from going on.

    Attributes:
        holdings: what it owns, for whoever shows it.
        heard_at: when events came last, or when it began [monotonic s].
    """

    def __init__(
        self,
        plan: Plan,
        outbox: Outbox,
        read: Read,
        ends: Ends,
        measures: Measures,
        failed: Callable[[PultFailure], None],
    ) -> None:
        self.plan = plan
        self.ledger = Ledger()
        self.holdings = Holdings()
        self.failure: PultFailure | None = None
        self._outbox = outbox
        self._assigner = Assigner(plan, self.holdings, outbox, read, ends, measures)
        self._saver = Saver(plan, self.holdings, self.ledger, outbox, measures)
        self._measures = measures
        self._failed = failed
        self._joined = self._displaced = False
        self._unreachable = ""
        self.heard_at = time.monotonic()
        self._watch = RejectWatch(plan.limit)
        self._listeners: list[Callable[[], None]] = []

    # --- what Faust calls -------------------------------------------------------------------

    async def restore(self, bounds: Mapping[int, Bounds]) -> Mapping[int, int]:
        """Own these partitions; return where to read on in each.

        Raises:
            LogTorn: the log lacks events between a snapshot and its own beginning, or was
                given other partitions.
            OutputFailed: the snapshots, or where the facts end, cannot be read.
        """
        bounds = await self._assigner.assign(bounds)
        self._joined = True
        kept = self.holdings.kept
        for partition, each in kept.items():
            self._note_progress(partition, each, bounds[partition].end)
        return {partition: each.fold.position for partition, each in kept.items()}

    def take(self, batch: Batch) -> None:
        """Apply a batch and hand over what follows; passes over one that is void.

        Raises:
            LogTorn: something before it is missing.
            TooManyRejects: too much of the log is unusable.
            OutputFailed: the brokers take nothing.
        """
        if self.failure is not None or self.ledger.is_void(batch.range):
            return
        partition = batch.range.partition
        kept = self.holdings.kept[partition]
        started = self.heard_at = time.monotonic()
        with self.holdings.lock:
            facts = kept.fold.take(batch.records, batch.range.end)
        self.ledger.applied(batch.range)
        bad = self._write(partition, kept, facts)
        measures = self._measures
        measures.applied.inc(len(batch.records))
        measures.apply.observe(time.monotonic() - started)
        note_lags(measures.lag, batch)
        self._note_progress(partition, kept, batch.end)
        self._saver.note(kept)
        for listener in self._listeners:
            listener()
        if bad:
            measures.rejected.inc(bad)
        self._watch.note(len(batch.records), bad)

    async def save(self, partitions: Iterable[int]) -> None:
        """Make all that was applied of these partitions durable.

        Raises:
            OutputFailed: a broker did not take it.
        """
        await self._saver.save(partitions)

    def mark(self, partition: int) -> int:
        """Return the mark of the record that was applied last, if there was any."""
        kept = self.holdings.kept.get(partition)
        return UNMARKED if kept is None else kept.fold.last

    def passed(self, partition: int, offset: int) -> None:
        """Hear that what was handed over is all there is of a partition up to an offset."""
        kept = self.holdings.kept.get(partition)
        if kept is not None and kept.fold.position == self.ledger.position(partition):
            kept.passed = offset
            self._note_progress(partition, kept, offset)

    def rebalanced(self, partitions: Iterable[int]) -> None:
        """Hear which partitions were taken away until the next assignment."""
        lost = list(partitions)
        if lost:
            _LOG.info("revoked partitions=%s", spans(lost))

    def displaced(self, host: str) -> None:
        """Hear that another worker has joined under our name; tell of it once."""
        if not self._displaced:
            self._displaced = True
            _LOG.warning(
                "another worker runs under the name %s, at %s: each takes the partitions from "
                "the other; stop one, or give it a --name of its own", self.plan.name, host,
            )  # fmt: skip

    # --- what runs beside -------------------------------------------------------------------

    async def keep_saving(self) -> None:
        """Save what is due, one partition after another, until cancelled."""
        await self._saver.keep_saving()

    async def drain(self, commit: Callable[[], Awaitable[object]]) -> None:
        """Make everything durable and commit it: the worker is about to stop."""
        await self.save(list(self.holdings.kept))
        await commit()
        _LOG.info("drained partitions=%s", spans(self.holdings.kept))

    def fail(self, failure: PultFailure) -> None:
        """Go no further; the first failure is the one that counts."""
        if self.failure is None:
            self.failure = failure
            self._failed(failure)

    def note_brokers(self, unreachable: str, partitions: int) -> None:
        """Hear why the brokers do not answer, '' if they do, and how many partitions there are.

        Its consumer would hear of new ones in five minutes only.
        """
        if unreachable and not self._unreachable:
            _LOG.warning("brokers do not answer: %s; figures stand still", unreachable)
        if self._unreachable and not unreachable:
            _LOG.info("brokers answer again")
        self._unreachable = unreachable
        try:
            check_partitions(self.plan.events, range(partitions))
        except LogTorn as failure:
            self.fail(failure)

    # --- what the wall asks -----------------------------------------------------------------

    def listen(self, listener: Callable[[], None]) -> None:
        """Call a function after each batch; it must not wait."""
        self._listeners.append(listener)

    def ready(self) -> str:
        """Return why the figures are not to be trusted, an empty string if they are."""
        if self.failure is not None:
            return str(self.failure)
        if self._unreachable:
            return f"brokers do not answer: {self._unreachable}"
        if not self._joined:
            return "no partitions assigned yet"
        if behind := self.holdings.behind:
            return (
                f"{sum(behind.values())} events of partitions {spans(behind)} are not "
                "applied yet"
            )
        return ""

    # --- parts ------------------------------------------------------------------------------

    def _write(self, partition: int, kept: Kept, facts: Mapping[bytes, list[Fact]]) -> int:
        """Hand over facts and rejects; the last of each topic stands for all before it."""
        sent: list[tuple[bytes, bytes]] = []
        refused: list[tuple[bytes, bytes]] = []
        for key, of_domain in facts.items():
            for fact in of_domain:
                (refused if type(fact) is Rejected else sent).append((key, encode(fact)))
        for topic, records in ((self.plan.facts, sent), (self.plan.rejected, refused)):
            if records:
                self._outbox.send(topic, partition, records[:-1])
                self._outbox.mark(topic, partition, *records[-1])
        kept.fold.facts_end += len(sent)
        self._measures.facts.inc(len(sent))
        return len(refused)

    def _note_progress(self, partition: int, kept: Kept, end: int) -> None:
        reached = kept.reached
        self._measures.backlog.labels(str(partition)).set(max(0, end - reached))
        self._measures.unsaved.labels(str(partition)).set(kept.unsaved)
        if not kept.live and reached >= kept.live_at:
            kept.live = True
            if not self.ready():
                _LOG.info("caught up partitions=%s", spans(self.holdings.kept))
