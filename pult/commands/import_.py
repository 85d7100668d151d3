"""`pult import`."""

import argparse
import time
from datetime import date
from pathlib import Path

from producers.frame import Naming
from producers.identity import CallerKeys
from producers.journal import Journal
from producers.kinds import KINDS
from pult import settings
from pult.context import Context, name
from pult.folder import DataFolder
from pult.importing import Imported, check_readable, import_recording
from pult.progress import Progress
from pult.snapshot_files import SnapshotFiles
from schemas.metrics import METRICS
from sql.embedded import EmbeddedStore


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this verb takes."""
    parser.add_argument("kind", choices=tuple(KINDS), metavar="KIND",
                        help=f"what the files are: {', '.join(KINDS)}")  # fmt: skip
    parser.add_argument(
        "paths", type=Path, nargs="+", metavar="PATH", help="files; .gz is read too"
    )
    parser.add_argument(
        "--source",
        type=name,
        default="pbx1",
        metavar="NAME",
        help="the PBX they come from; needs no entry in the settings (default pbx1)",
    )


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Read recordings into the history and say what they held."""
    wanted = settings.load(context.config)
    check_readable(chosen.kind, chosen.paths)
    with DataFolder(context.data, "import") as folder:
        if folder.without_demo():
            print(f"the demo's data in {context.data} are removed")
        keys = CallerKeys(
            folder.caller_secret(context.environ, wanted.privacy.secret_env),
            keep_numbers=wanted.privacy.keep_numbers,
        )
        names = Naming(wanted.tenant, wanted.tenant, keys)
        history = folder.policies(wanted.policies(), int(time.time() * 1000))
        journal = Journal.open(folder.journal, date.today())  # noqa: DTZ011 - a file's name
        snapshots = SnapshotFiles(folder)
        whole = snapshots.stored == journal.last_position
        # They know nothing of what is imported; whoever goes on folds the history again.
        snapshots.discard()
        store = EmbeddedStore(folder.store, METRICS)
        paths = chosen.paths
        what = paths[0].name if len(paths) == 1 else f"{len(paths)} files"
        try:
            with Progress(what) as progress:
                done = import_recording(
                    chosen.kind, chosen.paths, chosen.source, journal, store, names, history,
                    progress.advance,
                )  # fmt: skip
            if whole:
                snapshots.note_stored(journal.last_position)
        finally:
            store.close()
            journal.close()
    print(_summary(done, chosen.source))
    if done.unread is not None:
        raise done.unread
    return 0


def _summary(done: Imported, source: str) -> str:
    again = done.frames - done.fresh
    parts = [f"{done.frames} messages of {source}", f"{done.events} events"]
    if again:
        parts.append(f"{again} were there before")
    if done.rejected:
        parts.append(f"{done.rejected} could not be used (see table rejected)")
    if done.estimated:
        parts.append(
            f"{done.estimated} calls without a beginning or an end: the recording has a gap"
        )
    calls = f"{done.visits} queue visits"
    if done.direct:
        calls += f" and {done.direct} direct calls"
    return f"{', '.join(parts)}; {calls} in the history"
