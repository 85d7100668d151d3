"""Where an embedded pipeline goes on after a stop, a crash, an update or an import.

From the newest snapshot that can be used, and the journal behind it. If there is none, the
store is completed from the journal, and the state is folded from the store's events again.
A journal that was lost, or is older than the store, goes on above what the store has reached.
"""

import logging
from dataclasses import dataclass

from producers.frame import Naming
from producers.journal import Journal
from producers.once import translated_once
from pult.embedded import Pending, Pipeline, frames_between, write
from pult.refold import refold
from pult.snapshot_files import SnapshotFiles
from sql.embedded import EmbeddedStore
from sql.history import highest_position
from stream_processors.core.pipeline import thaw
from stream_processors.core.state import State, Terms
from stream_processors.shells.snapshots import Manifest

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """What a pipeline is restored from."""

    journal: Journal
    store: EmbeddedStore
    snapshots: SnapshotFiles


def begin_above_the_store(place: Place, names: Naming) -> None:
    """Let a journal that holds less than the store go on above it; before any source speaks.

    No snapshot fits such a journal: the state is folded from the store's events again. Nor does
    one fit a store that holds less than it stands for: that is completed from the journal.

    Raises:
        StoreFailed, JournalFailed, DataFolderUnusable: one of them cannot be read or written.
    """
    end = place.journal.last_position
    told_at = highest_position(place.store.client, names.tenant, names.domain)
    said = min(place.snapshots.stored, end)
    if _lacks_something(place.journal, names, told_at, said):
        # It was removed, or put back from an older backup.
        _LOG.warning("store ends before the journal store=%d journal=%d", told_at, end)
        place.snapshots.forget(told_at)
    reached = max(place.snapshots.stored, told_at)
    if reached > end:
        _LOG.warning("journal ends before the store journal=%d store=%d", end, reached)
        place.snapshots.discard()
        place.snapshots.note_stored(reached)
        place.journal.begin_above(reached)


def _lacks_something(journal: Journal, names: Naming, after: int, until: int) -> bool:
    """Tell whether events follow from what stands between two positions of a journal."""
    return any(
        translated_once(journal, frames, names)[0]
        for frames in frames_between(journal, after, until)
    )


def restore(place: Place, pipeline: Pipeline) -> Manifest | None:
    """Let a pipeline go on where the last one was left; return the snapshot it goes on from.

    Raises:
        StoreFailed, JournalFailed: one of them cannot be read or written.
    """
    journal, snapshots = place.journal, place.snapshots
    end = journal.last_position
    found = snapshots.newest(journal.first_position, end)
    for each in found.unusable:
        _LOG.warning("unusable %s", each)
    if found.frozen is not None:
        state = thaw(found.frozen.states[0])
        if (state.tenant, state.domain) == (pipeline.names.tenant, pipeline.names.domain):
            pipeline.resume(state, found.frozen.position, end)
            behind = end - pipeline.position
            _LOG.info("restored position=%d frames_behind=%d", pipeline.position, behind)
            return found.manifest
        _LOG.warning("unusable snapshot of=%s wanted=%s", state.domain, pipeline.names.domain)
    if end:
        complete(place, pipeline.names, end)
        pipeline.resume(_folded_again(place.store, pipeline, end), end, end)
    return None


def complete(place: Place, names: Naming, end: int) -> None:
    """Bring into the store what the journal has up to a position and the store may lack.

    Raises:
        StoreFailed, JournalFailed: one of them cannot be read or written.
    """
    after = place.snapshots.stored
    for frames in frames_between(place.journal, after, end):
        events, rejected = translated_once(place.journal, frames, names)
        write(place.store, Pending(frames[-1][0], events, list(rejected)))
    place.snapshots.note_stored(end)


def _folded_again(store: EmbeddedStore, pipeline: Pipeline, end: int) -> State:
    names = pipeline.names
    at = max(1, end)
    _LOG.info("folding the stored events again position=%d", end)
    terms = Terms(pipeline.terms.policies, refold_at=at)
    state = refold(store, names.tenant, names.domain, terms).state
    state.position = end
    return state
