"""Whether a store still holds what a sink has stored in it.

One that was restored from a backup, or made anew, takes what comes as before, and what was
stored since the backup would be missing for good without a word: the group's offsets lie
behind it. So before the first insert of each partition, and after each failure, the event of it
that was stored last is asked for.
"""

import time
from typing import NamedTuple

from clickhouse_connect.driver.client import Client

from schemas.errors import StoreFailed
from schemas.events import Event
from sql.presence import drops_by_itself, holds_event, holds_reject
from sql.ranges import NO_ROW
from sql.rows import event_inserts
from stream_processors.core.instants import to_ms
from stream_processors.shells.ranges import Range
from stream_processors.shells.storing import usable_event

KEPT_SECONDS = 7 * 86_400
"""What is older may have been dropped on purpose, by months."""

KEPT_BY_TTL_SECONDS = 86_400
"""So long at least does a table keep what it drops by itself."""


class Before(NamedTuple):
    """The record before a range, which was stored."""

    offset: int
    key: bytes
    value: bytes


def check_holds(client: Client, told: Range, before: Before, remedy: str) -> None:
    """Look whether the store holds the event before a range, unless that is none, or too old.

    Args:
        client: asks the store.
        told: the range.
        before: the record before it.
        remedy: the command that fills the store again.

    Raises:
        StoreFailed: it does not, or does not say it.
    """
    event = usable_event(before.key, before.value)
    if event is None or not _makes_a_row(event):
        return
    occurred_ms = to_ms(event.time)
    age = time.time() - occurred_ms / 1000
    if age > KEPT_SECONDS or holds_event(client, event, occurred_ms):
        return
    # What the store did not take for what it says is no event in it.
    if holds_reject(client, event, told.topic, before.offset):
        return
    if age > KEPT_BY_TTL_SECONDS and drops_by_itself(client):
        return
    msg = (
        f"the store does not hold what was stored last ({told.topic} partition "
        f"{told.partition} offset {before.offset}): it was emptied, or is from an older "
        f"backup; {remedy} stores again what Kafka holds, then this goes on by itself; "
        "--accept-loss goes on without"
    )
    raise StoreFailed(msg)


def _makes_a_row(event: Event) -> bool:
    """Tell whether an event can be in the table: of others a rebuild brings nothing back."""
    try:
        event_inserts([event], [(0, 0)])
    except NO_ROW:
        return False
    return True
