"""The embedded pipeline: what the journal holds, through the fold, towards the store.

One process, no broker. The journal is the log: what was just kept and what was kept before a
crash are read from it in the same way. One thread calls `advance`; another one takes what is to
be stored, which is slower and must never hold up the fold.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from producers.frame import Frame, Naming
from producers.frame import Rejected as RejectedFrame
from producers.journal import Journal
from producers.once import translated_once
from schemas.errors import JournalFailed
from schemas.events import Event, encode
from schemas.facts import Fact, Rejected
from sql.embedded import EmbeddedStore
from stream_processors.core.pipeline import Batch, Record, apply, freeze
from stream_processors.core.state import State, Terms
from stream_processors.shells.partition import Frozen

FRAMES_AT_ONCE = 1_000

_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class Pending:
    """What has been applied and is to be stored; it follows from frames up to `position`."""

    position: int = 0
    events: list[tuple[int, Event]] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How much there is to be stored."""
        return len(self.events) + len(self.facts)


@dataclass(frozen=True, slots=True)
class Applied:
    """One batch: how many frames, the position of the last one, and what they meant.

    Attributes:
        unread: what of them could not be translated.
        refused: what of the events could not be used.
    """

    frames: int
    position: int
    events: Sequence[tuple[int, Event]]
    unread: Sequence[Rejected]
    refused: Sequence[Rejected]


Successor: TypeAlias = Callable[[State, int, list[Fact]], tuple[State, list[Fact]]]


class Pipeline:
    """The fold of one domain over a journal.

    Attributes:
        names: whose events they are.
        terms: what they are folded under.
        position: everything up to it has been applied.
    """

    def __init__(self, journal: Journal, names: Naming, terms: Terms) -> None:
        self.names = names
        self.terms = terms
        self.position = 0
        self._journal = journal
        self._state = State(names.tenant, names.domain)
        self._again_until = 0
        self._whole = True
        self._held = threading.RLock()
        self._pending = Pending()
        self._taken_rows = 0
        self._rejected_bytes = 0
        self._taken_bytes = 0
        self._trouble = ""
        self._listeners: list[Callable[[Applied], None]] = []

    @contextmanager
    def state(self) -> Iterator[State]:
        """Hold the state still while it is read."""
        with self._held:
            yield self._state

    def listen(self, listener: Callable[[Applied], None]) -> None:
        """Call a function after each batch; it must not wait."""
        self._listeners.append(listener)

    def resume(self, state: State, position: int, again_until: int) -> None:
        """Go on from a state.

        Args:
            state: what to go on from.
            position: everything up to it is in the state.
            again_until: up to there frames may have been applied before, in other batches.
        """
        with self._held:
            self._state, self.position, self._again_until = state, position, again_until

    def advance(self) -> int:
        """Apply what the journal holds behind the position; return how many frames.

        Raises:
            JournalFailed: it cannot be read.
        """
        frames = self._journal.read(self.position, FRAMES_AT_ONCE)
        if not frames:
            return 0
        try:
            events, rejected = translated_once(self._journal, frames, self.names)
        except JournalFailed as failure:
            # A full disk, as whoever keeps frames says, too.
            self._say(str(failure))
            return 0
        self._say("")
        with self._held:
            self._whole = False
            facts = folded(
                self._state, events, self.terms, singly=self.position < self._again_until
            )
            self._pending.facts += facts
            for each in rejected:
                reasons = self._state.rejected
                reasons[each.reason] = reasons.get(each.reason, 0) + 1
            self._pending.facts += rejected
            self._rejected_bytes += sum(len(each.content) for each in rejected)
            self._pending.events += events
            self.position = frames[-1][0]
            self._whole = True
        refused = [each for each in facts if isinstance(each, Rejected)]
        applied = Applied(len(frames), self.position, events, rejected, refused)
        for listener in self._listeners:
            listener(applied)
        return len(frames)

    def _say(self, trouble: str) -> None:
        """Say once what keeps it from going on."""
        if trouble and not self._trouble:
            _LOG.warning("%s; what it holds waits", trouble)
        self._trouble = trouble

    # --- what is to be stored ---------------------------------------------------------------

    @property
    def pending_rows(self) -> int:
        """How many events and facts are not stored yet."""
        return self._pending.rows + self._taken_rows

    @property
    def pending_bytes(self) -> int:
        """How much of that is what was rejected, which is kept whole."""
        return self._rejected_bytes + self._taken_bytes

    def take_pending(self, *, facts: bool = True) -> Pending:
        """Hand over what is to be stored; without facts these go on waiting.

        Whoever takes it calls `note_stored` or `put_back` before he takes more.
        """
        with self._held:
            taken = Pending(self.position, self._pending.events)
            self._pending.events = []
            if facts:
                taken.facts, self._pending.facts = self._pending.facts, []
                self._taken_bytes, self._rejected_bytes = self._rejected_bytes, 0
            self._taken_rows = taken.rows
            return taken

    def take_frozen(self) -> tuple[Frozen, Pending]:
        """Hand over the state together with all that has to be stored before it may be kept."""
        with self._held:
            if not self._whole:
                msg = "a batch was cut short by a defect; its state must not be kept"
                raise RuntimeError(msg)
            clock = max((each.clock for each in self._state.sources.values()), default=0)
            rejected = dict(self._state.rejected)
            frozen = Frozen(self.position, clock, [freeze(self._state)], rejected)
            return frozen, self.take_pending()

    def note_stored(self) -> None:
        """Hear that what was handed over is stored."""
        self._taken_rows = self._taken_bytes = 0

    def put_back(self, pending: Pending) -> None:
        """Take back what could not be stored, before what has come since."""
        with self._held:
            self._rejected_bytes += self._taken_bytes
            self._taken_rows = self._taken_bytes = 0
            self._pending.events = pending.events + self._pending.events
            self._pending.facts = pending.facts + self._pending.facts

    def replace(self, other: Successor) -> None:
        """Go on with another state of the same position.

        Args:
            other: is given the state, the position and the facts that wait to be stored;
                returns the state and the facts to be stored in their place.
        """
        with self._held:
            self._state, self._pending.facts = other(
                self._state, self.position, self._pending.facts
            )


