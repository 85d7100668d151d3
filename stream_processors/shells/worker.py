"""Keeps the states of the partitions that a worker owns: restored, folded, written, saved.

Of all that happens the order is fixed: facts are acknowledged, then the snapshot that they led
to, then the offset is committed. A state stands where the log was applied to, never where an
offset was committed; so what is read twice concludes the same facts at the same revisions.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

import msgspec

from schemas.errors import LogTorn, MalformedEvent, PultFailure
from schemas.events import decode
from schemas.facts import Fact, Rejected, encode
from schemas.topics import EVENTS
from stream_processors.core.instants import to_ms
from stream_processors.core.state import State, Terms
from stream_processors.shells import policy_log
from stream_processors.shells.archive import Shelf
from stream_processors.shells.continuity import UNMARKED, check_bounds
from stream_processors.shells.ledger import Ledger
from stream_processors.shells.measures import Measures
from stream_processors.shells.numbering import spans
from stream_processors.shells.outbox import Outbox
from stream_processors.shells.partition import PartitionFold
from stream_processors.shells.policy_log import TenantPolicies, Version
from stream_processors.shells.rejects import RejectLimit, RejectWatch
from stream_processors.shells.snapshots import POLICIES_KEY, Manifest, keys, pack
from stream_processors.shells.transport import Batch, Bounds

SAVE_SECONDS = 60.0
SAVE_EVENTS = 50_000
GENERATIONS = 2
"""So many snapshots are kept of each partition: one may turn out to be damaged."""

_TICK_SECONDS = 1.0
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a worker is told.

    Attributes:
        name: its own, stable over restarts.
        events, facts, rejected, snapshots: names of the topics.
        policies: what is wanted now.
        limit: how much may be rejected.
        accept_loss: whether to go on where the log has lost events that no snapshot holds.
    """

    name: str
    events: str
    facts: str
    rejected: str
    snapshots: str
    policies: TenantPolicies
    limit: RejectLimit = field(default_factory=RejectLimit)
    accept_loss: bool = False
    save_seconds: float = SAVE_SECONDS
    save_events: int = SAVE_EVENTS


@dataclass(slots=True)
class _Kept:
    """A partition of ours."""

    fold: PartitionFold
    live_at: int
    """What it must have applied before its figures are shown."""
    live: bool = False
    passed: int = 0
    """Up to here the log has nothing to apply behind the position of the fold."""
    saved: int = -1
    saved_at: float = 0.0
    manifests: list[Manifest] = field(default_factory=list)
    stale: list[bytes] = field(default_factory=list)
    saving: asyncio.Lock = field(default_factory=asyncio.Lock)


