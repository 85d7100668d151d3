"""`pult sql`."""

import argparse
import sys

from pult.context import Context
from pult.history_asked import add_server, answer
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
    add_server(parser)


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Ask one question and print the answer as it comes."""
    query = _told() if chosen.query == "-" else chosen.query
    form = chosen.format or (
        "PrettyCompactMonoBlock" if sys.stdout.isatty() else "TabSeparatedWithNames"
    )
    sys.stdout.buffer.write(answer(context, query, form, server=chosen.server))
    sys.stdout.buffer.flush()
    return 0


def _told() -> str:
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        msg = "cannot answer a query: what stdin gave is no UTF-8 text"
        raise QueryRefused(msg) from error
