"""Events of each queue, counted in a Faust `Table`, to the letter of Faust's documentation.

A `faust.Record` for values, a table with the defaults, and the worker that the documentation
tells people to start: `python app.py worker -l info`. What it does not say is left as it is;
only the number of partitions must be that of the topic.

Source: faust-streaming user guide, "Quick Start" and "Tables and Windowing".
"""

import json
import os
import sys
import tempfile

import faust

from benchmarks.contestants.clock import Clock
from benchmarks.contestants.task import told
from tests.kafka import free_port


class Data(faust.Record):
    """What an event says, as far as it is counted."""

    queue_id: str = ""


class Event(faust.Record):
    """An event of ours, as a Faust user would declare it."""

    id: str
    source: str
    time: str
    tenant: str
    domain: str
    feed: str
    sequence: int
    recordedtime: str
    data: Data
    type: str = ""
    subject: str = ""


def main() -> None:
    """Do the task of the command line as a Faust worker does."""
    task = told()
    clock = Clock(task.expected)
    app = faust.App(
        f"{task.run}-documented", broker=f"kafka://{task.bootstrap}", topic_partitions=32
    )
    counts = app.Table("counts", default=int)
    topic = app.topic(task.events, value_type=Event)

    @app.agent(topic)
    async def work(events: faust.Stream[Event]) -> None:
        async for event in events:
            counts[f"{event.tenant}/{event.data.queue_id}"] += 1
            if clock.handled(1):
                clock.stop()
                report = clock.told(counts=dict(counts.items()))
                os.write(1, f"{json.dumps(report)}\n".encode())
                os._exit(0)

    with tempfile.TemporaryDirectory() as folder:
        sys.argv[1:] = [
            "--datadir",
            folder,
            "worker",
            "-l",
            "info",
            "--web-port",
            str(free_port()),
        ]
        app.main()


if __name__ == "__main__":
    main()
