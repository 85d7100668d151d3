"""The same rows as the sink's into the same store: packed as Arrow before, sent and no more.

As many records for an insert, as many writers at once, the same settings of each insert.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Lock, local

from benchmarks.broker import Broker
from benchmarks.contestants.clock import Clock
from benchmarks.contestants.task import told
from pult import clickhouse
from pult.lean import rarely_collect, without_pandas
from pult.server_settings import ClickHouseSettings
from pult.settings import SinkSettings
from schemas import events, facts
from schemas.topics import EVENTS, FACTS
from sql.rows import Insert, event_inserts, fact_inserts
from sql.server import open_server
from sql.writer import arrow, insert_arrow

AT_ONCE = SinkSettings().flush_rows
Packed = list[tuple[Insert, bytes]]


def packed(site: Broker, prefix: str) -> Iterator[tuple[int, Packed]]:
    """Yield how many records are inserted together, and their inserts."""
    for partition, values in enumerate(site.values(EVENTS.named(prefix)).values()):
        for begin in range(0, len(values), AT_ONCE):
            told = [events.decode(each) for each in values[begin : begin + AT_ONCE]]
            positions = [(partition, begin + each) for each in range(len(told))]
            inserts = event_inserts(told, positions)
            yield len(told), [(each, arrow(each.rows)) for each in inserts]
    for values in site.values(FACTS.named(prefix)).values():
        for begin in range(0, len(values), AT_ONCE):
            found = [facts.decode(each) for each in values[begin : begin + AT_ONCE]]
            yield len(found), [(each, arrow(each.rows)) for each in fact_inserts(found)]


def main() -> None:
    """Insert what is in the topics of the task; `events` is their prefix."""
    without_pandas()
    rarely_collect()
    task = told()
    work = list(packed(Broker(task.bootstrap), task.events))
    where = clickhouse.server(
        ClickHouseSettings(url=task.store, password_env="SINK_PASSWORD"), os.environ
    )
    clock, turn, of_thread = Clock(task.expected), Lock(), local()

    def insert(number: int, records: int, inserts: Packed) -> None:
        if not hasattr(of_thread, "client"):
            of_thread.client = open_server(where)
        for each, body in inserts:
            insert_arrow(of_thread.client, each, body, f"{number}:{each.table}:{each.month}")
        with turn:
            if clock.handled(records):
                clock.stop()

    with ThreadPoolExecutor(SinkSettings().writers) as threads:
        for done in [threads.submit(insert, n, *each) for n, each in enumerate(work)]:
            done.result()
    clock.report()


if __name__ == "__main__":
    main()
