"""A data folder opened to import into: journal, store, names and policies together."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from producers.frame import Naming
from producers.identity import CallerKeys
from producers.journal import Journal
from pult.folder import DataFolder
from pult.folder_targets import noted_targets
from pult.naming import naming
from pult.settings import Settings
from pult.snapshot_files import SnapshotFiles
from schemas.metrics import METRICS
from schemas.policies import PolicyHistory
from sql.embedded import EmbeddedStore


@dataclass(frozen=True, slots=True)
class Opened:
    """What an import writes to, and how; `removed` tells of a demo's data that made way."""

    journal: Journal
    store: EmbeddedStore
    names: Naming
    history: PolicyHistory
    removed: str


@contextmanager
def opened(data: Path, wanted: Settings, environ: Mapping[str, str]) -> Iterator[Opened]:
    """Open a data folder to import into; whoever goes on folds the history again.

    Raises:
        DataFolderUnusable, StoreFailed, JournalFailed: it cannot be opened.
    """
    with DataFolder(data, "import") as folder:
        removed = folder.without_demo()
        keys = CallerKeys(
            folder.caller_secret(environ, wanted.privacy.secret_env),
            keep_numbers=wanted.privacy.keep_numbers,
        )
        names = naming(wanted, keys)
        history = noted_targets(folder, wanted)
        journal = Journal.open(folder.journal, date.today())  # noqa: DTZ011 - a file's name
        snapshots = SnapshotFiles(folder)
        whole = snapshots.stored == journal.last_position
        # They know nothing of what is imported.
        snapshots.discard()
        store = EmbeddedStore(folder.store, METRICS)
        try:
            yield Opened(journal, store, names, history, removed)
            if whole:
                snapshots.note_stored(journal.last_position)
        finally:
            store.close()
            journal.close()
