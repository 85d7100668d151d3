"""The embedded pipeline: frames to the journal, events through the fold, facts to the store.

One process, no broker. `take` is called by the one thread that reads the sources; `flush` by
the one that writes the store, which is slower and must never hold up the journal.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from producers.frame import Frame, FrameWithoutTime, Naming, Rejected
from producers.journal import Journal
from producers.kinds import TRANSLATIONS
from schemas.errors import UntranslatableFrame
from schemas.events import Event, encode
from schemas.facts import Fact, RejectReason
from schemas.facts import Rejected as RejectedFact
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
        told = [frame.frame if isinstance(frame, Rejected) else frame for frame in frames]
        positions = self._journal.append(told)
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


def translated(
    frames: Sequence[tuple[int, Frame | Rejected]], names: Naming
) -> tuple[list[tuple[int, Event]], list[RejectedFact]]:
    """Return the events of frames with their positions, and what could not be translated."""
    events: list[tuple[int, Event]] = []
    rejected: list[RejectedFact] = []
    for position, frame in frames:
        if isinstance(frame, Rejected):
            rejected.append(rejected_fact(position, frame, names))
            continue
        try:
            for event in TRANSLATIONS[frame.feed](frame, names):
                events.append((position, event))
        except UntranslatableFrame as error:
            reason: RejectReason = (
                "no_time" if isinstance(error, FrameWithoutTime) else "malformed"
            )
            refused = Rejected(frame, reason, str(error))
            rejected.append(rejected_fact(position, refused, names))
    return events, rejected


def rejected_fact(position: int, refused: Rejected, names: Naming) -> RejectedFact:
    """Return what goes into `rejected` for a frame that cannot be used."""
    return RejectedFact(
        tenant=names.tenant,
        domain=names.domain,
        revision=position,
        known_at=refused.frame.received_at_us // 1000,
        voided=False,
        source=refused.frame.source,
        feed=refused.frame.feed,
        reason=refused.reason,
        detail=refused.detail,
        content=refused.frame.content,
    )


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
