"""`pult sql`."""

import argparse
import sys

from pult import asking, settings
from pult.context import Context
from schemas.errors import QueryRefused


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this verb takes."""
    parser.add_argument(
        "query", metavar="QUERY", help="one reading statement; - reads it from stdin"
    )
    parser.add_argument(
        "--format", default="", metavar="NAME",
        help="any of ClickHouse's formats: JSONEachRow, CSV, ... (default: a table on a "
        "terminal, TabSeparatedWithNames elsewhere)",
    )  # fmt: skip
    parser.add_argument(
        "--server", action="store_true",
        help="ask the server of [clickhouse], also where the data folder has a history",
    )  # fmt: skip


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Ask one question and print the answer as it comes."""
    query = _told() if chosen.query == "-" else chosen.query
    form = chosen.format or (
        "PrettyCompactMonoBlock" if sys.stdout.isatty() else "TabSeparatedWithNames"
    )
    loaded = settings.load(context.config)
    if chosen.server or asking.means_server(context.data, loaded):
        answer = asking.ask_server(loaded.clickhouse, context.environ, query, form)
    else:
        answer = asking.ask(context.data, query, form)
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
    return 0


def _told() -> str:
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        msg = "cannot answer a query: what stdin gave is no UTF-8 text"
        raise QueryRefused(msg) from error