def folded(
    state: State, events: Sequence[tuple[int, Event]], terms: Terms, *, singly: bool = False
) -> list[Fact]:
    """Apply events with their positions; return what became true.

    Args:
        state: is changed in place.
        events: in the order of the journal.
        terms: what they are folded under.
        singly: one position at a time. A batch says only what holds at its end. What was cut
            into other batches before may have said what must be taken back now; said after
            each position, all of it is said again, and taken back.
    """
    records = [Record(position, encode(event)) for position, event in events]
    if not singly:
        return apply(state, Batch(tuple(records)), terms)
    facts: list[Fact] = []
    start = 0
    for end in range(1, len(records) + 1):
        if end == len(records) or records[end].position != records[start].position:
            facts += apply(state, Batch(tuple(records[start:end])), terms)
            start = end
    return facts


def frames_between(
    journal: Journal, after: int, until: int
) -> Iterator[list[tuple[int, Frame | RejectedFrame]]]:
    """Yield the frames behind a position up to another one, in pieces."""
    while after < until:
        frames = [each for each in journal.read(after, FRAMES_AT_ONCE) if each[0] <= until]
        if not frames:
            return
        yield frames
        after = frames[-1][0]


def write(store: EmbeddedStore, pending: Pending) -> None:
    """Store events and facts of one stretch of the journal.

    Raises:
        StoreFailed: some may be stored; write the same again.
    """
    events, facts = pending.events, pending.facts
    if events:
        positions = [(0, position) for position, _ in events]
        token = f"journal:{events[0][0]}-{events[-1][0]}:{len(events)}"
        store.writer.write_events([event for _, event in events], positions, token)
    if facts:
        token = f"facts:{facts[0].revision}-{facts[-1].revision}:{len(facts)}"
        store.writer.write_facts(facts, token)
