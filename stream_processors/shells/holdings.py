"""The partitions that a worker owns, and what others may read of them while it goes on."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from stream_processors.core.state import State, Terms
from stream_processors.shells.partition import PartitionFold
from stream_processors.shells.snapshots import Manifest


@dataclass(slots=True)
class Kept:
    """A partition of ours.

    Attributes:
        live_at: what it must have applied before its figures are shown.
        live: whether it has.
        passed: up to here the log has nothing to apply behind the position of the fold.
        saved: up to where its newest snapshot goes.
        saved_at: when that was made, or the partition opened [monotonic s].
        manifests: of its snapshots, the newest last.
        stale: keys of what no snapshot needs any more.
        saving: held while a snapshot is made.
    """

    fold: PartitionFold
    live_at: int
    live: bool = False
    passed: int = 0
    saved: int = -1
    saved_at: float = 0.0
    manifests: list[Manifest] = field(default_factory=list)
    stale: list[bytes] = field(default_factory=list)
    saving: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def reached(self) -> int:
        """Up to where nothing is left to apply."""
        return max(self.fold.position, self.passed)

    @property
    def unsaved(self) -> int:
        """How much was applied since the newest snapshot."""
        return self.fold.position - self.saved


class Holdings:
    """All partitions of a worker; read by other threads than the one that applies.

    Attributes:
        kept: the partitions by their number.
        lock: held while states change, and while they are read.
    """

    def __init__(self) -> None:
        self.kept: dict[int, Kept] = {}
        self.lock = threading.RLock()

    @contextmanager
    def states(self) -> Iterator[list[tuple[State, Terms]]]:
        """Hold still what has caught up with the log, while it is read."""
        with self.lock:
            yield [
                (state, kept.fold.terms(state.tenant))
                for kept in self.kept.values()
                if kept.live
                for state in kept.fold.states.values()
            ]

    @property
    def holds_sources(self) -> bool:
        """Whether any source has ever been heard in its partitions."""
        return any(
            state.sources
            for kept in list(self.kept.values())
            for state in list(kept.fold.states.values())
        )

    @property
    def rejected(self) -> Mapping[str, int]:
        """How many records of no domain were rejected, by reason."""
        total: dict[str, int] = {}
        for kept in list(self.kept.values()):
            for reason, count in kept.fold.rejected.items():
                total[reason] = total.get(reason, 0) + count
        return total

    @property
    def behind(self) -> Mapping[int, int]:
        """How many events each partition that has not caught up has to apply."""
        return {
            partition: kept.live_at - kept.fold.position
            for partition, kept in list(self.kept.items())
            if not kept.live
        }
