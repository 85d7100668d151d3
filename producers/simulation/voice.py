"""What a source tells of what happens in it: events, with the faults of its feed.

Times are the source's own clock [ms]; its clock is off from the adapter's by `skew_ms`.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from random import Random
from typing import Any, NamedTuple

from producers.instants import rfc3339
from producers.simulation.plan import Faults
from schemas.events import Data, Event, encode
from schemas.identity import derived_id

FEED = "simulated"
LATENCY_MS = 5
"""From the source to the adapter, so that events are received in the order they happen."""

_REPEATED_WITHIN_MS = 5_000


class Said(NamedTuple):
    """An event in the log's order: when it was received [ms], whose it is, its bytes."""

    received_ms: int
    place: int
    domain: str
    value: bytes


class Voice:
    """Tells what happens in one source of one tenant."""

    def __init__(self, tenant: str, source: str, faults: Faults, chance: Random) -> None:
        self.tenant = tenant
        self.source = source
        self.muted = False
        self._faults = faults
        self._chance = chance
        self._disturbed = faults.late > 0 or faults.duplicates > 0
        self.skew_ms = round(faults.skew_ms * (2 * chance.random() - 1))
        self._last_sequence = 0
        self._places = 0
        self._said: list[Said] = []

    def say(self, kind: type[Event], data: Data, subject: str, at_ms: int) -> bool:
        """Tell an event; return False if the feed is interrupted and nobody hears it."""
        if self.muted:
            return False
        sequence = self._last_sequence = max(self._last_sequence + 1, at_ms * 1000)
        received = self.received(at_ms)
        again = 0
        if self._disturbed:
            late, again = self._delays()
            received += late
        told: Any = kind
        value = encode(
            told(
                id=derived_id(self.tenant, self.source, str(sequence)),
                source=self.source,
                time=rfc3339(at_ms * 1000),
                tenant=self.tenant,
                domain=self.tenant,
                feed=FEED,
                sequence=sequence,
                recordedtime=rfc3339(received * 1000),
                subject=subject,
                data=data,
            )
        )
        self._keep(received, value)
        if again:
            self._keep(received + again, value)
        return True

    def received(self, at_ms: int) -> int:
        """Return when a punctual event of an instant is received."""
        return at_ms - self.skew_ms + LATENCY_MS

    def heard_until(self, at_ms: int) -> Iterator[Said]:
        """Give out, in the order of receipt, what nothing told from now on can precede."""
        if not self._disturbed:
            said, self._said = self._said, []
            yield from said
            return
        received = self.received(at_ms)
        while self._said and self._said[0].received_ms < received:
            yield heappop(self._said)

    def _keep(self, received: int, value: bytes) -> None:
        self._places += 1
        said = Said(received, self._places, self.tenant, value)
        if self._disturbed:
            heappush(self._said, said)
        else:
            self._said.append(said)

    def _delays(self) -> tuple[int, int]:
        """Draw how late [ms] an event is, and how much later it comes again (0: never)."""
        chance, faults = self._chance, self._faults
        late = again = 0
        if chance.random() < faults.late:
            late = int(chance.random() * faults.late_by_ms)
        if chance.random() < faults.duplicates:
            again = 1 + int(chance.random() * _REPEATED_WITHIN_MS)
        return late, again
