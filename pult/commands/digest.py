"""`pult digest`."""

import argparse

from pult import settings
from pult.context import Context
from pult.folder import DataFolder
from schemas.errors import DataFolderUnusable
from schemas.metrics import METRICS
from sql.digest import digest, total
from sql.embedded import EmbeddedStore


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this verb takes."""
    parser.add_argument("--total", action="store_true", help="only one hash over all")
    parser.add_argument("--tenant", default="", help="only what is of one tenant")


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Print a hash for each table and day, by which two histories are compared."""
    zone = settings.load(context.config).timezone
    if not (context.data / "store").exists():
        msg = (
            f"no history in {context.data}; import a recording first, "
            "or name another with --data"
        )
        raise DataFolderUnusable(msg)
    with DataFolder(context.data, "digest") as folder:
        store = EmbeddedStore(folder.store, METRICS)
        try:
            rows = digest(store.client, zone, chosen.tenant)
        finally:
            store.close()
    if not chosen.total:
        for row in rows:
            print(f"{row.table}\t{row.day}\t{row.rows}\t{row.hash}")
    print(f"total\t{total(rows)}" if not chosen.total else total(rows))
    return 0