class Worker:
    """All partitions of one worker; the application calls it, and so does the exporter.

    Args:
        plan: what it is told.
        outbox: where it writes.
        read: returns what is kept of partitions; blocks.
        ends: returns where partitions of a topic end; blocks.
        measures: what it counts.
        failed: called once with what keeps it from going on.

    Attributes:
        heard_at: when events came last, or when it began [monotonic s].
    """

    def __init__(
        self,
        plan: Plan,
        outbox: Outbox,
        read: Callable[[Iterable[int]], Mapping[int, Shelf]],
        ends: Callable[[str, Iterable[int]], Mapping[int, int]],
        measures: Measures,
        failed: Callable[[PultFailure], None],
    ) -> None:
        self.plan = plan
        self.ledger = Ledger()
        self.failure: PultFailure | None = None
        self._outbox = outbox
        self._read = read
        self._ends = ends
        self._measures = measures
        self._failed = failed
        self._kept: dict[int, _Kept] = {}
        self._joined = self._displaced = False
        self._unreachable = ""
        self.heard_at = time.monotonic()
        self._watch = RejectWatch(plan.limit)
        self._held = threading.RLock()
        self._due = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []

    # --- what Faust calls -------------------------------------------------------------------

    async def restore(self, bounds: Mapping[int, Bounds]) -> Mapping[int, int]:
        """Own these partitions; return where to read on in each.

        A state that is still here is a fold of the log up to its position, whoever has owned
        the partition meanwhile, and needs no snapshot.

        Raises:
            LogTorn: the log lacks events between a snapshot and its own beginning, or was
                given other partitions.
            OutputFailed: the snapshots, or where the facts end, cannot be read.
        """
        started = time.monotonic()
        self._check_partitions(bounds)
        new = sorted(set(bounds) - set(self._kept))
        shelves = await asyncio.to_thread(self._read, new) if new else {}
        bounds = await self._reaching(bounds, shelves)
        facts_ends = await asyncio.to_thread(self._ends, self.plan.facts, list(bounds))
        with self._held:
            for partition in set(self._kept) - set(bounds):
                del self._kept[partition]
                self._measures.forget(partition)
            for partition, kept in self._kept.items():
                self._check(partition, kept.fold.position, bounds[partition])
                kept.fold.position = max(kept.fold.position, bounds[partition].first)
            for partition in new:
                self._open(partition, shelves[partition], bounds[partition])
            fewer = [
                each for each in new if self._kept[each].fold.facts_end > facts_ends[each]
            ]  # fmt: skip
            for partition, kept in self._kept.items():
                kept.fold.resume(facts_ends[partition], bounds[partition].end)
        for partition in new:
            # Before the first event is judged by them, the targets are on record.
            await self._outbox.settled(partition)
        self._measures.rebalances.inc()
        self._measures.restored.observe(time.monotonic() - started)
        self._tell_of(new, bounds, fewer)
        _LOG.info(
            "assigned partitions=%s restored=%d seconds=%.3f",
            spans(bounds), len(new), time.monotonic() - started,
        )  # fmt: skip
        self._joined = True
        for partition, kept in self._kept.items():
            self._note_progress(partition, kept, bounds[partition].end)
        return {partition: kept.fold.position for partition, kept in self._kept.items()}

    def _tell_of(
        self, new: Iterable[int], bounds: Mapping[int, Bounds], fewer: Iterable[int]
    ) -> None:
        """Tell of partitions that are folded from the beginning, or of which something is gone.

        Args:
            new: partitions that were opened.
            bounds: of all partitions.
            fewer: those whose facts end before what was written.
        """
        refolded = [
            each
            for each in new
            if not self._kept[each].manifests and bounds[each].end > bounds[each].first
        ]
        if refolded:
            _LOG.info("refolding from the log's beginning partitions=%s", spans(refolded))
        if fewer:
            _LOG.warning(
                "facts end before what was written partitions=%s; %s was made anew, or has "
                "lost its end; what no sink had stored is missing: run pult rebuild --server",
                spans(fewer), self.plan.facts,
            )  # fmt: skip
        if cut := [each for each in refolded if bounds[each].first > 0]:
            _LOG.warning(
                "log without its beginning partitions=%s; what began before it (calls, "
                "sessions, episodes) comes out cut; when it has caught up, and again the "
                "next day, run pult rebuild --server", spans(cut),
            )  # fmt: skip

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
        kept = self._kept[partition]
        started = self.heard_at = time.monotonic()
        with self._held:
            facts = kept.fold.take(batch.records, batch.range.end)
        self.ledger.applied(batch.range)
        bad = self._write(partition, facts)
        measures = self._measures
        measures.applied.inc(len(batch.records))
        measures.apply.observe(time.monotonic() - started)
        self._note_lag(batch)
        self._note_progress(partition, kept, batch.end)
        if kept.fold.position - kept.saved >= self.plan.save_events:
            self._due.set()
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
        mine = [each for each in partitions if each in self._kept]
        await asyncio.gather(*(self._save(each) for each in mine))

    def mark(self, partition: int) -> int:
        """Return the mark of the record that was applied last, if there was any."""
        kept = self._kept.get(partition)
        return UNMARKED if kept is None else kept.fold.last

    def passed(self, partition: int, offset: int) -> None:
        """Hear that what was handed over is all there is of a partition up to an offset."""
        kept = self._kept.get(partition)
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
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._due.wait(), _TICK_SECONDS)
            self._due.clear()
            for partition, kept in list(self._kept.items()):
                fresh = kept.fold.position - kept.saved
                late = time.monotonic() - kept.saved_at >= self.plan.save_seconds
                if fresh and (late or fresh >= self.plan.save_events):
                    await self._save(partition)

    async def drain(self, commit: Callable[[], Awaitable[object]]) -> None:
        """Make everything durable and commit it: the worker is about to stop."""
        await self.save(list(self._kept))
        await commit()
        _LOG.info("drained partitions=%s", spans(self._kept))

    def fail(self, failure: PultFailure) -> None:
        """Go no further; the first failure is the one that counts."""
        if self.failure is None:
            self.failure = failure
            self._failed(failure)

    # --- what the exporter and the wall read ------------------------------------------------

    def listen(self, listener: Callable[[], None]) -> None:
        """Call a function after each batch; it must not wait."""
        self._listeners.append(listener)

    @contextmanager
    def states(self) -> Iterator[list[tuple[State, Terms]]]:
        """Hold still what has caught up with the log, while it is read."""
        with self._held:
            yield [
                (state, kept.fold.terms(state.tenant))
                for kept in self._kept.values()
                if kept.live
                for state in kept.fold.states.values()
            ]

    @property
    def holds_sources(self) -> bool:
        """Whether any source has ever been heard in its partitions."""
        return any(
            state.sources
            for kept in list(self._kept.values())
            for state in list(kept.fold.states.values())
        )

    @property
    def rejected(self) -> Mapping[str, int]:
        """How many records of no domain were rejected, by reason."""
        total: dict[str, int] = {}
        for kept in list(self._kept.values()):
            for reason, count in kept.fold.rejected.items():
                total[reason] = total.get(reason, 0) + count
        return total

    def ready(self) -> str:
        """Return why the figures are not to be trusted, an empty string if they are."""
        if self.failure is not None:
            return str(self.failure)
        if self._unreachable:
            return f"brokers do not answer: {self._unreachable}"
        if not self._joined:
            return "no partitions assigned yet"
        behind = {
            partition: kept.live_at - kept.fold.position
            for partition, kept in list(self._kept.items())
            if not kept.live
        }
        if behind:
            return (
                f"{sum(behind.values())} events of partitions {spans(behind)} are not "
                "applied yet"
            )
        return ""

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
            self._check_partitions(range(partitions))
        except LogTorn as failure:
            self.fail(failure)

    # --- parts ------------------------------------------------------------------------------

    async def _reaching(
        self, bounds: Mapping[int, Bounds], shelves: Mapping[int, Shelf]
    ) -> Mapping[int, Bounds]:
        """Ask again for ends that snapshots lie behind: they may have been made meanwhile."""
        behind = [
            each for each, shelf in shelves.items()
            if shelf.manifest is not None and shelf.manifest.position > bounds[each].end
        ]  # fmt: skip
        if not behind:
            return bounds
        ends = await asyncio.to_thread(self._ends, self.plan.events, behind)
        return {**bounds, **{each: replace(bounds[each], end=ends[each]) for each in behind}}

    def _open(self, partition: int, shelf: Shelf, bounds: Bounds) -> None:
        log = self._policies(partition, shelf)
        terms: dict[str, Terms] = {}

        def terms_of(tenant: str) -> Terms:
            if tenant not in terms:
                terms[tenant] = Terms(policy_log.history(log, tenant))
            return terms[tenant]

        for each in shelf.unusable:
            _LOG.warning("unusable partition=%d %s", partition, each)
        fold = PartitionFold(bounds.first, terms_of)
        kept = _Kept(fold, bounds.end, stale=shelf.stale, saved_at=time.monotonic())
        manifest = shelf.manifest
        if shelf.frozen is None or manifest is None:
            kept.saved = bounds.first
        else:
            self._check(partition, manifest.position, bounds)
            fold.thaw(shelf.frozen)
            fold.position = max(fold.position, bounds.first)
            kept.saved = manifest.position
            kept.manifests.append(manifest)
            self._show(partition, manifest)
            _LOG.info(
                "restored partition=%d snapshot=%s offset=%d domains=%d",
                partition, manifest.id, manifest.position, len(fold.states),
            )  # fmt: skip
        self._kept[partition] = kept

    def _policies(self, partition: int, shelf: Shelf) -> tuple[Version, ...]:
        where = f"{self.plan.snapshots} partition {partition}"
        known = policy_log.decode(shelf.policies, where) if shelf.policies else ()
        now = round(time.time() * 1000)
        log = policy_log.continued(known, self.plan.policies, now)
        if log != known:
            value = policy_log.encode(log)
            self._outbox.mark(self.plan.snapshots, partition, POLICIES_KEY, value)
        return log

    def _check_partitions(self, partitions: Iterable[int]) -> None:
        """Refuse a topic that was given more partitions while it is read."""
        if max(partitions, default=0) >= EVENTS.partitions:
            msg = (
                f"{self.plan.events} has more than {EVENTS.partitions} partitions now, and its "
                "domains go elsewhere; make it anew: see Restoring in docs/operations.md"
            )
            raise LogTorn(msg)

    def _check(self, partition: int, position: int, bounds: Bounds) -> None:
        where = f"{self.plan.events} partition {partition}"
        accept_loss = self.plan.accept_loss
        check_bounds(where, position, bounds.first, bounds.end, accept_loss=accept_loss)

    def _write(self, partition: int, facts: Mapping[bytes, list[Fact]]) -> int:
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
        self._kept[partition].fold.facts_end += len(sent)
        self._measures.facts.inc(len(sent))
        return len(refused)

    async def _save(self, partition: int) -> None:
        kept = self._kept[partition]
        async with kept.saving:
            if kept.fold.position == kept.saved:
                self.ledger.secure(partition, kept.saved)
                return
            started = time.monotonic()
            frozen = kept.fold.freeze()
            made_at = round(time.time() * 1000)
            records = await asyncio.to_thread(pack, frozen, partition, self.plan.name, made_at)
            await self._outbox.settled(partition)
            self._outbox.send(self.plan.snapshots, partition, records[:-1])
            self._outbox.mark(self.plan.snapshots, partition, *records[-1])
            await self._outbox.settled(partition)
            kept.saved, kept.saved_at = frozen.position, time.monotonic()
            self.ledger.secure(partition, frozen.position)
            manifest = msgspec.msgpack.decode(records[-1][1], type=Manifest)
            kept.manifests.append(manifest)
            self._show(partition, manifest)
            self._measures.unsaved.labels(str(partition)).set(kept.fold.position - kept.saved)
            self._expire(partition, kept)
            self._measures.saved.observe(time.monotonic() - started)

    def _expire(self, partition: int, kept: _Kept) -> None:
        """Delete the snapshots that are not needed any more."""
        stale, kept.stale = kept.stale, []
        while len(kept.manifests) > GENERATIONS:
            stale += keys(kept.manifests.pop(0))
        self._outbox.send(self.plan.snapshots, partition, ((key, None) for key in stale))

    def _show(self, partition: int, manifest: Manifest) -> None:
        measures, label = self._measures, str(partition)
        measures.snapshot_at.labels(label).set(manifest.made_at / 1000)
        measures.snapshot_bytes.labels(label).set(manifest.payload_bytes)

    def _note_progress(self, partition: int, kept: _Kept, end: int) -> None:
        reached = max(kept.fold.position, kept.passed)
        self._measures.backlog.labels(str(partition)).set(max(0, end - reached))
        self._measures.unsaved.labels(str(partition)).set(kept.fold.position - kept.saved)
        if not kept.live and reached >= kept.live_at:
            kept.live = True
            if not self.ready():
                _LOG.info("caught up partitions=%s", spans(self._kept))

    def _note_lag(self, batch: Batch) -> None:
        last = batch.records[-1]
        try:
            event = decode(last.value or b"")
            occurred, recorded = to_ms(event.time), to_ms(event.recordedtime)
        except (MalformedEvent, ValueError):
            return
        lag = self._measures.lag
        lag.labels("source").observe(max(0, recorded - occurred) / 1000)
        lag.labels("adapter").observe(max(0, last.timestamp - recorded) / 1000)
        lag.labels("broker").observe(max(0.0, time.time() - last.timestamp / 1000))
