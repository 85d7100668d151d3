"""Simulated centres folded as a worker does it, for measuring what grows with what."""

import gc
import time
from collections.abc import Iterator
from dataclasses import dataclass

from producers.simulation.day import HOUR_MS
from producers.simulation.plan import Plan
from producers.simulation.simulation import Simulation
from producers.simulation.voice import Said
from schemas.facts import encode
from schemas.policies import Policies, PolicyHistory
from stream_processors.core.state import Terms
from stream_processors.shells.partition import BEFORE_THE_LOG, PartitionFold

MONDAY_MS = 1_772_409_600_000
NINE_MS = MONDAY_MS + 9 * HOUR_MS
"""From nine to one a centre is fully staffed and busiest."""

BATCH_MS = 1_000
"""Events of so long are taken at once, whatever the size: as a worker that keeps up does."""

_TERMS = Terms(PolicyHistory([(0, Policies())]))


@dataclass(slots=True)
class Logged:
    """One record of a partition."""

    offset: int
    key: bytes
    value: bytes
    timestamp: int


class Worker:
    """The whole work of a worker but the broker: decode, fold, conclude, encode facts."""

    def __init__(self) -> None:
        self.fold = PartitionFold(0, lambda tenant: _TERMS)
        self.position = BEFORE_THE_LOG

    def take(self, told: list[Said]) -> tuple[float, int]:
        """Apply events; return the CPU time [s] and how many they were."""
        batches = list(self._batches(told))
        gc.collect()
        started = time.process_time()
        for batch in batches:
            for facts in self.fold.take(batch, batch[-1].offset + 1).values():
                for fact in facts:
                    encode(fact)
        return time.process_time() - started, len(told)

    def _batches(self, told: list[Said]) -> Iterator[list[Logged]]:
        batch: list[Logged] = []
        ends = 0
        for said in told:
            if batch and said.received_ms >= ends:
                yield batch
                batch = []
            if not batch:
                ends = (said.received_ms // BATCH_MS + 1) * BATCH_MS
            self.position += 1
            key = said.domain.encode()
            batch.append(Logged(self.position, key, said.value, said.received_ms))
        if batch:
            yield batch


class Centre:
    """A centre whose events are had a stretch at a time.

    Heartbeats are rare, so that events are calls and people; calls per agent are equal.
    """

    def __init__(
        self, seats: int, queues: int, *, begin_ms: int = NINE_MS, hours: int = 4, seed: int = 1
    ) -> None:
        plan = Plan(
            seed=seed, begin_ms=begin_ms, length_ms=hours * HOUR_MS, seats=seats,
            queues=queues, heartbeat_ms=60_000,
        )  # fmt: skip
        self._now_ms = begin_ms
        self._events = Simulation(plan).events()
        self._next = next(self._events)

    def next(self, minutes: float) -> list[Said]:
        """Return the events of the next minutes."""
        self._now_ms += round(minutes * 60_000)
        told = []
        while self._next.received_ms < self._now_ms:
            told.append(self._next)
            self._next = next(self._events)
        return told
