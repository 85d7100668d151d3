"""Pult's processor as `pult processor` runs it, with all it serves except the open port.

Done when its facts are acknowledged and the last snapshots are, too.
"""

import asyncio
import os
from dataclasses import replace

from benchmarks.contestants.clock import Clock
from benchmarks.contestants.task import Task, told
from pult import logs
from pult.lean import rarely_collect
from pult.processor import Service, connection, plan
from pult.server_settings import KafkaSettings
from pult.settings import Settings
from pult.web import Wall
from schemas.topics import EVENTS


async def work(task: Task, clock: Clock) -> None:
    """Process to the end and save."""
    settings = Settings(kafka=KafkaSettings(bootstrap=task.bootstrap, prefix=task.run))
    wanted = replace(plan(settings, "bench", accept_loss=False), events=task.events)
    service = Service(settings, wanted, connection(settings, os.environ))
    worker = service.processor.worker
    wall = Wall(service.paint, worker.ready, service.registry, service.discipline)
    worker.listen(wall.changed)
    done = asyncio.Event()

    def applied() -> None:
        count = int(service.registry.get_sample_value("pult_processor_events_total") or 0)
        if clock.handled(count - clock.events):
            done.set()

    worker.listen(applied)
    running = asyncio.create_task(service.processor.run())
    await asyncio.wait(
        (running, asyncio.create_task(done.wait())), return_when=asyncio.FIRST_COMPLETED
    )
    await worker.save(range(EVENTS.partitions))
    clock.stop()
    service.processor.stop()
    await running


def main() -> None:
    """Do the task of the command line."""
    rarely_collect()
    logs.configure("worker")
    task = told()
    clock = Clock(task.expected)
    asyncio.run(work(task, clock))
    clock.report()


if __name__ == "__main__":
    main()
