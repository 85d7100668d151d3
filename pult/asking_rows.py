"""Rows of the history for verbs that print them in words of their own."""

import argparse
from typing import Any

import msgspec

from pult import asking, settings
from pult.context import Context


def add_server(parser: argparse.ArgumentParser) -> None:
    """Add the option that asks the server."""
    parser.add_argument(
        "--server", action="store_true",
        help="ask the server of [clickhouse], also where the data folder has a history",
    )  # fmt: skip


def rows(context: Context, chosen: argparse.Namespace, query: str) -> list[dict[str, Any]]:
    """Return the rows that answer a reading statement; times are texts, as ClickHouse's are.

    Raises:
        QueryRefused, StoreFailed, DataFolderUnusable: it cannot be asked.
    """
    loaded = settings.load(context.config)
    if chosen.server or asking.means_server(context.data, loaded):
        told = asking.ask_server(loaded.clickhouse, context.environ, query, "JSONEachRow")
    else:
        told = asking.ask(context.data, query, "JSONEachRow")
    return [msgspec.json.decode(line) for line in told.splitlines() if line]
