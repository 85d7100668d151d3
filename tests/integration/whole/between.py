"""Where a kill fell: between an output that was written and the offset that was committed.

Read from outside, right after the kill and before the part is started again.
"""

import json
import sqlite3
from contextlib import closing

from confluent_kafka import Consumer, TopicPartition

from producers.frame import Frame, Naming
from producers.identity import CallerKeys
from producers.kinds import TRANSLATIONS
from schemas.errors import UntranslatableFrame
from tests.integration.whole.centre import Centre
from tests.integration.whole.offsets import bounds, committed, partition_of
from tests.integration.whole.parts import Part

_TAIL = 3_000
_AT_ONCE = 10_000
_UNPUBLISHED = (
    "SELECT source, feed, received_at_us, content, ordinal, repeat FROM frames "
    "WHERE position > ? AND reason = '' ORDER BY position LIMIT 2000"
)


def between(centre: Centre, part: Part) -> bool:
    """Tell whether a killed part had written what it had not committed."""
    judge = {"adapter": _adapter, "worker": _worker, "sink": _sink}[part.kind]
    return judge(centre, part)


def _adapter(centre: Centre, part: Part) -> bool:
    """In the topic is an event of a frame behind the place in the journal."""
    data = centre.data(part.name)
    if not (data / "caller.key").exists():
        return False
    place = data / "published"
    after = int(place.read_text().split()[0]) if place.exists() else 0
    key = bytes.fromhex((data / "caller.key").read_text().strip())
    names = Naming(part.name, part.name, CallerKeys(key))
    ids: set[str] = set()
    for day in sorted((data / "journal").glob("*.sqlite")):
        with closing(sqlite3.connect(f"file:{day}?mode=ro", uri=True)) as journal:
            for row in journal.execute(_UNPUBLISHED, (after,)):
                frame = Frame(*row)
                try:
                    ids |= {each.id for each in TRANSLATIONS[frame.feed](frame, names)}
                except UntranslatableFrame:
                    continue
    values = tail(centre, f"{centre.prefix}.events", partition_of(part.name))
    return any(json.loads(value)["id"] in ids for value in values)


def _worker(centre: Centre, _: Part) -> bool:
    """A fact of an event is written whose offset is not committed."""
    for partition, offset in committed(centre, "processor", "events").items():
        facts = tail(centre, f"{centre.prefix}.facts", partition, 200)
        if any(json.loads(each)["revision"] >= offset for each in facts):
            return True
    return False


def _sink(centre: Centre, _: Part) -> bool:
    """A row is stored of an event whose offset is not committed."""
    stored = centre.rows(
        "SELECT log_partition AS place, max(log_offset) AS last FROM pult.events "
        "GROUP BY log_partition"
    )
    behind = committed(centre, "sink", "events")
    return any(int(row["last"]) >= behind.get(int(row["place"]), 0) for row in stored)


def tail(centre: Centre, topic: str, partition: int, count: int = _TAIL) -> list[bytes]:
    """Return the last records of a partition."""
    consumer = Consumer(
        {
            "bootstrap.servers": centre.bootstrap, "group.id": "between",
            "enable.auto.commit": False, "fetch.wait.max.ms": 10,
        }
    )  # fmt: skip
    found: list[bytes] = []
    with closing(consumer):
        first, end = bounds(centre, TopicPartition(topic, partition))
        start = max(first, end - count)
        consumer.assign([TopicPartition(topic, partition, start)])
        while start + len(found) < end:
            # Not more than there are: it would wait for others.
            left = min(end - start - len(found), _AT_ONCE)
            for message in consumer.consume(left, 1.0):
                value = message.value()
                if message.error() is not None:
                    continue  # a broker that has just died; another one will answer
                assert isinstance(value, bytes)
                found.append(value)
    return found
