"""The recorded half hour as told by several tenants, and what it comes to."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.lab import events
from schemas.facts import Fact
from schemas.policies import Policies, PolicyHistory
from stream_processors.core.pipeline import Batch, Record, apply
from stream_processors.core.state import State, Terms
from tests.integration.workers import kept

_TOLD = b'"tenant":"bench","domain":"bench"'


class Tenants:
    """So many tenants with the same half hours.

    Args:
        count: how many.
        half_hours: how often the half hour follows upon itself.
        at_most: so many events of each; all if there are fewer.
    """

    def __init__(self, count: int, half_hours: int = 1, at_most: int = 1_000_000) -> None:
        self.names = [f"tenant-{n}" for n in range(count)]
        self.values: Sequence[bytes] = events(half_hours)[:at_most]

    def __len__(self) -> int:
        return len(self.names) * len(self.values)

    def records(self) -> Iterator[tuple[str, bytes]]:
        """All tenants' telling of the same, side by side."""
        told = {
            name: b'"tenant":"%b","domain":"%b"' % (2 * (name.encode(),)) for name in self.names
        }
        for value in self.values:
            assert _TOLD in value
            for name in self.names:
                yield name, value.replace(_TOLD, told[name], 1)

    def counts(self) -> dict[str, int]:
        """Return the events of each tenant's queues, read by the standard library."""
        queues = Counter(json.loads(each)["data"].get("queue_id") or "" for each in self.values)
        return {f"{name}/{queue}": n for name in self.names for queue, n in queues.items()}

    def facts(self) -> Mapping[tuple[Any, ...], dict[str, Any]]:
        """Return what a digest looks at of any tenant, concluded in this process."""
        state, terms = State("bench", "bench"), Terms(PolicyHistory([(0, Policies())]))
        records = tuple(Record(n, value) for n, value in enumerate(self.values, 1))
        found: list[Fact] = apply(state, Batch(records), terms)
        return kept(found)
