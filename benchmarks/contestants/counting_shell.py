"""Events of each queue, counted behind Pult's Faust shell: its application, transport, ledger.

Only the fold is exchanged. Like a `Table`, it survives a crash: once a second the counts of
each partition go to a compacted topic, are acknowledged, and only then is the offset committed.
"""

import asyncio
import logging
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress

import faust
import msgspec

from benchmarks.contestants.clock import Clock
from benchmarks.contestants.counting import queue_of
from benchmarks.contestants.task import Task, told
from pult.lean import rarely_collect
from schemas.topics import FACTS, REJECTED, SNAPSHOTS
from stream_processors.shells.application import Connection, build
from stream_processors.shells.ledger import Ledger
from stream_processors.shells.outbox import Outbox
from stream_processors.shells.policy_log import TenantPolicies
from stream_processors.shells.transport import Batch, Bounds
from stream_processors.shells.worker_plan import Plan

SAVE_SECONDS = 1.0


class Counting:
    """A keeper of partitions whose states are counts."""

    def __init__(self, outbox: Outbox, topic: str) -> None:
        self.ledger = Ledger()
        self.counts: dict[int, dict[str, int]] = {}
        self._outbox = outbox
        self._topic = topic
        self._applied: dict[int, int] = {}

    async def restore(self, bounds: Mapping[int, Bounds]) -> Mapping[int, int]:
        """Begin all partitions at the beginning of the log."""
        self.counts = {each: {} for each in bounds}
        return {each: bound.first for each, bound in bounds.items()}

    def take(self, batch: Batch) -> None:
        """Count the events of a batch."""
        counts = self.counts[batch.range.partition]
        for record in batch.records:
            queue = queue_of(record.value or b"")
            counts[queue] = counts.get(queue, 0) + 1
        self.ledger.applied(batch.range)
        self._applied[batch.range.partition] = batch.range.end

    async def save(self, partitions: Iterable[int]) -> None:
        """Make the counts of partitions durable, so that their offsets may be committed."""
        for partition in set(partitions) & set(self._applied):
            position = self._applied.pop(partition)
            value = msgspec.msgpack.encode((position, self.counts[partition]))
            self._outbox.mark(self._topic, partition, b"counts", value)
            await self._outbox.settled(partition)
            self.ledger.secure(partition, position)

    def rebalanced(self, partitions: Iterable[int]) -> None:
        """Nothing: there is one worker."""

    async def keep_saving(self) -> None:
        """Save once a second until cancelled."""
        while True:
            await asyncio.sleep(SAVE_SECONDS)
            await self.save(list(self.counts))


async def count(task: Task, clock: Clock) -> dict[str, int]:
    """Count to the end and save; return the counts."""
    connection = Connection(
        {"bootstrap.servers": task.bootstrap}, {"bootstrap_servers": [task.bootstrap]}
    )
    outbox = Outbox(connection.librdkafka, lambda failure: sys.exit(str(failure)))
    facts, rejected, snapshots = (each.named(task.run) for each in (FACTS, REJECTED, SNAPSHOTS))
    keeper = Counting(outbox, snapshots)
    plan = Plan("counter", task.events, facts, rejected, snapshots, TenantPolicies())
    app = build(plan, f"{task.run}-counting", connection)
    app.keeper = keeper
    topic = app.topic(task.events, value_type=None, value_serializer="raw")
    done = asyncio.Event()

    async def fold(stream: faust.Stream) -> None:
        async for batch in stream.noack():
            keeper.take(batch)
            if clock.handled(len(batch.records)):
                done.set()

    app.agent(topic, name="fold")(fold)
    await app.start()
    saving = asyncio.create_task(keeper.keep_saving())
    await done.wait()
    saving.cancel()
    with suppress(asyncio.CancelledError):
        await saving
    await keeper.save(list(keeper.counts))
    clock.stop()
    await app.consumer.commit()
    await app.stop()
    await asyncio.to_thread(outbox.close, 1.0)
    return {queue: n for counts in keeper.counts.values() for queue, n in counts.items()}


def main() -> None:
    """Do the task of the command line."""
    rarely_collect()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    task = told()
    clock = Clock(task.expected)
    counts = asyncio.run(count(task, clock))
    clock.report(counts=counts)


if __name__ == "__main__":
    main()
