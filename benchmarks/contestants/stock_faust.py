"""Events of each queue, counted in a Faust `Table` that was tuned for speed.

In its favour: values come raw and are decoded by msgspec for the one field (a `faust.Record`
costs more), the table is in memory, there are no standby replicas, no web server, no monitor.
"""

import asyncio

import faust

from benchmarks.contestants.clock import Clock
from benchmarks.contestants.counting import queue_of
from benchmarks.contestants.task import Task, told
from pult.lean import rarely_collect


async def count(task: Task, clock: Clock) -> dict[str, int]:
    """Count to the end; return the table."""
    app = faust.App(
        f"{task.run}-stock",
        broker=f"kafka://{task.bootstrap}",
        store="memory://",
        topic_partitions=32,
        topic_replication_factor=1,
        table_standby_replicas=0,
        consumer_auto_offset_reset="earliest",
        value_serializer="raw",
        web_enabled=False,
        worker_redirect_stdouts=False,
    )
    counts = app.Table("counts", default=int, key_type=str, value_type=int)
    topic = app.topic(task.events, value_type=bytes, value_serializer="raw")
    done = asyncio.Event()

    @app.agent(topic)
    async def work(stream: faust.Stream) -> None:
        async for value in stream:
            counts[queue_of(value)] += 1
            if clock.handled(1):
                clock.stop()
                done.set()

    await app.start()
    await done.wait()
    found = dict(counts.items())
    await app.stop()
    return found


def main() -> None:
    """Do the task of the command line."""
    rarely_collect()
    task = told()
    clock = Clock(task.expected)
    counts = asyncio.run(count(task, clock))
    clock.report(counts=counts)


if __name__ == "__main__":
    main()
