"""Whether a store holds what was stored last: what a sink takes for a loss, and what not."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from schemas.errors import StoreFailed
from schemas.events import decode
from sql.embedded import EmbeddedStore
from stream_processors.shells.ranges import Range
from stream_processors.shells.rejects import RejectLimit
from stream_processors.shells.sink_parts import Part
from stream_processors.shells.sink_plan import SinkPlan
from stream_processors.shells.sink_records import Records
from stream_processors.shells.sink_store import Before, check_holds
from stream_processors.shells.sink_writers import Writers
from tests.timetable import values

RANGE = Range("pult.events", 3, 8, 9)
DAY = timedelta(days=1)
PLAN = SinkPlan(
    name="s1", group="g", topics={"pult.events": "events"}, limit=RejectLimit(), writers=1
)


def heard(ago: timedelta = timedelta(), /, **said: Any) -> bytes:
    """Return an event of so long ago, with something else in it than it would say."""
    at = (datetime.now(UTC) - ago).isoformat(timespec="milliseconds")
    (event,) = values("09:00:00 login Anna sales")
    told = msgspec.json.decode(event) | {"time": at, "recordedtime": at} | said
    return msgspec.json.encode(told)


def before(value: bytes) -> Before:
    return Before(7, msgspec.json.decode(value)["domain"].encode(), value)


class Answering:
    """A store that holds neither events nor rejects; `ttl`: its table drops them by itself."""

    def __init__(self, *, ttl: bool = False) -> None:
        self.ttl = ttl

    def command(self, query: str, parameters: Mapping[str, Any] | None = None) -> int:
        """Count."""
        return int(self.ttl and "system.tables" in query)


@pytest.mark.parametrize(
    ("ttl", "ago", "lost"),
    [
        (False, timedelta(), True),
        (False, 6 * DAY, True),
        (False, 8 * DAY, False),  # months that were dropped
        (True, timedelta(), True),
        (True, 3 * DAY, False),
    ],
)
def test_what_is_missing_was_lost_unless_it_may_have_been_dropped(
    ttl: bool, ago: timedelta, lost: bool
) -> None:
    client = cast(Client, Answering(ttl=ttl))

    if lost:
        with pytest.raises(StoreFailed, match=r"does not hold what was stored last \(pult"):
            check_holds(client, RANGE, before(heard(ago)), "a command")
    else:
        check_holds(client, RANGE, before(heard(ago)), "a command")


@pytest.mark.parametrize("said", [{"recordedtime": "noon"}, {"sequence": 1 << 70}])
def test_what_no_store_can_hold_is_not_missed(said: Mapping[str, Any]) -> None:
    """A rebuild from Kafka does not bring it back, nor the reject that it was."""
    client = cast(Client, Answering())

    check_holds(client, RANGE, before(heard(**said)), "a command")


def part_of(number: int, last: bytes) -> tuple[Part, Range]:
    """Return a partition of which `last` was stored, and a range of one event behind it."""
    value = heard()
    part = Part("pult.events", number, 8, before=before(last))
    part.held = Records([8], [before(value).key], [value], [round(time.time() * 1000)])
    return part, Range("pult.events", number, 8, 8)


def test_one_partition_says_nothing_of_what_the_store_has_lost_of_another(
    store: EmbeddedStore,
) -> None:
    """That of a source that was silent since the backup is whole in it."""
    whole, old = heard(id="whole\t'\\"), heard(30 * DAY)
    writers = Writers(PLAN, lambda: store.client)
    told = []
    try:
        store.writer.write_events([decode(whole)], [(0, 7)], "a")
        for each in (part_of(0, whole), part_of(1, old), part_of(2, heard(id="lost"))):
            writers.begin([each])
            writers.wait(10)
            (work,) = writers.ended()
            try:
                told.append(bool(work.result()))
            except StoreFailed as failure:
                told.append("partition 2 offset 7" not in str(failure))
    finally:
        writers._threads.shutdown()

    assert told == [True, True, False]
