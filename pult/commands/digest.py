"""`pult digest`."""

import argparse
from contextlib import closing
from pathlib import Path

from pult import settings
from pult.asking import means_server
from pult.context import Context
from pult.folder import DataFolder
from schemas.errors import DataFolderUnusable
from schemas.metrics import METRICS
from sql.digest import DigestRow, digest, total
from sql.embedded import EmbeddedStore


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this verb takes."""
    parser.add_argument("--total", action="store_true", help="only one hash over all")
    parser.add_argument(
        "--server", action="store_true",
        help="of the server of [clickhouse], also where the data folder has a history",
    )  # fmt: skip
    parser.add_argument("--tenant", default="", help="only what is of one tenant")


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Print a hash for each table and day, by which two histories are compared."""
    loaded = settings.load(context.config)
    if chosen.server or means_server(context.data, loaded):
        rows = _of_server(loaded, context, chosen.tenant)
    else:
        rows = _of_folder(context.data, loaded.timezone, chosen.tenant)
    if not chosen.total:
        for row in rows:
            print(f"{row.table}\t{row.day}\t{row.rows}\t{row.hash}")
    print(f"total\t{total(rows)}" if not chosen.total else total(rows))
    return 0


def _of_server(loaded: settings.Settings, context: Context, tenant: str) -> list[DigestRow]:
    # Loaded only by those who have a server.
    from pult import clickhouse

    with closing(clickhouse.connect(loaded.clickhouse, context.environ)) as client:
        return digest(client, loaded.timezone, tenant)


def _of_folder(data: Path, zone: str, tenant: str) -> list[DigestRow]:
    if not (data / "store").exists():
        msg = f"no history in {data}; import a recording first, or name another with --data"
        raise DataFolderUnusable(msg)
    with DataFolder(data, "digest") as folder:
        store = EmbeddedStore(folder.store, METRICS)
        try:
            return digest(store.client, zone, tenant)
        finally:
            store.close()
