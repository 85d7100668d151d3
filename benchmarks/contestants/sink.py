"""Pult's sink as `pult sink` runs it, with all it serves except the open port."""

import os
import threading
from dataclasses import replace

from benchmarks.contestants.clock import Clock
from benchmarks.contestants.task import told
from pult import clickhouse, kafka, logs, sink
from pult.lean import rarely_collect, reuse_memory, without_pandas
from pult.server_settings import ClickHouseSettings, KafkaSettings
from pult.settings import Settings
from sql.server import open_server
from stream_processors.shells.ranges import Range
from stream_processors.shells.sink import Sink
from stream_processors.shells.storing import Stored


def main() -> None:
    """Store what is in the topics of the task; `events` is their prefix."""
    without_pandas()
    rarely_collect()
    reuse_memory()
    logs.configure("sink")
    task = told()
    settings = Settings(
        kafka=KafkaSettings(bootstrap=task.bootstrap, prefix=task.events),
        clickhouse=ClickHouseSettings(url=task.store, password_env="SINK_PASSWORD"),
    )
    where = clickhouse.server(settings.clickhouse, os.environ)
    clock, turn = Clock(task.expected), threading.Lock()

    def on_stored(_: Range, stored: Stored) -> None:
        with turn:
            if clock.handled(stored.records):
                clock.stop()
                ours.stop()

    ours = Sink(
        # A group of its own reads the log from its beginning.
        replace(sink.plan(settings, task.run, accept_loss=False), group=task.run),
        kafka.librdkafka(settings.kafka, os.environ),
        lambda: open_server(where),
        explain=lambda errors: "; ".join(error.str() for error in errors),
        on_stored=on_stored,
    )
    ours.run()
    clock.report()


if __name__ == "__main__":
    main()
