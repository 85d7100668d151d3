"""`pult migrate`."""

import argparse

from pult import clickhouse, settings
from pult.context import Context
from schemas.errors import StoreFailed
from schemas.metrics import METRICS
from sql.migrate import check_schema, migrate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this verb takes."""
    parser.add_argument("--check", action="store_true", help="change nothing, only compare")


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Apply to the server what it lacks of the tables and views of this program."""
    wanted = settings.load(context.config).clickhouse
    client = clickhouse.connect(wanted, context.environ)
    try:
        if chosen.check:
            check_schema(client)
        applied = [] if chosen.check else migrate(client, METRICS)
    except StoreFailed as failure:
        raise StoreFailed(clickhouse.explained(failure, wanted)) from failure
    finally:
        client.close()
    for name in applied:
        print(f"applied {name}")
    if not applied:
        print(f"{wanted.url} has the form of this program; nothing to do")
    return 0
