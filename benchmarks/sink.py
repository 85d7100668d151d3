"""Kafka to ClickHouse beside a bare Arrow insert of the same rows: `python -m benchmarks.sink`.

The store is ClickHouse's engine behind HTTP in a process of its own (`pult sql-server`), a new
one for each run. The sink reads the log, decodes and checks events and facts, makes rows of
them and commits; the bare inserter has its rows packed in memory.
"""

import argparse
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.broker import Broker, broker
from benchmarks.rounds import Rates, machine, run, tell, totals
from benchmarks.tenants import Tenants
from schemas.facts import encode
from schemas.policies import Policies, PolicyHistory
from schemas.topics import EVENTS, FACTS, REJECTED
from sql.digest import DigestRow, digest
from stream_processors.core.pipeline import Batch, Record, apply
from stream_processors.core.state import State, Terms
from tests.integration.stores import PASSWORD, Store

PREFIX = "many"
EVENTS_AT_ONCE = 2_000


def facts(records: Sequence[bytes], tenant: str) -> Iterator[bytes]:
    """Yield what a worker concludes of a tenant's events, in batches as it takes them."""
    state, terms = State(tenant, tenant), Terms(PolicyHistory([(0, Policies())]))
    for begin in range(0, len(records), EVENTS_AT_ONCE):
        some = enumerate(records[begin : begin + EVENTS_AT_ONCE], begin + 1)
        for fact in apply(state, Batch(tuple(Record(*each) for each in some)), terms):
            yield encode(fact)


def fill(site: Broker, tenants: Tenants) -> int:
    """Write events and facts; return how many."""
    site.make(PREFIX, (EVENTS, FACTS, REJECTED))
    site.fill(EVENTS.named(PREFIX), tenants.records())
    told: dict[str, list[bytes]] = {name: [] for name in tenants.names}
    for name, value in tenants.records():
        told[name].append(value)
    concluded = [(name, each) for name, values in told.items() for each in facts(values, name)]
    site.fill(FACTS.named(PREFIX), concluded)
    return len(tenants) + len(concluded)


def stored(site: Broker, module: str, name: str, records: int) -> tuple[Any, list[DigestRow]]:
    """Run one into a new store; return its result and what the store then says."""
    with tempfile.TemporaryDirectory(prefix="pult-bench-") as folder:
        store = Store(Path(folder) / "store")
        store.start()
        try:
            store.migrate()
            report = run(module, site.bootstrap, PREFIX, name, records, store.url)
            with closing(store.client()) as client:
                return report, digest(client)
        finally:
            store.end()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tenants", type=int, default=4)
    parser.add_argument("--half-hours", type=int, default=4, help="of each tenant")
    chosen = parser.parse_args()
    os.environ["SINK_PASSWORD"] = PASSWORD
    sink, bare = Rates("our sink, from Kafka"), Rates("bare Arrow inserts, rows in memory")
    with broker() as site:
        records = fill(site, Tenants(chosen.tenants, chosen.half_hours))
        print(f"{records:,} events and facts; {machine()}", flush=True)
        for number in range(chosen.rounds):
            ours, said = stored(site, "sink", f"sink-{number}", records)
            theirs, wanted = stored(site, "bare_insert", f"bare-{number}", records)
            assert said == wanted, "the stores differ"
            assert {each.table for each in said} >= {"legs", "offers", "agent_states"}
            sink.note(ours)
            bare.note(theirs)
            print(f"round {number + 1} is right; {machine()}", flush=True)
    totals((sink, bare))
    print(tell("our sink : bare Arrow inserts", 0.5, sink, bare))


if __name__ == "__main__":
    main()
