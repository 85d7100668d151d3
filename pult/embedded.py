"""The embedded pipeline: frames to the journal, events through the fold, facts to the store.

One process, no broker. `take` is called by the one thread that reads the sources; `flush` by
the one that writes the store, which is slower and must never hold up the journal.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from producers.frame import Frame, Naming, Rejected
from producers.journal import Journal
from producers.translated import translated
from schemas.events import Event, encode
from schemas.facts import Fact
from sql.embedded import EmbeddedStore
from stream_processors.core.pipeline import Batch, Record, apply
from stream_processors.core.state import State, Terms


class Pipeline:
    """The fold of one domain, fed with frames."""

    def __init__(
        self, journal: Journal, store: EmbeddedStore, names: Naming, terms: Terms
    ) -> None:
        self._journal = journal
        self._store = store
        self._names = names
        self.terms = terms
        self._state = State(names.tenant, names.domain)
        self._held = threading.RLock()
        self._events: list[tuple[int, Event]] = []
        self._facts: list[Fact] = []
        self._listeners: list[Callable[[], None]] = []

    @contextmanager
    def state(self) -> Iterator[State]:
        """Hold the state still while it is read."""
        with self._held:
            yield self._state

    def listen(self, listener: Callable[[], None]) -> None:
        """Call a function after each batch; it must not wait."""
        self._listeners.append(listener)

    def take(self, frames: Sequence[Frame | Rejected]) -> None:
        """Keep frames in the journal, then apply what they mean.

        Raises:
            JournalFailed: nothing of the batch was kept or applied.
        """
        positions = self._journal.append(frames)
        fresh = [
            (position, frame)
            for position, frame in zip(positions, frames, strict=True)
            if position is not None
        ]
        events, rejected = translated(fresh, self._names)
        records = tuple(Record(position, encode(event)) for position, event in events)
        with self._held:
            facts = apply(self._state, Batch(records), self.terms)
            for each in rejected:
                reasons = self._state.rejected
                reasons[each.reason] = reasons.get(each.reason, 0) + 1
            self._events += events
            self._facts += facts
            self._facts += rejected
        for listener in self._listeners:
            listener()

    def flush(self) -> None:
        """Store what has been applied since the last time.

        Raises:
            StoreFailed: it stays pending, and is written with the next flush.
        """
        with self._held:
            events, facts = self._events, self._facts
            self._events, self._facts = [], []
        try:
            write(self._store, events, facts)
        except BaseException:
            with self._held:
                self._events = events + self._events
                self._facts = facts + self._facts
            raise


def write(
    store: EmbeddedStore, events: Sequence[tuple[int, Event]], facts: Sequence[Fact]
) -> None:
    """Store events and facts of one stretch of the journal."""
    if events:
        positions = [(0, position) for position, _ in events]
        token = f"journal:{events[0][0]}-{events[-1][0]}:{len(events)}"
        store.writer.write_events([event for _, event in events], positions, token)
    if facts:
        token = f"facts:{facts[0].revision}-{facts[-1].revision}:{len(facts)}"
        store.writer.write_facts(facts, token)
