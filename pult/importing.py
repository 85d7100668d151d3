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
    count = fresh = stored = refused = 0
    storing = Storing(store)
    unread: UnreadableRecording | None = None
    while True:
        batch: list[Frame | Rejected] = []
        try:
            # One by one: what came before a break in the file must not be lost with it.
            for frame in islice(frames, EVENTS_AT_ONCE):
                batch.append(frame)
        except UnreadableRecording as error:
            if not count and not batch:
                raise
            unread = error
        if not batch:
            break
        fresh += _keep(journal, batch)
        events, rejected = translated(list(enumerate(batch, journal.last_position)), names)
        token = f"import:{what}:{events[0][1].id if events else ''}:{len(events)}"
        positions = [(0, journal.last_position)] * len(events)
        storing.events([event for _, event in events], positions, token)
        if rejected:
            store.writer.write_facts(rejected, f"{token}:rejected:{len(rejected)}")
        count += len(batch)
        stored += len(events)
        refused += len(rejected)
        progress("read", count, None)
        if unread is not None:
            break
    # A journal may have been begun anew since facts of higher positions were stored.
    told_at = highest_position(store.client, names.tenant, names.domain)
    terms = Terms(policies, refold_at=max(1, journal.last_position, told_at))
    refold(
        store, names.tenant, names.domain, terms,
        lambda folded, total: progress("fold", folded, total),
        since_ms=storing.earliest.get((names.tenant, names.domain), LAST_MS),
    )  # fmt: skip
    visits = _number(store, "SELECT count() FROM legs WHERE queue_id != ''")
    direct = _number(store, "SELECT count() FROM legs WHERE queue_id = ''")
    estimated = _number(store, "SELECT count() FROM legs WHERE clock = 'estimated'")
    unnamed = _unnamed(store)
    return Imported(count, fresh, stored, refused, visits, direct, estimated, unnamed, unread)


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
