"""`pult import`: a recording, log or export into the history, as fast as possible.

Frames go through the same journal and the same translation as live ones; then the history is
folded again in event-time order. A run that was killed is healed by running it again.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from producers.frame import Frame, Naming, Rejected
from producers.journal import Journal
from producers.kinds import KINDS
from producers.translated import translated
from pult.refold import refold
from pult.storing import Storing
from schemas.errors import UnreadableRecording
from schemas.policies import PolicyHistory
from sql.embedded import EmbeddedStore
from sql.history import LAST_MS, highest_position
from stream_processors.core.state import Terms

FRAMES_AT_ONCE = 1_000
EVENTS_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did."""

    frames: int
    fresh: int
    events: int
    rejected: int
    visits: int
    direct: int
    estimated: int
    unnamed: int  # agents by an interface of whom nothing is known but memberships
    unread: UnreadableRecording | None


def check_readable(kind: str, paths: Sequence[Path]) -> None:
    """Read the beginning of each recording, before anything is made or changed for it.

    Raises:
        UnreadableRecording: one of them cannot be read at all.
    """
    for path in paths:
        next(KINDS[kind].frames([path], "", 0, 0), None)


def import_recording(
    kind: str,
    paths: Sequence[Path],
    source: str,
    journal: Journal,
    store: EmbeddedStore,
    names: Naming,
    policies: PolicyHistory,
    progress: Callable[[str, int, int | None], None] = lambda stage, count, of: None,
) -> Imported:
    """Import recordings of one kind and fold the history again.

    What can be read before a recording breaks off is kept, and the break is returned.

    Raises:
        UnreadableRecording: nothing could be read.
        JournalFailed, StoreFailed: the disk is full or unusable; import again to heal.
    """
    known = KINDS[kind]
    second, ordinal = journal.last_line(source, known.feed)
    frames = known.frames(paths, source, second, ordinal + 1)
    return import_frames(
        frames, f"{source}:{known.feed}", journal, store, names, policies, progress
    )


def import_frames(
    frames: Iterator[Frame | Rejected],
    what: str,
    journal: Journal,
    store: EmbeddedStore,
    names: Naming,
    policies: PolicyHistory,
    progress: Callable[[str, int, int | None], None] = lambda stage, count, of: None,
) -> Imported:
    """Import frames of one source, told apart from others by `what`, as recordings are.

    Raises:
        As `import_recording`.
    """
    reading = _Reading(what, journal, store, names)
    for batch in reading.batches(frames):
        reading.take(batch)
        progress("read", reading.count, None)
    # A journal may have been begun anew since facts of higher positions were stored.
    told_at = highest_position(store.client, names.tenant, names.domain)
    terms = Terms(policies, refold_at=max(1, journal.last_position, told_at))
    refold(
        store, names.tenant, names.domain, terms,
        lambda folded, total: progress("fold", folded, total), since_ms=reading.earliest,
    )  # fmt: skip
    return Imported(
        reading.count,
        reading.fresh,
        reading.stored,
        reading.refused,
        _number(store, "SELECT count() FROM legs WHERE queue_id != ''"),
        _number(store, "SELECT count() FROM legs WHERE queue_id = ''"),
        _number(store, "SELECT count() FROM legs WHERE clock = 'estimated'"),
        _unnamed(store),
        reading.unread,
    )


class _Reading:
    """Brings frames into journal and store, and counts what came of them.

    Attributes:
        count: frames that were read; `fresh` of them had not been there before.
        stored: events that they gave.
        refused: frames, or parts of them, that could not be used.
        unread: where a recording broke off, if one did.
    """

    def __init__(
        self, what: str, journal: Journal, store: EmbeddedStore, names: Naming
    ) -> None:
        self.count = self.fresh = self.stored = self.refused = 0
        self.unread: UnreadableRecording | None = None
        self._what, self._journal, self._store, self._names = what, journal, store, names
        self._storing = Storing(store)

    @property
    def earliest(self) -> int:
        """The earliest instant [ms] that was told of."""
        return self._storing.earliest.get((self._names.tenant, self._names.domain), LAST_MS)

    def batches(self, frames: Iterator[Frame | Rejected]) -> Iterator[list[Frame | Rejected]]:
        """Yield frames up to the end, or up to a break, unless there is nothing before that.

        Raises:
            UnreadableRecording: nothing could be read.
        """
        while self.unread is None:
            batch: list[Frame | Rejected] = []
            try:
                # One by one: what came before a break in the file must not be lost with it.
                for frame in islice(frames, EVENTS_AT_ONCE):
                    batch.append(frame)
            except UnreadableRecording as error:
                if not self.count and not batch:
                    raise
                self.unread = error
            if not batch:
                return
            yield batch

    def take(self, batch: Sequence[Frame | Rejected]) -> None:
        """Keep frames, and store what they say."""
        self.fresh += _keep(self._journal, batch)
        last = self._journal.last_position
        events, rejected = translated(list(enumerate(batch, last)), self._names)
        token = f"import:{self._what}:{events[0][1].id if events else ''}:{len(events)}"
        self._storing.events([event for _, event in events], [(0, last)] * len(events), token)
        if rejected:
            self._store.writer.write_facts(rejected, f"{token}:rejected:{len(rejected)}")
        self.count += len(batch)
        self.stored += len(events)
        self.refused += len(rejected)


def _unnamed(store: EmbeddedStore) -> int:
    """Return how many agents a queue log seems to have made of members who have names."""
    interfaces = "position(agent_id, '/') > 0"
    if not _number(store, f"SELECT count() FROM agent_sessions WHERE {interfaces}"):
        return 0
    if _number(store, f"SELECT count() FROM legs WHERE {interfaces}"):
        return 0  # names are what it has for none
    return _number(
        store,
        f"SELECT uniqExact(agent_id) FROM agent_sessions WHERE {interfaces} "
        "AND agent_id NOT IN (SELECT agent_id FROM breaks) "
        "AND agent_id NOT IN (SELECT agent_id FROM offers)",
    )


def _number(store: EmbeddedStore, query: str) -> int:
    return int(store.query(query))


def _keep(journal: Journal, batch: Sequence[Frame | Rejected]) -> int:
    fresh = 0
    for start in range(0, len(batch), FRAMES_AT_ONCE):
        positions = journal.append(batch[start : start + FRAMES_AT_ONCE])
        fresh += sum(position is not None for position in positions)
    return fresh
