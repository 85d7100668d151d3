"""What a sink is told, and how its consumer reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stream_processors.shells.rejects import RejectLimit
from stream_processors.shells.storing import Kind

CONSUMER: Mapping[str, Any] = {
    "enable.auto.commit": False,
    # Offsets of the group that are not in the log mean that something is lost.
    "auto.offset.reset": "error",
    # Topics have equal numbers of partitions: with `range` the owner of a partition of events
    # owns that of their facts, which folding a day again relies on.
    "partition.assignment.strategy": "range",
    "session.timeout.ms": 10_000,
    "heartbeat.interval.ms": 2_000,
    "fetch.queue.backoff.ms": 2,
    "queued.min.messages": 20_000,
    "queued.max.messages.kbytes": 32 * 1024,
    "fetch.message.max.bytes": 4 << 20,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkPlan:
    """What a sink is told.

    Args:
        name: its own in the group, the same after every restart.
        group: the consumer group.
        topics: names of the topics and what their records are.
        limit: when to stop rather than reject more.
        flush_seconds: rows are stored after at most so long ...
        flush_rows: ... or when so many of a partition have come.
        writers: inserts that run at once.
        accept_loss: go on where the log has lost records that were not stored, or the store
            records that were.
        refill: the command that stores again what was stored.
        session: within which the store's memory of tokens is to be trusted; empty: for ever.
    """

    name: str
    group: str
    topics: Mapping[str, Kind]
    limit: RejectLimit
    flush_seconds: float = 0.75
    flush_rows: int = 20_000
    writers: int = 2
    accept_loss: bool = False
    refill: str = "pult rebuild --server --from-kafka"
    session: str = ""
