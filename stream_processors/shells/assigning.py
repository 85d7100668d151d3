"""What an assignment brings: partitions are opened at their snapshots, or gone on with.

A state that is still here is a fold of the log up to its position, whoever has owned the
partition meanwhile, and needs no snapshot. Everything else is read from what was kept of the
partition, or folded from the beginning of the log.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeAlias

from stream_processors.core.state import Terms
from stream_processors.shells import policy_log
from stream_processors.shells.archive import Shelf
from stream_processors.shells.continuity import check_bounds, check_partitions
from stream_processors.shells.holdings import Holdings, Kept
from stream_processors.shells.measures import Measures
from stream_processors.shells.numbering import spans
from stream_processors.shells.outbox import Outbox
from stream_processors.shells.partition import PartitionFold
from stream_processors.shells.policy_log import Version
from stream_processors.shells.snapshots import POLICIES_KEY
from stream_processors.shells.transport import Bounds
from stream_processors.shells.worker_plan import Plan

_LOG = logging.getLogger(__name__)

Read: TypeAlias = Callable[[Iterable[int]], Mapping[int, Shelf]]
"""Returns what is kept of partitions; blocks."""

Ends: TypeAlias = Callable[[str, Iterable[int]], Mapping[int, int]]
"""Returns where partitions of a topic end; blocks."""


class Assigner:
    """Makes the partitions of an assignment, and no others, those that are held."""

    def __init__(
        self,
        plan: Plan,
        holdings: Holdings,
        outbox: Outbox,
        read: Read,
        ends: Ends,
        measures: Measures,
    ) -> None:
        self._plan = plan
        self._holdings = holdings
        self._outbox = outbox
        self._read = read
        self._ends = ends
        self._measures = measures

    async def assign(self, bounds: Mapping[int, Bounds]) -> Mapping[int, Bounds]:
        """Hold these partitions; return their bounds, some of which may have grown meanwhile.

        Raises:
            LogTorn: the log lacks events between a snapshot and its own beginning, or was
                given other partitions.
            OutputFailed: the snapshots, or where the facts end, cannot be read.
        """
        started = time.monotonic()
        check_partitions(self._plan.events, bounds)
        new = sorted(set(bounds) - set(self._holdings.kept))
        shelves = await asyncio.to_thread(self._read, new) if new else {}
        bounds = await self._reaching(bounds, shelves)
        facts_ends = await asyncio.to_thread(self._ends, self._plan.facts, list(bounds))
        fewer = self._exchange(bounds, new, shelves, facts_ends)
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
        return bounds

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
        ends = await asyncio.to_thread(self._ends, self._plan.events, behind)
        return {**bounds, **{each: replace(bounds[each], end=ends[each]) for each in behind}}

    def _exchange(
        self,
        bounds: Mapping[int, Bounds],
        new: Iterable[int],
        shelves: Mapping[int, Shelf],
        facts_ends: Mapping[int, int],
    ) -> list[int]:
        """Let go of what went elsewhere, open what is new, go on with the rest.

        Returns:
            New partitions whose facts end before what was written.
        """
        kept = self._holdings.kept
        with self._holdings.lock:
            for partition in set(kept) - set(bounds):
                del kept[partition]
                self._measures.forget(partition)
            for partition, each in kept.items():
                self._check(partition, each.fold.position, bounds[partition])
                each.fold.position = max(each.fold.position, bounds[partition].first)
            for partition in new:
                kept[partition] = self._opened(partition, shelves[partition], bounds[partition])
            fewer = [each for each in new if kept[each].fold.facts_end > facts_ends[each]]
            for partition, each in kept.items():
                each.fold.resume(facts_ends[partition], bounds[partition].end)
        return fewer

    def _opened(self, partition: int, shelf: Shelf, bounds: Bounds) -> Kept:
        """Return a partition as its newest snapshot has it, or before its first event."""
        log = self._policies(partition, shelf)
        terms: dict[str, Terms] = {}

        def terms_of(tenant: str) -> Terms:
            if tenant not in terms:
                terms[tenant] = Terms(policy_log.history(log, tenant))
            return terms[tenant]

        for each in shelf.unusable:
            _LOG.warning("unusable partition=%d %s", partition, each)
        fold = PartitionFold(bounds.first, terms_of)
        kept = Kept(fold, bounds.end, stale=shelf.stale, saved_at=time.monotonic())
        manifest = shelf.manifest
        if shelf.frozen is None or manifest is None:
            kept.saved = bounds.first
        else:
            self._check(partition, manifest.position, bounds)
            fold.thaw(shelf.frozen)
            fold.position = max(fold.position, bounds.first)
            kept.saved = manifest.position
            kept.manifests.append(manifest)
            self._measures.note_snapshot(manifest)
            _LOG.info(
                "restored partition=%d snapshot=%s offset=%d domains=%d",
                partition, manifest.id, manifest.position, len(fold.states),
            )  # fmt: skip
        return kept

    def _policies(self, partition: int, shelf: Shelf) -> tuple[Version, ...]:
        where = f"{self._plan.snapshots} partition {partition}"
        known = policy_log.decode(shelf.policies, where) if shelf.policies else ()
        now = round(time.time() * 1000)
        log = policy_log.continued(known, self._plan.policies, now)
        if log != known:
            value = policy_log.encode(log)
            self._outbox.mark(self._plan.snapshots, partition, POLICIES_KEY, value)
        return log

    def _check(self, partition: int, position: int, bounds: Bounds) -> None:
        where = f"{self._plan.events} partition {partition}"
        accept_loss = self._plan.accept_loss
        check_bounds(where, position, bounds.first, bounds.end, accept_loss=accept_loss)

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
            if not self._holdings.kept[each].manifests and bounds[each].end > bounds[each].first
        ]
        if refolded:
            _LOG.info("refolding from the log's beginning partitions=%s", spans(refolded))
        if fewer:
            _LOG.warning(
                "facts end before what was written partitions=%s; %s was made anew, or has "
                "lost its end; what no sink had stored is missing: run pult rebuild --server",
                spans(fewer), self._plan.facts,
            )  # fmt: skip
        if cut := [each for each in refolded if bounds[each].first > 0]:
            _LOG.warning(
                "log without its beginning partitions=%s; what began before it (calls, "
                "sessions, episodes) comes out cut; when it has caught up, and again the "
                "next day, run pult rebuild --server", spans(cut),
            )  # fmt: skip
