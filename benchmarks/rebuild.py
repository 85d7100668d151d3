"""What a rebuild costs beside the bare fold: `python -m benchmarks.rebuild`.

The events are those of the recorded half hour, told again on several days in a row. The
yardstick is the fold with its facts, of the same events from memory. A rebuild reads them from
the embedded store, compares what it concludes with what is stored, and writes what differs:
everything where the facts are gone, nothing where they are right. With `--kafka` a broker is
started, and a third rebuild reads the events from there into an empty store.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from confluent_kafka import Producer
from msgspec.structs import replace

from benchmarks.lab import events
from pult.kafka_events import events_from_kafka
from pult.lean import rarely_collect, without_pandas
from pult.rebuild import Days, rebuild
from schemas.events import Event, decode, encode
from schemas.identity import derived_id
from schemas.policies import Policies, PolicyHistory
from sql.embedded import EmbeddedStore
from stream_processors.core.pipeline import Batch, Record, apply
from stream_processors.core.state import State, Terms

BATCH = 20_000
DAYS = 10
POLICIES = PolicyHistory([(0, Policies())])
_FACTS = (
    "leg_history", "leg_facts", "offer_facts", "agent_session_facts", "agent_state_facts",
    "break_facts", "wall_sample_facts", "team_sample_facts", "checkpoints",
)  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kafka", action="store_true", help="also from a broker")
    chosen = parser.parse_args()
    without_pandas()
    rarely_collect()
    told = list(_days(DAYS))
    values = [encode(event) for event in told]
    print(f"{len(told)} events of {DAYS} days")
    bare = _measured("bare fold with facts", len(told), lambda: _fold(values))
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedStore(Path(folder) / "store")
        for at in range(0, len(told), BATCH):
            some = told[at : at + BATCH]
            store.writer.write_events(some, [(0, at + n) for n in range(len(some))], str(at))
        _measured("rebuild, facts gone", len(told), lambda: _rebuild(store), bare)
        _measured("rebuild, facts right", len(told), lambda: _rebuild(store), bare)
        for table in (*_FACTS, "events"):
            store.client.command(f"TRUNCATE TABLE pult.{table}")
        if chosen.kafka:
            with _published(values) as (bootstrap, topic):
                way = {"bootstrap.servers": bootstrap}

                def from_kafka() -> None:
                    events_from_kafka(way, topic, store, "", _quiet)
                    _rebuild(store)

                _measured("rebuild from Kafka, store empty", len(told), from_kafka, bare)
        store.close()


def _days(count: int) -> Iterator[Event]:
    """Yield the half hour again and again, each time a day later."""
    once = [decode(value) for value in events()]
    for day in range(count):
        for event in once:
            time, recorded = (_later(each, day) for each in (event.time, event.recordedtime))
            yield replace(
                event, time=time, recordedtime=recorded, id=derived_id(event.id, str(day)),
                sequence=event.sequence + day * 86_400_000_000,
            )  # fmt: skip


def _later(instant: str, days: int) -> str:
    moved = datetime.fromisoformat(instant) + timedelta(days=days)
    return moved.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _fold(values: list[bytes]) -> None:
    state, terms = State("bench", "bench"), Terms(POLICIES, refold_at=1)
    for at in range(0, len(values), BATCH):
        records = [Record(at + n, v) for n, v in enumerate(values[at : at + BATCH], 1)]
        apply(state, Batch(tuple(records)), terms)


def _rebuild(store: EmbeddedStore) -> None:
    rebuild(store, lambda tenant: POLICIES, "", Days(), _quiet, writing=True)


def _quiet(stage: str, count: int, of: int | None) -> None:
    """Show no progress."""


def _measured(
    what: str, count: int, work: Callable[[], None], yardstick: float | None = None
) -> float:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    ratio = f"  {cpu / yardstick:4.2f} x the bare fold" if yardstick else ""
    print(
        f"{what:32} {count / wall:9,.0f} events/s  {cpu / count * 1e6:6.1f} us CPU each{ratio}"
    )
    return cpu


@contextmanager
def _published(values: list[bytes]) -> Iterator[tuple[str, str]]:
    """Start a broker that holds the events in one topic."""
    from tests.integration.reading import make_topics
    from tests.kafka import Cluster, missing

    if missing():
        sys.exit(missing())
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(Path(folder), 1)
        try:
            cluster.start()
            make_topics(cluster.bootstrap, "bench")
            producer = Producer({
                "bootstrap.servers": cluster.bootstrap, "linger.ms": 5,
                "queue.buffering.max.messages": len(values) + 1,
            })  # fmt: skip
            for value in values:
                producer.produce("bench.events", value, b"bench")
            producer.flush()
            yield cluster.bootstrap, "bench.events"
        finally:
            cluster.kill()


if __name__ == "__main__":
    main()
