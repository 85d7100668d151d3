"""Snapshots of the embedded form: files in the data folder, two generations, each whole.

What a snapshot stands for is stored: facts and events up to its position are in the store, and
the store is on the disk, before its file is. A file is written under another name, made
durable, then renamed.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from producers.durable import taking_place
from producers.place import STORE, Place
from pult.durable import sync_filesystem
from pult.folder import DataFolder
from schemas.errors import DataFolderUnusable, SnapshotUnusable
from stream_processors.shells.partition import Frozen
from stream_processors.shells.snapshots import Manifest, manifest_in, pack, split, unpack

GENERATIONS = 2
"""So many are kept: one may turn out to be damaged."""

_SUFFIX = ".snapshot"
_WORKER = "embedded"


@dataclass(slots=True)
class Found:
    """What there is to start from.

    Attributes:
        frozen: what the newest usable snapshot holds, None if there is none.
        manifest: what it says of itself.
        unusable: what is wrong with each newer one.
    """

    frozen: Frozen | None = None
    manifest: Manifest | None = None
    unusable: list[str] = field(default_factory=list)


class SnapshotFiles:
    """The snapshots of one data folder, and up to where the store has everything."""

    def __init__(self, folder: DataFolder) -> None:
        """Open the snapshots of a data folder; nothing is made yet.

        Raises:
            JournalFailed: the file that says what is stored cannot be read.
        """
        self._folder = folder.snapshots
        self._store = folder.store
        self._stored = Place(folder.stored, STORE)

    def save(self, frozen: Frozen, made_at: int) -> Manifest:
        """Keep a state whose outputs are stored; older generations go.

        Raises:
            DataFolderUnusable: the disk is full or not writable, also for what the store has
                written; the older ones stay.
        """
        records = pack(frozen, 0, _WORKER, made_at)
        path = self._folder / f"{frozen.position:020}{_SUFFIX}"
        self._sync_store()
        try:
            self._folder.mkdir(exist_ok=True)
            with taking_place(path) as file:
                file.write(msgspec.msgpack.encode(records))
            for old in self._paths()[GENERATIONS:]:
                old.unlink()
        except OSError as error:
            msg = f"cannot write snapshot {path}: {error.strerror} (free some space)"
            raise DataFolderUnusable(msg) from error
        manifest = manifest_in(split(records[-1][0])[1], records[-1][1])
        assert manifest is not None
        return manifest

    def newest(self, first: int, last: int) -> Found:
        """Return the newest snapshot from which the journal goes on without a hole.

        Args:
            first: position of the journal's first frame.
            last: position of its last one.
        """
        found = Found()
        for path in self._paths():
            try:
                found.manifest, found.frozen = _usable(path, first, last)
            except SnapshotUnusable as error:
                found.unusable.append(f"snapshot {path.name}: {error}")
            else:
                break
        return found

    @property
    def stored(self) -> int:
        """Up to this position the store has everything that follows from the journal."""
        return max([self._stored.position, *self._positions()])

    @property
    def needed_from(self) -> int:
        """The position of the oldest snapshot that is kept, 0 if there is none."""
        return min(self._positions(), default=0)

    def discard(self) -> None:
        """Forget all states, because the history is about to change without them."""
        self.note_stored(self.stored)
        for path in self._paths():
            path.unlink()

    def forget(self, position: int) -> None:
        """Hear that the store has only what follows up to a position; no state fits it.

        Raises:
            JournalFailed, DataFolderUnusable: as for `note_stored`.
        """
        for path in self._paths():
            path.unlink()
        self._stored.path.unlink(missing_ok=True)
        self._stored = Place(self._stored.path, STORE)
        self.note_stored(position)

    def note_stored(self, position: int) -> None:
        """Remember that the store has everything up to a position.

        Raises:
            JournalFailed: it cannot be written.
            DataFolderUnusable: what the store has written cannot be put on the disk.
        """
        self._sync_store()
        self._stored.position = max(position, self._stored.position)
        self._stored.save()

    def _sync_store(self) -> None:
        try:
            sync_filesystem(self._store)
        except OSError as error:
            msg = f"cannot put {self._store} on the disk: {error.strerror} (check the disk)"
            raise DataFolderUnusable(msg) from error

    def _paths(self) -> list[Path]:
        """Return the files, the newest first."""
        return sorted(self._folder.glob(f"*{_SUFFIX}"), reverse=True)

    def _positions(self) -> Iterator[int]:
        # A snapshot of another version cannot be thawed, but what it says of itself holds.
        for path in self._paths():
            with suppress(SnapshotUnusable):
                yield _read(path)[0].position


def _read(path: Path) -> tuple[Manifest, dict[bytes, bytes]]:
    try:
        records = msgspec.msgpack.decode(path.read_bytes(), type=list[tuple[bytes, bytes]])
    except (OSError, msgspec.MsgspecError) as error:
        msg = f"it cannot be read ({error})"
        raise SnapshotUnusable(msg) from error
    parts = {split(key)[1]: value for key, value in records}
    for part, value in parts.items():
        manifest = manifest_in(part, value)
        if manifest is not None:
            return manifest, parts
    msg = "it has no manifest"
    raise SnapshotUnusable(msg)


def _usable(path: Path, first: int, last: int) -> tuple[Manifest, Frozen]:
    manifest, chunks = _read(path)
    frozen = unpack(manifest, chunks)
    if not first - 1 <= manifest.position <= last:
        msg = f"it stands at {manifest.position}, the journal holds {first} to {last}"
        raise SnapshotUnusable(msg)
    return manifest, frozen
