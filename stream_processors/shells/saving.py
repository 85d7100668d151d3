"""Makes durable what a worker has applied: facts first, then the snapshot they led to.

Only behind an acknowledged snapshot the ledger lets an offset be committed.
"""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress

import msgspec

from stream_processors.shells.holdings import Holdings, Kept
from stream_processors.shells.ledger import Ledger
from stream_processors.shells.measures import Measures
from stream_processors.shells.outbox import Outbox
from stream_processors.shells.snapshots import Manifest, keys, pack
from stream_processors.shells.worker_plan import Plan

GENERATIONS = 2
"""So many snapshots are kept of each partition: one may turn out to be damaged."""

_TICK_SECONDS = 1.0


class Saver:
    """Saves the partitions of a worker; make it inside the event loop."""

    def __init__(
        self, plan: Plan, holdings: Holdings, ledger: Ledger, outbox: Outbox, measures: Measures
    ) -> None:
        self._plan = plan
        self._holdings = holdings
        self._ledger = ledger
        self._outbox = outbox
        self._measures = measures
        self._due = asyncio.Event()

    async def save(self, partitions: Iterable[int]) -> None:
        """Make all that was applied of these partitions durable.

        Raises:
            OutputFailed: a broker did not take it.
        """
        mine = [each for each in partitions if each in self._holdings.kept]
        await asyncio.gather(*(self._save(each) for each in mine))

    async def keep_saving(self) -> None:
        """Save what is due, one partition after another, until cancelled."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._due.wait(), _TICK_SECONDS)
            self._due.clear()
            for partition, kept in list(self._holdings.kept.items()):
                late = time.monotonic() - kept.saved_at >= self._plan.save_seconds
                if kept.unsaved and (late or self._is_much(kept)):
                    await self._save(partition)

    def note(self, kept: Kept) -> None:
        """Hear that more of a partition was applied; save soon if it is much."""
        if self._is_much(kept):
            self._due.set()

    def _is_much(self, kept: Kept) -> bool:
        return kept.unsaved >= self._plan.save_events

    async def _save(self, partition: int) -> None:
        kept = self._holdings.kept[partition]
        async with kept.saving:
            if kept.fold.position == kept.saved:
                self._ledger.secure(partition, kept.saved)
                return
            started = time.monotonic()
            frozen = kept.fold.freeze()
            made_at = round(time.time() * 1000)
            records = await asyncio.to_thread(pack, frozen, partition, self._plan.name, made_at)
            await self._outbox.settled(partition)
            self._outbox.send(self._plan.snapshots, partition, records[:-1])
            self._outbox.mark(self._plan.snapshots, partition, *records[-1])
            await self._outbox.settled(partition)
            kept.saved, kept.saved_at = frozen.position, time.monotonic()
            self._ledger.secure(partition, frozen.position)
            manifest = msgspec.msgpack.decode(records[-1][1], type=Manifest)
            kept.manifests.append(manifest)
            self._measures.note_snapshot(manifest)
            self._measures.unsaved.labels(str(partition)).set(kept.unsaved)
            self._expire(partition, kept)
            self._measures.saved.observe(time.monotonic() - started)

    def _expire(self, partition: int, kept: Kept) -> None:
        """Delete the snapshots that are not needed any more."""
        stale, kept.stale = kept.stale, []
        while len(kept.manifests) > GENERATIONS:
            stale += keys(kept.manifests.pop(0))
        self._outbox.send(self._plan.snapshots, partition, ((key, None) for key in stale))
